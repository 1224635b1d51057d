import type { UncheckedTable } from '../model/source.js';
import { checkPages } from '../source/snapshot/snapshot-check.js';

/** Checks that the pages of the snapshot are sound, and gives the tables that cannot be checked, while the coordinator hashes the file. */
export async function runCheckJob(path: string): Promise<readonly UncheckedTable[]> {
  return checkPages(path);
}
