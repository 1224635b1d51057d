import { toWire } from '../src/errors.js';
import type { ChunkRange, JobAnswer, SourceTable, TableCensus } from '../src/model.js';
import { countRows, takeCensus } from '../src/source/census.js';
import { takePageCensus } from '../src/source/census-pages.js';
import type { PageLayout } from '../src/source/pages-layout.js';
import { withSnapshot } from './snapshot-database.js';
import { snapshotPages } from './snapshot-pages.js';

export interface CensusJob {
  readonly snapshotPath: string;
  readonly table: SourceTable;
  readonly count: Count;
}

/** What is counted: a whole table by SQL, its rows alone by SQL (no columns in the answer), or a range from its pages. */
export type Count =
  | { readonly tag: 'columns' | 'rows' }
  | { readonly tag: 'pages'; readonly layout: PageLayout; readonly range: ChunkRange };

/** Thread entry: counts what one table, or a part of it, holds. */
export default async function census(job: CensusJob): Promise<JobAnswer<TableCensus>> {
  try {
    return { tag: 'done', result: await runCount(job) };
  } catch (error) {
    return { tag: 'failed', error: toWire(error) };
  }
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
