import { checkPages } from '../source/snapshot/snapshot-check.js';

/** Checks that the pages of the snapshot are sound, while the coordinator hashes the file. */
export async function runCheckJob(path: string): Promise<void> {
  checkPages(path);
}
