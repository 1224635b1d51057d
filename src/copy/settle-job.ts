import { type Settled, settleTable, type SettleRequest } from './settle-table.js';
import type { Chunk } from '../model/plan.js';
import type { RowView } from '../model/value.js';
import type { PageLayout } from '../source/pages/layout.js';
import { readPages } from '../source/pages/pages.js';
import { readRows } from '../source/rows/rows.js';
import { withTarget } from '../target/connection/connect.js';
import { heartbeat, stopSignal, threadData } from './session.js';
import { snapshotDatabase } from './snapshot-database.js';
import { snapshotPages } from './snapshot-pages.js';

export interface SettleJob extends SettleRequest {
  readonly snapshotPath: string;
  /** Where the columns stand in a record, for the page reader; null for the row reader. */
  readonly layout: PageLayout | null;
}

/** Takes the rows of one table that cannot stay in the target out of it, in one transaction. */
export async function runSettleJob(job: SettleJob): Promise<Settled> {
  return await settleWith(job);
}

async function settleWith(job: SettleJob): Promise<Settled> {
  const { address, applicationName } = threadData;
  const connecting = { applicationName, signal: stopSignal };
  return await withTarget(address, connecting, (client) =>
    withTarget(address, connecting, (reading) =>
      settleTable(job, { client, reading, rowsOf: (chunk) => rowsOf(job, chunk), heartbeat }),
    ),
  );
}

/** The reader that the copy used, so that the rows of a chunk come in the same order again. */
function rowsOf({ snapshotPath, table, layout }: SettleJob, { range }: Chunk): Iterable<RowView> {
  if (layout === null) return readRows(snapshotDatabase(snapshotPath), table, range);
  return readPages(snapshotPages(snapshotPath), table, layout, range);
}
