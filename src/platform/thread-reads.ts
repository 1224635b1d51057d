import { readFileSync, readlinkSync } from 'node:fs';

/*
 * How much a thread has read, as Linux counts it. A statement of SQLite blocks its thread until it ends, and tells nobody
 * how far it is; what its thread has read so far does.
 */

const cells = { folderNumber: 0, bytesBefore: 1, count: 2 } as const;

/** Shared memory in which a thread says who it is. */
export function sharedThread(): SharedArrayBuffer {
  return new SharedArrayBuffer(cells.count * BigInt64Array.BYTES_PER_ELEMENT);
}

/** Called by the thread before it reads. Does nothing where the system does not count. */
export function announceThread(shared: SharedArrayBuffer): void {
  try {
    const number = readlinkSync('/proc/thread-self').split('/').at(-1) ?? '';
    const bytesBefore = bytesReadBy(Number(number));
    const view = new BigInt64Array(shared);
    Atomics.store(view, cells.bytesBefore, BigInt(bytesBefore ?? 0));
    Atomics.store(view, cells.folderNumber, BigInt(number));
  } catch {
    // Another system, or one that does not count.
  }
}

/** Bytes that the thread has read since it announced itself; null where that is not known. */
export function bytesReadSince(shared: SharedArrayBuffer): number | null {
  const view = new BigInt64Array(shared);
  const number = Number(Atomics.load(view, cells.folderNumber));
  const bytes = number === 0 ? null : bytesReadBy(number);
  return bytes === null ? null : bytes - Number(Atomics.load(view, cells.bytesBefore));
}

/** Every read of a thread counts, also those that the cache of the system serves. */
function bytesReadBy(threadNumber: number): number | null {
  try {
    const [, digits] = /^rchar: (\d+)$/m.exec(readFileSync(`/proc/self/task/${threadNumber}/io`, 'latin1')) ?? [];
    return digits === undefined ? null : Number(digits);
  } catch {
    return null;
  }
}
