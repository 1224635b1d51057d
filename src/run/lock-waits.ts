import type { LockWaits } from '../target/connection/lock-watch.js';
import type { Context } from './context.js';

/** A session that waits for a lock says so, and the first Ctrl-C ends that wait. */
export function lockWaits({ journal, signal }: Pick<Context, 'journal' | 'signal'>): LockWaits {
  const onWait = (words: string) => {
    journal.warn(words);
    journal.emit({ tag: 'waiting', message: words });
  };
  return { onWait, signal };
}
