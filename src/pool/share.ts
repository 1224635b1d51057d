import type { AnswerTo, JobOf, ThreadEntry, Threads, Watch } from './threads.js';

/**
 * A share of the threads: at most this many of its jobs run at a time, and further ones wait in the order in which they
 * came.
 */
export class ThreadShare implements Threads {
  readonly #threads: Threads;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(threads: Threads, atOnce: number) {
    this.#threads = threads;
    this.#free = atOnce;
  }

  async run<Entry extends ThreadEntry, Job extends JobOf<Entry>>(
    entry: Entry,
    job: Job,
    watch?: Watch,
  ): Promise<AnswerTo<Entry, Job>> {
    if (this.#free === 0) await new Promise<void>((begin) => this.#waiting.push(begin));
    else this.#free -= 1;
    try {
      return await this.#threads.run(entry, job, watch);
    } finally {
      this.grow();
    }
  }

  /** Lets one more job run at a time from now on. */
  grow(): void {
    const begin = this.#waiting.shift();
    if (begin === undefined) this.#free += 1;
    else begin();
  }
}
