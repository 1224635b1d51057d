import { setTimeout as wait } from 'node:timers/promises';
import type { FleetResult, FleetShape } from '../../model/fleet/fleet.js';
import type { TargetAddress } from '../../model/target.js';
import { countOf } from '../../report/units.js';
import { withTarget } from '../../target/connection/connect.js';
import { holdHeap } from '../../platform/heap.js';
import type { TakenFile } from '../../target/ledger/fleet.js';
import { holderName } from '../../target/ledger/lock.js';
import { type Context, resolveTarget } from '../../run/context.js';
import { WorkerFiles } from './worker-files.js';
import { mendQueue } from './mend-queue.js';
import { loadFleetFile } from './load-file.js';
import { readFleet, refuseUnknown } from './read-fleet.js';

/** How long a slot waits before it asks again that found nothing to do, or gave a file back whose time has not come. */
const pauseMs = 500;

/**
 * The action `work`: loads files of the fleet, as many at a time as `--concurrency` says, until nothing is left that
 * this machine could do. Ctrl-C stops at the edge of a chunk and gives the files back.
 */
export async function workFleet(context: Context): Promise<FleetResult> {
  const { address } = await resolveTarget(context);
  const { fleetName: fleet, fetchCommand } = context.settings;
  return await withTarget(address, { applicationName: holderName('fleet') }, async (client) => {
    const { parents } = await refuseUnknown(client, fleet);
    const lost = await mendQueue(client, fleet);
    if (lost > 0)
      context.journal.warn(`the queue lacked the jobs of ${countOf(lost, 'waiting file')}: made again from the ledger`);
    const files = await WorkerFiles.open(client, fleet, { fetches: fetchCommand !== null });
    const handled = await runSlots(context, { address, files, parents, shrink: holdHeap(), warned: new Set() });
    if (context.signal.aborted) context.journal.warn('stopped: the files that were being loaded are given back');
    return { ...(await readFleet(client, fleet, 'work')), handled };
  });
}

interface Shop {
  readonly address: TargetAddress;
  readonly files: WorkerFiles;
  readonly parents: FleetShape['parents'];
  /** Called after each file, so that a worker takes the memory of one run however many it makes. */
  readonly shrink: () => Promise<void>;
  /** Which files were given back over what: it is said once, however often they are. */
  readonly warned: Set<string>;
}

/** Runs all slots; where one fails, the others stop at the edge of a chunk, and its error is thrown. */
async function runSlots(context: Context, shop: Shop): Promise<number> {
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  const slots = Array.from({ length: context.settings.concurrency }, () =>
    runSlot({ ...context, signal }, shop).catch((error: unknown) => {
      over.abort();
      throw error;
    }),
  );
  const ended = await Promise.allSettled(slots);
  const failed = ended.find((slot) => slot.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return ended.reduce((sum, slot) => sum + (slot.status === 'fulfilled' ? slot.value : 0), 0);
}

/** Loads one file after the other; gives how many ended here. */
async function runSlot(context: Context, shop: Shop): Promise<number> {
  let handled = 0;
  while (!context.signal.aborted) {
    const taken = await shop.files.take();
    if (taken.tag === 'over') break;
    let hasEnded = false;
    if (taken.tag === 'file') {
      hasEnded = await handle(context, shop, taken.file);
      await shop.shrink();
    }
    if (hasEnded) handled += 1;
    else await wait(pauseMs, undefined, { signal: context.signal }).catch(() => {});
  }
  return handled;
}

/** Loads one file and hands it back; whether it ended. */
async function handle(context: Context, shop: Shop, file: TakenFile): Promise<boolean> {
  const { journal } = context;
  const { files } = shop;
  const loaded = await loadFleetFile(context, { ...shop, file });
  switch (loaded.tag) {
    case 'done':
      await files.done(file, loaded);
      journal.note(`${file.schema}: done, ${countOf(loaded.rows, 'row')}`);
      return true;
    case 'failed':
      await files.bury(file, loaded);
      journal.warn(`${file.schema}: failed (${loaded.reason.code}): ${loaded.reason.message}`);
      return true;
    case 'again':
      await files.giveBack(file, loaded);
      if (loaded.reason !== null && !shop.warned.has(`${file.schema} ${loaded.reason.code}`)) {
        shop.warned.add(`${file.schema} ${loaded.reason.code}`);
        journal.warn(`${file.schema}: given back (${loaded.reason.code}): ${loaded.reason.message}`);
      }
      return false;
  }
}
