import { setTimeout as wait } from 'node:timers/promises';
import { CopierError } from '../model/error.js';
import { isSqliteError } from './sqlite.js';

/** How long to wait between two tries for a lock. */
const pauseMs = 1;

/**
 * Tries again while another process holds the lock that `use` needs, for `timeoutMs` at most, and then throws its error.
 * SQLite's own waiting sleeps up to 100 ms between two tries, in which a writer that commits one transaction after the
 * other has always begun the next; and this thread would stand still. So `use` should not wait by itself.
 */
export async function whileBusy<T>(timeoutMs: number, use: () => T): Promise<T> {
  for (const endAtMs = performance.now() + timeoutMs; ; ) {
    try {
      return use();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= endAtMs) throw error;
    }
    await wait(pauseMs);
  }
}

function isBusy(error: unknown): boolean {
  if (error instanceof CopierError) return error.code === 'source.busy';
  return isSqliteError(error) && error.code.startsWith('SQLITE_BUSY');
}
