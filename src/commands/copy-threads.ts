import type { RateLimits, ThreadData } from '../../workers/session.js';
import { CopierError } from '../errors.js';
import type { TargetAddress } from '../model.js';
import { Counters } from '../pool/counters.js';
import { type Threads, withThreads } from '../pool/threads.js';
import type { Settings } from './settings.js';

/** Measured on Node 20: the process without threads, and what one copy thread adds beside its blocks, in MB. */
const processMb = 110;
const threadMb = 40;
/** Bound of a thread's JavaScript heap; blocks and pages live outside it. */
const heapMbMax = 512;

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

export interface ThreadRequest {
  readonly settings: Settings;
  readonly address: TargetAddress;
  readonly applicationName: string;
}

/** Lends a pool whose threads know the target, the run's limits and the shared counters. */
export async function withRunThreads<T>(
  request: ThreadRequest,
  use: (threads: Threads, counters: Counters) => Promise<T>,
): Promise<T> {
  const { settings, address, applicationName } = request;
  const counters = Counters.create();
  const threadData: ThreadData = { address, counters: counters.shared, limits: limitsOf(settings), applicationName };
  return await withThreads({ threads: threadCount(settings), threadData, heapMbMax }, (threads) =>
    use(threads, counters),
  );
}

/** Megabits are a million bits, as networks count them. */
function limitsOf({ maxMbps, maxRowsPerSecond }: Settings): RateLimits {
  return { bytesPerSecond: maxMbps === null ? null : (maxMbps * 1_000_000) / 8, rowsPerSecond: maxRowsPerSecond };
}
