import type { CensusJob, TableToCount } from '../../jobs/census-job.js';
import type { TableCensus } from '../../model/census.js';
import { fromWire, must } from '../../model/error.js';
import type { JobAnswer } from '../../model/wire.js';
import type { Threads } from '../../pool/threads.js';

/** So many counts go to a thread at once at most. */
const togetherMax = 64;
/** A count of more bytes than this goes alone: the work is then more than a message, and any thread may take it. */
const smallBytes = 256 * 1024;

interface Waiting {
  readonly counted: TableToCount;
  readonly answer: (given: JobAnswer<TableCensus>) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Sends counts of the tables of a snapshot to the threads. What is asked for in one turn travels together where it is
 * small: a message costs more than the rows of a small table. Each count has its own answer, or its own error.
 */
export class Counting {
  readonly #threads: Threads;
  readonly #snapshotPath: string;
  #waiting: Waiting[] = [];

  constructor(threads: Threads, snapshotPath: string) {
    this.#threads = threads;
    this.#snapshotPath = snapshotPath;
  }

  /** `bytes` is about what is read; null where that is not known. */
  async count(counted: TableToCount, bytes: number | null): Promise<TableCensus> {
    const answer = await new Promise<JobAnswer<TableCensus>>((resolve, reject) => {
      const waiting = { counted, answer: resolve, fail: reject };
      if (bytes === null || bytes > smallBytes) this.#send([waiting]);
      else this.#gather(waiting);
    });
    if (answer.tag === 'failed') throw fromWire(answer.error);
    return answer.result;
  }

  #gather(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#waiting.length === 1) queueMicrotask(() => this.#sendWaiting());
    if (this.#waiting.length === togetherMax) this.#sendWaiting();
  }

  #sendWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length > 0) this.#send(waiting);
  }

  #send(sent: readonly Waiting[]): void {
    const job: CensusJob = { snapshotPath: this.#snapshotPath, counts: sent.map(({ counted }) => counted) };
    this.#threads.run('census', job).then(
      (answers) => {
        for (const [at, { answer }] of sent.entries()) answer(must(answers[at], 'answer to a count'));
      },
      (error: unknown) => {
        for (const { fail } of sent) fail(error);
      },
    );
  }
}
