import { setMaxListeners } from 'node:events';
import { interruption } from '../lib/interruption.js';
import { withJoinedSignal } from '../lib/joined-signal.js';
import { join } from 'node:path';
import { Piscina } from 'piscina';
import { CopierError, fromWire } from '../model/error.js';
import { packageFolder } from '../platform/installation.js';
import { limitHeapGrowth } from '../platform/heap.js';
import type { JobAnswer } from '../model/wire.js';
import type { Counters } from './counters.js';

/**
 * The programs that a thread can run, one file each in workers/: by name what the program takes and what it answers, a
 * pair for each kind of job. The file that defines a job adds it here (`declare module`), since the pool stands below.
 */
// biome-ignore lint/suspicious/noEmptyInterface: the jobs above fill it.
export interface ThreadJobs {}

export type ThreadEntry = keyof ThreadJobs;
type PairOf<Entry extends ThreadEntry> = Extract<ThreadJobs[Entry], readonly [unknown, unknown]>;
export type JobOf<Entry extends ThreadEntry> = PairOf<Entry>[0];
/** What the program answers to such a job. */
export type AnswerTo<Entry extends ThreadEntry, Job> =
  PairOf<Entry> extends infer Pair
    ? Pair extends readonly [infer Taken, infer Answer]
      ? Job extends Taken
        ? Answer
        : never
      : never
    : never;

/**
 * What V8 may take for young objects before it looks for garbage. With its own bound a thread that reads rows holds 30 MB
 * more of them, and of buffers that only they refer to, and is no faster.
 */
const youngMbMax = 6;

export interface ThreadOptions {
  readonly threads: number;
  /** Plain data that every thread gets at its start. It contains the target's address, so it must never be printed. */
  readonly threadData: unknown;
  /** Bound of each thread's JavaScript heap. Blocks live outside it. */
  readonly heapMbMax: number;
  /**
   * Ends the threads of all jobs except copies at once, since these jobs only read. A copy stops between two chunks.
   */
  readonly signal?: AbortSignal;
}

/** The slot that counts the heartbeats of a job, and how long the job may give none once it has begun. */
export interface Watch {
  readonly counters: Counters;
  readonly slot: number;
  readonly limitMs: number;
}

export interface Threads {
  /** Runs one job on a free thread. Rejects with the thread's own CopierError, `thread.lost` or `thread.hung`. */
  run<Entry extends ThreadEntry, Job extends JobOf<Entry>>(
    entry: Entry,
    job: Job,
    watch?: Watch,
  ): Promise<AnswerTo<Entry, Job>>;
}

/** Lends a Piscina pool and ends its threads afterwards, whatever happened. */
export async function withThreads<T>(options: ThreadOptions, use: (threads: Threads) => Promise<T>): Promise<T> {
  // Every job that waits listens to it.
  if (options.signal !== undefined) setMaxListeners(0, options.signal);
  const piscina = new Piscina({
    minThreads: options.threads,
    maxThreads: options.threads,
    maxQueue: Number.POSITIVE_INFINITY,
    // With the default, 'sync', an idle thread blocks its event loop, and then its PostgreSQL socket is never served.
    atomics: 'disabled',
    workerData: options.threadData,
    resourceLimits: { maxOldGenerationSizeMb: options.heapMbMax, maxYoungGenerationSizeMb: youngMbMax },
  });
  // Piscina replaces a thread that dies between jobs, and the job that a thread dies over is rejected by itself.
  piscina.on('error', () => {});
  try {
    const { signal } = options;
    return await use({ run: (entry, job, watch) => runJob(piscina, { entry, job, watch, signal }) });
  } finally {
    await piscina.destroy();
  }
}

/**
 * Whether a thread died or was ended during a job. The job's transaction is then rolled back, and another thread may
 * try again.
 */
export function isThreadGone(error: unknown): boolean {
  return error instanceof CopierError && (error.code === 'thread.lost' || error.code === 'thread.hung');
}

async function runJob<T>(
  piscina: Piscina,
  request: {
    readonly entry: ThreadEntry;
    readonly job: unknown;
    readonly watch: Watch | undefined;
    readonly signal: AbortSignal | undefined;
  },
): Promise<T> {
  const { entry, job, watch } = request;
  const signal = isWriting(entry) ? undefined : request.signal;
  const filename = join(packageFolder, 'dist/workers', `${entry}.js`);
  const hung = new AbortController();
  const stopWatching = watch === undefined ? () => {} : watchJob(watch, hung);
  let answer: JobAnswer<T>;
  try {
    const signals = signal === undefined ? [hung.signal] : [hung.signal, signal];
    answer = await withJoinedSignal(signals, (ending) => piscina.run(job, { filename, signal: ending }));
  } catch (cause) {
    if (signal?.aborted === true) throw interruption(signal, { at: 'reading', cause: cause });
    throw hung.signal.aborted ? threadHung(watch?.limitMs ?? 0) : threadLost(cause);
  } finally {
    stopWatching();
  }
  // Not before: threads that start make V8 forget it.
  limitHeapGrowth();
  if (answer.tag === 'failed') throw fromWire(answer.error);
  return answer.result;
}

/** Whether the job writes to the target: it stops at the edge of its transaction. */
function isWriting(entry: ThreadEntry): boolean {
  return entry === 'copy' || entry === 'settle' || entry === 'round' || entry === 'repair';
}

/** Ends the job's thread when its heartbeat stops; a job that still waits for a thread is left alone. */
function watchJob({ counters, slot, limitMs }: Watch, hung: AbortController): () => void {
  const first = counters.heartbeats(slot);
  let last = first;
  let changedAtMs = performance.now();
  const look = () => {
    const now = counters.heartbeats(slot);
    if (now !== last) changedAtMs = performance.now();
    else if (now !== first && performance.now() - changedAtMs > limitMs) hung.abort();
    last = now;
  };
  const timer = setInterval(look, Math.min(1000, limitMs / 4));
  return () => clearInterval(timer);
}

function threadHung(limitMs: number): CopierError {
  return new CopierError('thread.hung', `a worker thread gave no sign of life for ${limitMs / 1000} s and was ended`, {
    hint: 'run the same command again; raise --stall-timeout where a single row takes that long',
  });
}

function threadLost(cause: unknown): CopierError {
  const isMemory = (cause as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY';
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CopierError('thread.lost', `a worker thread was lost: ${why}`, {
    hint: isMemory ? 'run again with a larger --memory-limit or a smaller --block-bytes' : 'run the same command again',
    cause,
  });
}
