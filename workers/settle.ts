import { type Settled, settleTable, type SettleRequest } from '../src/commands/settle-table.js';
import { toWire } from '../src/errors.js';
import type { Chunk, JobAnswer, RowView } from '../src/model.js';
import { busyTimeoutMs, openSource } from '../src/source/open.js';
import { openSnapshotFile } from '../src/source/pages-file.js';
import type { PageLayout } from '../src/source/pages-layout.js';
import { readPages } from '../src/source/pages.js';
import { readRows } from '../src/source/rows.js';
import { withTarget } from '../src/target/connect.js';
import { beat, stopSignal, threadData } from './session.js';

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
  const reader = openReader(job);
  try {
    return await withTarget(address, connecting, (client) =>
      withTarget(address, connecting, (reading) => settleTable(job, { client, reading, rowsOf: reader.rowsOf, beat })),
    );
  } finally {
    reader.close();
  }
}

/** The reader that the copy used, so that the rows of a chunk come in the same order again. */
function openReader({ snapshotPath, table, layout }: SettleJob): {
  readonly rowsOf: (chunk: Chunk) => Iterable<RowView>;
  readonly close: () => void;
} {
  if (layout === null) {
    const db = openSource(snapshotPath, { readonly: true, timeoutMs: busyTimeoutMs });
    return { rowsOf: ({ range }) => readRows(db, table, range), close: () => db.close() };
  }
  const file = openSnapshotFile(snapshotPath);
  return { rowsOf: ({ range }) => readPages(file, table, layout, range), close: () => file.close() };
}
