import { toWire } from '../model/error.js';
import { translateSqliteError } from '../source/source-error.js';
import type { JobAnswer } from '../model/wire.js';
import type { AnswerTo, JobOf, ThreadEntry } from '../pool/threads.js';

/**
 * A thread's entry for one kind of job. Its answer is the result, or the error as plain data, since `postMessage` drops
 * an error's class.
 */
export function answering<Entry extends ThreadEntry>(
  run: (job: JobOf<Entry>) => Promise<AnswerTo<Entry, JobOf<Entry>>>,
): (job: JobOf<Entry>) => Promise<JobAnswer<AnswerTo<Entry, JobOf<Entry>>>> {
  return answeringEach(run);
}

/** The same for a part of a job. */
export function answeringEach<Part, Result>(
  run: (part: Part) => Promise<Result>,
): (part: Part) => Promise<JobAnswer<Result>> {
  return async (job) => {
    try {
      return { tag: 'done', result: await run(job) };
    } catch (error) {
      return { tag: 'failed', error: toWire(translateSqliteError(error, 'a SQLite file of the run')) };
    }
  };
}
