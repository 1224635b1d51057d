import { availableParallelism } from 'node:os';
import type { RateLimits } from '../../copy/rate.js';
import type { ThreadData } from '../../copy/session.js';
import { CopierError } from '../../model/error.js';
import type { TargetAddress } from '../../model/target.js';
import type { WholeTables } from '../../plan/graph/whole-tables.js';
import { Counters } from '../../pool/counters.js';
import { type Threads, withThreads } from '../../pool/threads.js';
import type { Settings } from '../../model/settings.js';

/**
 * MB of memory that the process takes beside its copy threads, and that one thread takes beside its blocks. Measured on
 * Node 20 with up to 4 million rows and both readers, then rounded up. The peak was 213 MB with one thread and 252 MB
 * with two.
 */
const processMb = 175;
const threadMb = 45;
const MiB = 1024 * 1024;
/** Bound of a thread's JavaScript heap; blocks and pages live outside it. */
export const heapMbMax = 512;

/** How many threads the settings allow: `--workers`, or fewer where `--memory-limit` asks for it. */
export function threadCount(settings: Settings): number {
  if (settings.memoryLimitMb === null) return settings.workers;
  const perThreadMb = threadMb + (2 * settings.blockBytes) / 1_000_000;
  const fitting = Math.floor((settings.memoryLimitMb - processMb) / perThreadMb);
  if (fitting >= 1) return Math.min(settings.workers, fitting);
  throw new CopierError('usage.memory_limit', `--memory-limit ${settings.memoryLimitMb} is too small for one thread`, {
    hint: `give it at least ${Math.ceil(processMb + perThreadMb)} MB, or make --block-bytes smaller`,
  });
}

/** How many chunks are copied at once at most. */
export function streamCount(settings: Settings): number {
  return Math.min(settings.connections, threadCount(settings));
}

/**
 * A table that is sent whole must be sent again from its start after a crash, or after a lost connection where there is
 * a network. These limits bound that loss.
 */
const wholeBytesMax = { local: 4 * 1024 * MiB, remote: 512 * MiB };

/** Cores that one stream keeps busy where the server has no others: a thread of ours encodes, a session of it stores. */
const coresOfStream = 2;

/**
 * Which tables the plan may send whole. Null where chunks stay as they are cut: the operator named their size, or set a
 * rate limit, under which sending again would take long. `isLocal`: no network lies between us and the server. There
 * a machine of two cores is busy with one stream, and gains nothing from a second one of the same table, whose rows would
 * not arrive frozen. Long rows are the exception: the server takes longer to store them than we take to send them.
 */
export function wholeTablesOf(
  settings: Settings,
  isLocal: boolean,
  cores = availableParallelism(),
): WholeTables | null {
  const isHeldBack = settings.maxMbps !== null || settings.maxRowsPerSecond !== null;
  if (settings.chunkBytes !== null || isHeldBack) return null;
  const all = streamCount(settings);
  if (!isLocal) return { streams: all, streamsOfLongRows: all, bytesMax: wholeBytesMax.remote };
  const streams = cores <= coresOfStream ? 1 : all;
  return { streams, streamsOfLongRows: cores < coresOfStream ? 1 : all, bytesMax: wholeBytesMax.local };
}

export interface ThreadRequest {
  readonly settings: Settings;
  readonly address: TargetAddress;
  readonly applicationName: string;
  readonly signal: AbortSignal;
}

/** Lends a pool whose threads know the target, the run's limits and the shared counters. */
export async function withRunThreads<T>(
  request: ThreadRequest,
  use: (threads: Threads, counters: Counters) => Promise<T>,
): Promise<T> {
  const { settings, address, applicationName, signal } = request;
  const counters = Counters.create(settings.connections);
  const limits = limitsOf(settings);
  const stallTimeoutMs = settings.stallTimeoutSeconds * 1000;
  const threadData: ThreadData = { address, counters: counters.shared, limits, applicationName, stallTimeoutMs };
  return await withThreads({ threads: threadCount(settings), threadData, heapMbMax, signal }, (threads) =>
    use(threads, counters),
  );
}

/** Megabits are a million bits, as networks count them. */
function limitsOf({ maxMbps, maxRowsPerSecond }: Settings): RateLimits {
  return { bytesPerSecond: maxMbps === null ? null : (maxMbps * 1_000_000) / 8, rowsPerSecond: maxRowsPerSecond };
}
