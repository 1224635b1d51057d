import { type Settled, settleTable, type SettleRequest } from '../src/commands/settle-table.js';
import { toWire } from '../src/errors.js';
import type { Chunk, JobAnswer, RowView } from '../src/model.js';
import type { PageLayout } from '../src/source/pages-layout.js';
import { readPages } from '../src/source/pages.js';
import { readRows } from '../src/source/rows.js';
import { withTarget } from '../src/target/connect.js';
import { beat, stopSignal, threadData } from './session.js';
import { snapshotDatabase } from './snapshot-database.js';
import { snapshotPages } from './snapshot-pages.js';

export interface SettleJob extends SettleRequest {
  readonly snapshotPath: string;
  /** Where the columns stand in a record, for the page reader; null for the row reader. */
  readonly layout: PageLayout | null;
}

/** Thread entry: takes the rows of one table that cannot stay in the target out of it, in one transaction. */
export default async function settle(job: SettleJob): Promise<JobAnswer<Settled>> {
  try {
    return { tag: 'done', result: await settleWith(job) };
  } catch (error) {
    return { tag: 'failed', error: toWire(error) };
  }
}

async function settleWith(job: SettleJob): Promise<Settled> {
  const { address, applicationName } = threadData;
  const connecting = { applicationName, signal: stopSignal };
  return await withTarget(address, connecting, (client) =>
    withTarget(address, connecting, (reading) =>
      settleTable(job, { client, reading, rowsOf: (chunk) => rowsOf(job, chunk), beat }),
    ),
  );
}

/** The reader that the copy used, so that the rows of a chunk come in the same order again. */
function rowsOf({ snapshotPath, table, layout }: SettleJob, { range }: Chunk): Iterable<RowView> {
  if (layout === null) return readRows(snapshotDatabase(snapshotPath), table, range);
  return readPages(snapshotPages(snapshotPath), table, layout, range);
}
