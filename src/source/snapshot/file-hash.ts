import { interruption } from '../../lib/interruption.js';
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/**
 * Bytes read at once, always into the same memory: a stream would allocate a new buffer per read, and keep the garbage
 * collector busy.
 */
const readBytes = 1 << 20;

/** The SHA-256 of a file, 64 lower-case hex digits. Other work of this thread can run between the reads. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  const file = await open(path, 'r');
  try {
    for (;;) {
      throwIfAborted(signal);
      const { bytesRead } = await file.read(buffer, 0, readBytes);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

/** Throws the CopierError that an aborted signal carries, else interrupted.snapshot. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw interruption(signal, { at: 'snapshot', cause: signal.reason });
}
