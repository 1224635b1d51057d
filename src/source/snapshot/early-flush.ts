import { open } from 'node:fs/promises';

/** Bytes that a file grows between two flushes: few enough that the last one is short. */
const flushBytes = 16 * 1024 * 1024;

/**
 * Writes a file to the disk while it still grows, on a thread of its own. A copy of 360 MB that was flushed only at its
 * end took 0.55 s instead of 0.45 s, and one core slept 0.2 s of it. `write` reports how far the file has grown, and
 * never waits for the flush. The file is closed last, since closing it drops the locks of this process on it. Throws
 * what `write` throws, else the failure of a flush, which means that the file is lost.
 */
export async function withEarlyFlush<T>(
  path: string,
  write: (grownTo: (bytes: number) => void) => Promise<T>,
): Promise<T> {
  const file = await open(path, 'r');
  let flushedTo = 0;
  let flushing: Promise<unknown> | null = null;
  const failures: unknown[] = [];
  const grownTo = (bytes: number): void => {
    if (flushing !== null || bytes - flushedTo < flushBytes) return;
    flushedTo = bytes;
    flushing = file.datasync().then(
      () => {
        flushing = null;
      },
      (error: unknown) => failures.push(error),
    );
  };
  try {
    const written = await write(grownTo);
    await flushing;
    if (failures.length > 0) throw failures[0];
    return written;
  } finally {
    await flushing;
    await file.close();
  }
}
