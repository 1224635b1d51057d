import { type Settled, settleTable, type SettleRequest } from './settle-table.js';
import type { PageLayout } from '../source/pages/layout.js';
import { withTarget } from '../target/connection/connect.js';
import { rowsOf } from './feed.js';
import { writerSetting } from '../target/schema/closed-tables.js';
import { heartbeat, stopSignal, threadData } from './session.js';

export interface SettleJob extends SettleRequest {
  readonly snapshotPath: string;
  /** The positions of the columns in a record, for the page reader; null for the row reader. */
  readonly layout: PageLayout | null;
}

declare module '../pool/threads.js' {
  interface ThreadJobs {
    settle: [SettleJob, Settled];
  }
}

/** Takes those rows of one table out of the target that cannot stay there, in one transaction. */
export async function runSettleJob(job: SettleJob): Promise<Settled> {
  const { address, applicationName } = threadData;
  const connecting = { applicationName, settings: { [writerSetting]: job.runId }, signal: stopSignal };
  return await withTarget(address, connecting, (client) =>
    withTarget(address, connecting, (reading) =>
      settleTable(job, { client, reading, rowsOf: (chunk) => rowsOf({ ...job, chunk }), heartbeat }),
    ),
  );
}
