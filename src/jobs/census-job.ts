import type { TableCensus } from '../model/census.js';
import type { ChunkRange } from '../model/plan.js';
import type { SourceTable } from '../model/source.js';
import type { JobAnswer } from '../model/wire.js';
import { countRows, takeCensus } from '../source/census/census.js';
import { takePageCensus } from '../source/census/pages.js';
import type { PageLayout } from '../source/pages/layout.js';
import { withSnapshot } from '../copy/snapshot-database.js';
import { answeringEach } from './answering.js';
import { snapshotPages } from '../copy/snapshot-pages.js';

/** Counts of tables of one snapshot, or of parts of them. */
export interface CensusJob {
  readonly snapshotPath: string;
  readonly counts: readonly TableToCount[];
}

export interface TableToCount {
  readonly table: SourceTable;
  readonly count: Count;
}

/** What is counted: a whole table by SQL; only its rows by SQL, without columns; or a range of its pages. */
export type Count =
  | { readonly tag: 'columns' | 'rows' }
  | { readonly tag: 'pages'; readonly layout: PageLayout; readonly range: ChunkRange };

declare module '../pool/threads.js' {
  interface ThreadJobs {
    census: [CensusJob, readonly JobAnswer<TableCensus>[]];
  }
}

/** Counts what each table, or a part of it, holds. A table that cannot be read does not keep the others from it. */
export async function runCensusJob({ snapshotPath, counts }: CensusJob): Promise<readonly JobAnswer<TableCensus>[]> {
  const answers: JobAnswer<TableCensus>[] = [];
  const one = answeringEach((counted: TableToCount) => runCount(snapshotPath, counted));
  for (const counted of counts) answers.push(await one(counted));
  return answers;
}

async function runCount(snapshotPath: string, { table, count }: TableToCount): Promise<TableCensus> {
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
