import type { TimeCounts } from '../model/census.js';
import type { ChunkRange } from '../model/plan.js';
import type { SourceTable } from '../model/source.js';
import { countTimes } from '../source/census/times.js';
import type { PageLayout } from '../source/pages/layout.js';
import { readPages } from '../source/pages/pages.js';
import { readRows } from '../source/rows/rows.js';
import { withSnapshot } from '../copy/snapshot-database.js';
import { snapshotPages } from '../copy/snapshot-pages.js';

/** Some columns of a part of a table; the row reader reads it where `layout` is null. */
export interface TimesJob {
  readonly snapshotPath: string;
  readonly table: SourceTable;
  readonly columns: readonly string[];
  readonly layout: PageLayout | null;
  readonly range: ChunkRange;
}

declare module '../pool/threads.js' {
  interface ThreadJobs {
    times: [TimesJob, TimeCounts[]];
  }
}

/** Counts the integers of columns by the unit in which they are times. Gives the counts for each column. */
export async function runTimesJob({ snapshotPath, table, columns, layout, range }: TimesJob): Promise<TimeCounts[]> {
  const { name: source, rootPage, rowidName, isWithoutRowid, primaryKey } = table;
  const wanted = columns.map((name) => ({ source: name }));
  if (layout !== null) {
    const pages = readPages(snapshotPages(snapshotPath), { source, rootPage, columns: wanted }, layout, range);
    return countTimes(pages, columns.length);
  }
  const read = { source, rowidName, sourceKey: isWithoutRowid ? primaryKey : [], columns: wanted };
  return await withSnapshot(snapshotPath, (db) => countTimes(readRows(db, read, range), columns.length));
}
