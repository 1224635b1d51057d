import type { JobAnswer } from '../src/model.js';
import type { ThreadEntry } from '../src/pool/threads.js';

/**
 * Thread entry: loads other entries before they are needed. What cannot be loaded is nothing to tell here: the job that
 * needs it fails with the reason.
 */
export default async function ready(entries: readonly ThreadEntry[]): Promise<JobAnswer<void>> {
  await Promise.allSettled(entries.map((entry) => import(`./${entry}.js`)));
  return { tag: 'done', result: undefined };
}
