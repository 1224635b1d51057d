import { setTimeout as wait } from 'node:timers/promises';
import { withTarget } from '../../target/connection/connect.js';
import { readBuilds } from '../../target/constraints/build-progress.js';
import type { BuildCount } from './build-count.js';
import type { LoadRequest } from './load-request.js';

const lookEveryMs = 1000;

/**
 * Runs what waits for index builds, and meanwhile asks the server how far these are, from a connection of its own, which a
 * short wait does not open. Where the server cannot be asked, builds count once they are done.
 */
export async function watchBuilds<T>(
  { address }: Pick<LoadRequest, 'address'>,
  { builders, count }: { readonly builders: string; readonly count: BuildCount },
  use: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const pause = () => wait(lookEveryMs, undefined, { signal: over.signal });
  const look = async () => {
    await pause();
    await withTarget(address, { applicationName: 'pgferry progress', signal: over.signal }, async (client) => {
      for (; ; await pause()) count.see(await readBuilds(client, builders));
    });
  };
  const looking = look().catch(() => undefined);
  try {
    return await use();
  } finally {
    over.abort();
    await looking;
    count.see([]);
  }
}
