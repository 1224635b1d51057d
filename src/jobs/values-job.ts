import type { ChunkRange } from '../model/plan.js';
import type { SourceTable } from '../model/source.js';
import type { PageLayout } from '../source/pages/layout.js';
import { readRows } from '../source/rows/rows.js';
import { takeCensus } from '../source/census/census.js';
import { type CountedPart, takePageValues } from '../source/census/page-values.js';
import { type CountedColumns, takeValues } from '../source/census/values.js';
import { withSnapshot } from '../copy/snapshot-database.js';
import { snapshotPages } from '../copy/snapshot-pages.js';

/** A part of a table and the layout of its records. Where the layout is null, SQLite reads the table as a whole. */
export interface ValuesJob {
  readonly snapshotPath: string;
  readonly table: SourceTable;
  readonly layout: PageLayout | null;
  readonly range: ChunkRange;
}

declare module '../pool/threads.js' {
  interface ThreadJobs {
    values: [ValuesJob, CountedPart];
  }
}

/** Takes the census of a part of a table, and sorts every value of it into its class. */
export async function runValuesJob({ snapshotPath, table, layout, range }: ValuesJob): Promise<CountedPart> {
  const { name: source, rowidName, isWithoutRowid, primaryKey } = table;
  const names = table.columns.map(({ name }) => name);
  const counted: CountedColumns = { table: source, columns: names, key: primaryKey.map((name) => names.indexOf(name)) };
  if (layout !== null) return takePageValues(snapshotPages(snapshotPath), table, layout, range, counted);
  const columns = names.map((name) => ({ source: name }));
  const read = { source, rowidName, sourceKey: isWithoutRowid ? primaryKey : [], columns };
  return await withSnapshot(snapshotPath, (db) => ({
    census: takeCensus(db, table),
    values: takeValues(readRows(db, read, range), counted),
  }));
}
