import { plainProgress, type PhaseName, type Progress, type ProgressUnit } from '../model/event.js';
import type { AnswerTo, JobOf, ThreadEntry, Threads, Watch } from './threads.js';

/** Threads that count the jobs which were given to them, and those that are done. */
export class CountedThreads implements Threads {
  readonly #threads: Threads;
  #given = 0;
  #done = 0;

  constructor(threads: Threads) {
    this.#threads = threads;
  }

  async run<Entry extends ThreadEntry, Job extends JobOf<Entry>>(
    entry: Entry,
    job: Job,
    watch?: Watch,
  ): Promise<AnswerTo<Entry, Job>> {
    this.#given += 1;
    const result = await this.#threads.run(entry, job, watch);
    this.#done += 1;
    return result;
  }

  /** Jobs done of jobs given. Of use where all jobs are given at the beginning. */
  progress(phase: PhaseName, unit: ProgressUnit): Progress {
    return plainProgress(phase, unit, this.#done, this.#given === 0 ? null : this.#given);
  }
}
