import { checkPages } from '../source/snapshot/snapshot-check.js';

/** Proves the pages of the snapshot at this path sound, while the coordinator hashes the file. */
export async function runCheckJob(path: string): Promise<void> {
  checkPages(path);
}
