import { open } from 'node:fs/promises';

/** Waits until what was written to a file, or the entries of a folder, are on the disk. Errors: those of the system. */
export async function flushPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
