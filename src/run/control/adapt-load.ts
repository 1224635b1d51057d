import { setTimeout as wait } from 'node:timers/promises';
import { toWire } from '../../model/error.js';
import type { TargetAddress } from '../../model/target.js';
import { withTarget } from '../../target/connection/connect.js';
import { measureLoad } from '../../target/connection/server-load.js';
import type { Context } from '../context.js';
import { streamCount } from '../load/copy-threads.js';
import { Adaptive } from './adaptive.js';

const lookEveryMs = 1000;

/**
 * Looks at the server's load from a connection of its own until what it gives is called, and has fewer or more chunks in
 * work accordingly. A server that cannot be looked at is left alone, with a warning.
 */
export function adaptLoad(context: Context, address: TargetAddress): () => Promise<void> {
  const { settings, journal, orders } = context;
  if (!settings.adaptive) return async () => {};
  const over = new AbortController();
  const adaptive = new Adaptive(streamCount(settings));
  const look = async () => {
    const connecting = { applicationName: 'pgferry adaptive', signal: over.signal };
    await withTarget(address, connecting, async (client) => {
      while (!over.signal.aborted) {
        const { workers, reason } = adaptive.note(await measureLoad(client));
        if (reason !== null) {
          orders.adaptWorkers(workers);
          journal.note(`adaptive: ${workers} at a time, since ${reason}`);
        }
        await wait(lookEveryMs, undefined, { signal: over.signal }).catch(() => undefined);
      }
    });
  };
  const looking = look().catch((error: unknown) => {
    orders.adaptWorkers(null);
    if (!over.signal.aborted) journal.warn(`--adaptive cannot look at the server: ${toWire(error).message}`);
  });
  return async () => {
    over.abort();
    await looking;
    orders.adaptWorkers(null);
  };
}
