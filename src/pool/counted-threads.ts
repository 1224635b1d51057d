import { plainProgress, type PhaseName, type Progress, type ProgressUnit } from '../model/event.js';
import type { ThreadEntry, Threads, Watch } from './threads.js';

/** Threads that count the jobs which were given to them, and those that are done. */
export class CountedThreads implements Threads {
  readonly #threads: Threads;
  #given = 0;
  #done = 0;

  constructor(threads: Threads) {
    this.#threads = threads;
  }

  async run<T>(entry: ThreadEntry, job: unknown, watch?: Watch): Promise<T> {
    this.#given += 1;
    const result = await this.#threads.run<T>(entry, job, watch);
    this.#done += 1;
    return result;
  }

  /** Jobs done of jobs given. Of use where all jobs are given at the beginning. */
  progress(phase: PhaseName, unit: ProgressUnit): Progress {
    return plainProgress(phase, unit, this.#done, this.#given === 0 ? null : this.#given);
  }
}
