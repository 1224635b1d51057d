import type { TableCensus } from '../model/census.js';
import type { ChunkRange } from '../model/plan.js';
import type { SourceTable } from '../model/source.js';
import { countRows, takeCensus } from '../source/census/census.js';
import { takePageCensus } from '../source/census/pages.js';
import type { PageLayout } from '../source/pages/layout.js';
import { withSnapshot } from '../copy/snapshot-database.js';
import { snapshotPages } from '../copy/snapshot-pages.js';

export interface CensusJob {
  readonly snapshotPath: string;
  readonly table: SourceTable;
  readonly count: Count;
}

/** What is counted: a whole table by SQL; only its rows by SQL, without columns; or a range of its pages. */
export type Count =
  | { readonly tag: 'columns' | 'rows' }
  | { readonly tag: 'pages'; readonly layout: PageLayout; readonly range: ChunkRange };

declare module '../pool/threads.js' {
  interface ThreadJobs {
    census: [CensusJob, TableCensus];
  }
}

/** Counts what one table, or a part of it, holds. */
export async function runCensusJob(job: CensusJob): Promise<TableCensus> {
  return await runCount(job);
}

async function runCount({ snapshotPath, table, count }: CensusJob): Promise<TableCensus> {
  switch (count.tag) {
    case 'columns':
      return await withSnapshot(snapshotPath, (db) => takeCensus(db, table));
    case 'rows': {
      const rows = await withSnapshot(snapshotPath, (db) => countRows(db, table.name));
      return { table: table.name, rows, columns: [] };
    }
    case 'pages':
      return takePageCensus(snapshotPages(snapshotPath), table, count.layout, count.range);
  }
}
