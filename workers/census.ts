import { toWire } from '../src/errors.js';
import type { JobAnswer, SourceTable, TableCensus } from '../src/model.js';
import { takeCensus } from '../src/source/census.js';
import { withSource } from '../src/source/open.js';

export interface CensusJob {
  readonly snapshotPath: string;
  readonly table: SourceTable;
}

/** Thread entry: counts what one table holds. */
export default async function census(job: CensusJob): Promise<JobAnswer<TableCensus>> {
  try {
    const result = await withSource(job.snapshotPath, (db) => takeCensus(db, job.table));
    return { tag: 'done', result };
  } catch (error) {
    return { tag: 'failed', error: toWire(error) };
  }
}
