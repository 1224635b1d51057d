import { type Settled, settleTable, type SettleRequest } from './settle-table.js';
import type { PageLayout } from '../source/pages/layout.js';
import { withTarget } from '../target/connection/connect.js';
import { rowsOf } from './feed.js';
import { heartbeat, stopSignal, threadData } from './session.js';

export interface SettleJob extends SettleRequest {
  readonly snapshotPath: string;
  /** Where the columns stand in a record, for the page reader; null for the row reader. */
  readonly layout: PageLayout | null;
}

/** Takes the rows of one table that cannot stay in the target out of it, in one transaction. */
export async function runSettleJob(job: SettleJob): Promise<Settled> {
  const { address, applicationName } = threadData;
  const connecting = { applicationName, signal: stopSignal };
  return await withTarget(address, connecting, (client) =>
    withTarget(address, connecting, (reading) =>
      settleTable(job, { client, reading, rowsOf: (chunk) => rowsOf({ ...job, chunk }), heartbeat }),
    ),
  );
}
