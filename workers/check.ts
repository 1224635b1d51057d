import { toWire } from '../src/errors.js';
import type { JobAnswer } from '../src/model.js';
import { checkPages } from '../src/source/snapshot-check.js';

/** Thread entry: proves the pages of the snapshot at this path sound, while the coordinator hashes the file. */
export default async function check(path: string): Promise<JobAnswer<void>> {
  try {
    checkPages(path);
    return { tag: 'done', result: undefined };
  } catch (error) {
    return { tag: 'failed', error: toWire(error) };
  }
}
