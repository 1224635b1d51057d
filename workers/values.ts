import { toWire } from '../src/errors.js';
import type { ChunkRange, JobAnswer, SourceTable, TableValues } from '../src/model.js';
import { readPages } from '../src/source/pages.js';
import type { PageLayout } from '../src/source/pages-layout.js';
import { readRows } from '../src/source/rows.js';
import { type CountedColumns, takeValues } from '../src/source/values.js';
import { withSnapshot } from './snapshot-database.js';
import { snapshotPages } from './snapshot-pages.js';

/** A part of a table, and where its columns stand in a record; the row reader reads it where that is null. */
export interface ValuesJob {
  readonly snapshotPath: string;
  readonly table: SourceTable;
  readonly layout: PageLayout | null;
  readonly range: ChunkRange;
}

/** Thread entry: sorts every value of a part of a table into its class. */
export default async function values(job: ValuesJob): Promise<JobAnswer<TableValues>> {
  try {
    return { tag: 'done', result: await count(job) };
  } catch (error) {
    return { tag: 'failed', error: toWire(error) };
  }
}

async function count({ snapshotPath, table, layout, range }: ValuesJob): Promise<TableValues> {
  const { name: source, rootPage, rowidName, isWithoutRowid, primaryKey } = table;
  const names = table.columns.map(({ name }) => name);
  const counted: CountedColumns = { table: source, columns: names, key: primaryKey.map((name) => names.indexOf(name)) };
  const columns = names.map((name) => ({ source: name }));
  if (layout !== null) {
    return takeValues(readPages(snapshotPages(snapshotPath), { source, rootPage, columns }, layout, range), counted);
  }
  const read = { source, rowidName, sourceKey: isWithoutRowid ? primaryKey : [], columns };
  return await withSnapshot(snapshotPath, (db) => takeValues(readRows(db, read, range), counted));
}
