import { listOpenFiles } from '../../target/ledger/fleet.js';
import { withMakingLock } from '../../target/ledger/lock.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTransaction } from '../../target/connection/transaction.js';
import { queueOf } from './worker-files.js';

/**
 * Makes the queue of a fleet where there is none, or none any more, and gives every file that waits by the ledger its job
 * in it. Gives how many had none. A job that is out of date by then is put aside by whoever takes it.
 */
export async function mendQueue(client: TargetClient, fleet: string): Promise<number> {
  const queue = queueOf(client, fleet);
  if (!(await queue.isThere())) await withMakingLock(client, () => queue.open());
  return await withTransaction(client, async () => {
    const waiting = (await listOpenFiles(client, fleet)).filter(({ state }) => state === 'waiting');
    const missing = new Set(await queue.findMissing(waiting.map(({ job }) => job)));
    const lost = waiting.filter(({ job }) => missing.has(job));
    await queue.add(lost.map(({ job, schema }) => ({ id: job, schema })));
    return lost.length;
  });
}
