import { workerData } from 'node:worker_threads';
import type { TargetAddress } from '../src/model.js';
import { Counters } from '../src/pool/counters.js';

/** Limits of the whole run, over all threads; null is unlimited. */
export interface RateLimits {
  /** COPY bytes per second. */
  readonly bytesPerSecond: number | null;
  readonly rowsPerSecond: number | null;
}

/** What every thread gets at its start, beside its jobs. */
export interface ThreadData {
  readonly address: TargetAddress;
  readonly counters: SharedArrayBuffer;
  readonly limits: RateLimits;
  readonly applicationName: string;
}

/** The data this thread was started with, and its view of the shared counters. */
export const threadData = workerData as ThreadData;
export const counters = new Counters(threadData.counters);

/**
 * Waits until the run as a whole is back under its limits: what all threads have sent since the start may not be
 * more than the limit times the time gone by.
 */
export async function waitForRate(): Promise<void> {
  const { bytesPerSecond, rowsPerSecond } = threadData.limits;
  if (bytesPerSecond === null && rowsPerSecond === null) return;
  const sent = counters.total();
  const dueMs = Math.max(
    bytesPerSecond === null ? 0 : (sent.bytes / bytesPerSecond) * 1000,
    rowsPerSecond === null ? 0 : (sent.rows / rowsPerSecond) * 1000,
  );
  const goneMs = Number(process.hrtime.bigint() - counters.startedAtNs) / 1e6;
  if (dueMs > goneMs) await new Promise((resolve) => setTimeout(resolve, dueMs - goneMs));
}
