import { tryRows } from '../src/encode/trial.js';
import { toWire } from '../src/errors.js';
import type { ChunkRange, JobAnswer, TablePlan, TableTrial } from '../src/model.js';
import { readPages } from '../src/source/pages.js';
import type { PageLayout } from '../src/source/pages-layout.js';
import { readRows } from '../src/source/rows.js';
import { withSnapshot } from './snapshot-database.js';
import { snapshotPages } from './snapshot-pages.js';

/** A part of a table, cut down to the columns in doubt and those of its key; the row reader reads it where `layout` is null. */
export interface TrialJob {
  readonly snapshotPath: string;
  readonly table: Omit<TablePlan, 'chunks'>;
  /** Which of its columns to try. */
  readonly columns: readonly number[];
  readonly layout: PageLayout | null;
  readonly range: ChunkRange;
}

/** Thread entry: tries values that the census could not judge with the encoders of the copy. */
export default async function trial(job: TrialJob): Promise<JobAnswer<TableTrial>> {
  try {
    return { tag: 'done', result: await run(job) };
  } catch (error) {
    return { tag: 'failed', error: toWire(error) };
  }
}

async function run({ snapshotPath, table, columns, layout, range }: TrialJob): Promise<TableTrial> {
  if (layout !== null) {
    return tryRows(readPages(snapshotPages(snapshotPath), table, layout, range), table, columns);
  }
  return await withSnapshot(snapshotPath, (db) => tryRows(readRows(db, table, range), table, columns));
}
