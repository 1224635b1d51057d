import { tryRows } from '../encode/policy/trial.js';
import type { TableTrial } from '../model/census.js';
import type { ChunkRange, TablePlan } from '../model/plan.js';
import { readPages } from '../source/pages/pages.js';
import type { PageLayout } from '../source/pages/layout.js';
import { readRows } from '../source/rows/rows.js';
import { withSnapshot } from '../copy/snapshot-database.js';
import { snapshotPages } from '../copy/snapshot-pages.js';

/** A part of a table, cut down to the columns in doubt and those of its key; the row reader reads it where `layout` is null. */
export interface TrialJob {
  readonly snapshotPath: string;
  readonly table: Omit<TablePlan, 'chunks'>;
  /** Indexes of the columns to try. */
  readonly columns: readonly number[];
  readonly layout: PageLayout | null;
  readonly range: ChunkRange;
}

declare module '../pool/threads.js' {
  interface ThreadJobs {
    trial: [TrialJob, TableTrial];
  }
}

/** Tries the values that the census could not judge with the encoders of the copy. */
export async function runTrialJob(job: TrialJob): Promise<TableTrial> {
  return await run(job);
}

async function run({ snapshotPath, table, columns, layout, range }: TrialJob): Promise<TableTrial> {
  if (layout !== null) {
    return tryRows(readPages(snapshotPages(snapshotPath), table, layout, range), table, columns);
  }
  return await withSnapshot(snapshotPath, (db) => tryRows(readRows(db, table, range), table, columns));
}
