import type { UncheckedTable } from '../model/source.js';
import { announceThread } from '../platform/thread-reads.js';
import { checkPages } from '../source/snapshot/snapshot-check.js';

export interface CheckJob {
  readonly path: string;
  /** Where the thread says who it is. */
  readonly thread: SharedArrayBuffer;
}

declare module '../pool/threads.js' {
  interface ThreadJobs {
    check: [CheckJob, readonly UncheckedTable[]];
  }
}

/** Checks that the pages of the snapshot are sound, and gives the tables that cannot be checked, while the coordinator hashes the file. */
export async function runCheckJob({ path, thread }: CheckJob): Promise<readonly UncheckedTable[]> {
  announceThread(thread);
  return checkPages(path);
}
