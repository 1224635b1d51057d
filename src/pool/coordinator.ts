import { stopError } from '../lib/interruption.js';
import { CopierError, must } from '../model/error.js';
import type { ChunkResult } from '../model/copy.js';
import type { Chunk } from '../model/plan.js';
import { Queue } from './queue.js';

/** How often one chunk may be tried: the server may restart once or twice under a run, not for ever. */
const triesMax = 5;
/** Waits before the second, third … try of a chunk, in milliseconds. */
const backoffMs: readonly number[] = [250, 1000, 3000, 8000];
/**
 * When the server has no connection for even one chunk, that chunk is tried this often, with this pause between: five
 * minutes in all.
 */
const capacityTriesMax = 150;
const capacityPauseMs = 2_000;

/**
 * What a failed chunk says about the server's connections: `enough` (it failed for another reason), `fewer` (fewer chunks
 * must run at once, and this one goes back into the queue), or `none` (not even one fits, so it waits until others leave).
 */
export type ServerCapacity = 'enough' | 'fewer' | 'none';

export interface CoordinatorOptions {
  readonly layers: readonly (readonly string[])[];
  readonly chunks: ReadonlyMap<string, readonly Chunk[]>;
  readonly isBarrier: boolean;
  /** What the ledger already holds, by table. */
  readonly done: ReadonlyMap<string, readonly ChunkResult[]>;
  /** How many chunks may be copied at the same time. Asked before each start, since it may shrink during the run. */
  readonly concurrency: () => number;
  readonly isRetryable: (error: unknown) => boolean;
  /** Whether the chunk failed only because the server had no connection free; that does not count as a try. */
  readonly capacityAfter: (error: unknown) => ServerCapacity;
  /** Copies chunks that travel together; gives their results in the same order. */
  readonly runJob: (chunks: readonly Chunk[]) => Promise<readonly ChunkResult[]>;
  /** Whether a chunk may travel with those of a job; left out: each travels alone. */
  readonly mayJoin?: (job: readonly Chunk[], next: Chunk) => boolean;
  readonly onChunkDone: (result: ChunkResult) => void;
  readonly onRetry: (chunks: readonly Chunk[], tryNumber: number, error: unknown) => void;
  /** Called once per table, when its last chunk has committed; chunk results in chunk order. */
  readonly onTableDone: (table: string, results: readonly ChunkResult[]) => void;
  /** Resolves when `concurrency` may have grown, beside the end of a chunk. */
  readonly moreMayStart?: () => Promise<void>;
  /** Called before each wait with the number of connection slots that chunks hold, or would take if they could start now. */
  readonly onDemand?: (slots: number) => void;
  /** Once it fires no further chunk starts; chunks that are in work end first. */
  readonly signal: AbortSignal;
}

/**
 * Sends every chunk that the ledger does not hold to `runJob`, `concurrency` at a time, and resolves when
 * all have committed. A chunk that fails for a listed reason is tried again in a new transaction; any other
 * failure lets the running chunks end, starts no more, and is thrown.
 */
export async function coordinate(options: CoordinatorOptions): Promise<void> {
  const queue = new Queue(options);
  const results = new Map<string, ChunkResult[]>();
  const running = new Set<Promise<void>>();
  let failure: unknown = null;
  const mayStart = () => failure === null && !options.signal.aborted;

  const settle = (chunk: Chunk, result: ChunkResult) => {
    const ofTable = results.get(chunk.table) ?? [];
    results.set(chunk.table, ofTable);
    ofTable.push(result);
    if (!queue.markDone(chunk).isTableDone) return;
    options.onTableDone(
      chunk.table,
      [...ofTable].sort((a, b) => a.index - b.index),
    );
  };

  for (const [table, chunks] of options.chunks) {
    if (chunks.length === 0) options.onTableDone(table, []);
  }

  const start = (chunks: readonly Chunk[]) => {
    const job = runWithRetries(chunks, options, mayStart)
      .then((answer) => {
        if (answer === 'for later') return chunks.toReversed().forEach((chunk) => void queue.putBack(chunk));
        for (const [at, chunk] of chunks.entries()) {
          const result = must(answer[at], `result of ${chunk.table}`);
          options.onChunkDone(result);
          settle(chunk, result);
        }
      })
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => running.delete(job));
    running.add(job);
  };

  const isDone = (chunk: Chunk) => options.done.get(chunk.table)?.find((result) => result.index === chunk.index);
  /** The next chunks to copy, none where nothing may start. Those that the ledger holds are settled on the way. */
  const takeJob = (): Chunk[] => {
    const job: Chunk[] = [];
    for (;;) {
      const chunk = queue.take((next) => job.length === 0 || (options.mayJoin?.(job, next) ?? false), job);
      if (chunk === null) return job;
      const result = isDone(chunk);
      if (result === undefined) job.push(chunk);
      else settle(chunk, result);
    }
  };
  for (;;) {
    let isDrained = false;
    while (mayStart() && running.size < options.concurrency()) {
      const chunks = takeJob();
      if (chunks.length === 0) {
        isDrained = true;
        break;
      }
      start(chunks);
    }
    options.onDemand?.(isDrained ? running.size : options.concurrency());
    if (running.size === 0) break;
    const woken = options.moreMayStart === undefined ? [] : [options.moreMayStart()];
    await Promise.race([...running, ...woken]);
  }
  // Where the run was lost (its lock is gone, for example) the signal's reason is the cause, and the chunks' own errors
  // follow from it.
  if (options.signal.reason instanceof CopierError) throw options.signal.reason;
  if (failure !== null) throw failure;
  if (options.signal.aborted) throw stopError('chunkEdge');
}

async function runWithRetries(
  chunks: readonly Chunk[],
  options: CoordinatorOptions,
  mayStart: () => boolean,
): Promise<readonly ChunkResult[] | 'for later'> {
  let looks = 0;
  for (let tryNumber = 1; ; ) {
    try {
      return await options.runJob(chunks);
    } catch (error) {
      if (!mayStart()) throw error;
      const capacity = options.capacityAfter(error);
      if (capacity === 'fewer') return 'for later';
      if (capacity === 'none') {
        if (++looks === capacityTriesMax) throw error;
        await pause(capacityPauseMs, options.signal);
        continue;
      }
      if (tryNumber === triesMax || !options.isRetryable(error)) throw error;
      tryNumber += 1;
      options.onRetry(chunks, tryNumber, error);
      await pause(backoffMs[tryNumber - 2] ?? 0, options.signal);
    }
  }
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, durationMs);
    signal.addEventListener('abort', end, { once: true });
  });
}
