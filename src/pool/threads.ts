import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { CopierError, fromWire } from '../errors.js';
import type { JobAnswer } from '../model.js';

/** The programs a thread can run: one file each in workers/. */
export type ThreadEntry = 'check' | 'census' | 'copy' | 'verify';

export interface ThreadOptions {
  readonly threads: number;
  /** Plain data that every thread sees from its start; the target's address is in it, so it is never printed. */
  readonly threadData: unknown;
  /** Bound of each thread's JavaScript heap. Blocks live outside it. */
  readonly heapMbMax: number;
}

export interface Threads {
  /** Runs one job on a free thread. Rejects with the thread's own CopierError, or `thread.lost`. */
  run<T>(entry: ThreadEntry, job: unknown): Promise<T>;
}

/** Lends a Piscina pool and ends its threads afterwards, whatever happened. */
export async function withThreads<T>(options: ThreadOptions, use: (threads: Threads) => Promise<T>): Promise<T> {
  const piscina = new Piscina({
    minThreads: options.threads,
    maxThreads: options.threads,
    maxQueue: Number.POSITIVE_INFINITY,
    // The default, 'sync', freezes the event loop of an idle thread, and with it its Postgres socket.
    atomics: 'disabled',
    workerData: options.threadData,
    resourceLimits: { maxOldGenerationSizeMb: options.heapMbMax },
  });
  // A thread that dies between jobs is replaced by Piscina; the job that needed it has its own rejection.
  piscina.on('error', () => {});
  try {
    return await use({ run: (entry, job) => runJob(piscina, entry, job) });
  } finally {
    await piscina.destroy();
  }
}

async function runJob<T>(piscina: Piscina, entry: ThreadEntry, job: unknown): Promise<T> {
  const filename = fileURLToPath(new URL(`../../workers/${entry}.js`, import.meta.url));
  let answer: JobAnswer<T>;
  try {
    answer = await piscina.run(job, { filename });
  } catch (cause) {
    throw threadLost(cause);
  }
  if (answer.tag === 'failed') throw fromWire(answer.error);
  return answer.result;
}

function threadLost(cause: unknown): CopierError {
  const isMemory = (cause as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY';
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CopierError('thread.lost', `a worker thread was lost: ${why}`, {
    hint: isMemory ? 'run again with a larger --memory-limit or a smaller --block-bytes' : 'run the same command again',
    cause,
  });
}
