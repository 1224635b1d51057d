import type { TableValues } from '../model/census.js';
import type { ChunkRange } from '../model/plan.js';
import type { SourceTable } from '../model/source.js';
import { readPages } from '../source/pages/pages.js';
import type { PageLayout } from '../source/pages/layout.js';
import { readRows } from '../source/rows/rows.js';
import { type CountedColumns, takeValues } from '../source/census/values.js';
import { withSnapshot } from '../copy/snapshot-database.js';
import { snapshotPages } from '../copy/snapshot-pages.js';

/** A part of a table and the layout of its records. Where the layout is null, the row reader reads it. */
export interface ValuesJob {
  readonly snapshotPath: string;
  readonly table: SourceTable;
  readonly layout: PageLayout | null;
  readonly range: ChunkRange;
}

declare module '../pool/threads.js' {
  interface ThreadJobs {
    values: [ValuesJob, TableValues];
  }
}

/** Sorts every value of a part of a table into its class. */
export async function runValuesJob(job: ValuesJob): Promise<TableValues> {
  return await count(job);
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
