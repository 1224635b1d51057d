import { setTimeout as wait } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { stopError } from '../lib/interruption.js';
import type { CopierError } from '../model/error.js';
import type { TargetAddress } from '../model/target.js';
import { type RateLimits, waitOf } from './rate.js';
import { Counters, type Sent } from '../pool/counters.js';

/** What every thread gets at its start. */
export interface ThreadData {
  readonly address: TargetAddress;
  readonly counters: SharedArrayBuffer;
  readonly limits: RateLimits;
  readonly applicationName: string;
  /** The server counts as lost after it was silent for this long. */
  readonly stallTimeoutMs: number;
}

/** The data this thread was started with, and its view of the shared counters. */
export const threadData = workerData as ThreadData;
export const counters = new Counters(threadData.counters);
let heartbeatSlot: number | null = null;

const stopping = new AbortController();
/** Fires when chunks must end at once. Every wait of this thread obeys it. */
export const stopSignal: AbortSignal = stopping.signal;

const lookEveryMs = 250;

/** Runs a job and gives its heartbeat meanwhile. Ends the job's waits once chunks must end at once. */
export async function withHeartbeat<T>(slot: number, use: () => Promise<T>): Promise<T> {
  heartbeatSlot = slot;
  const look = () => {
    heartbeat();
    if (counters.isStopped) stopping.abort(stopped());
  };
  look();
  const timer = setInterval(look, lookEveryMs);
  try {
    return await use();
  } finally {
    clearInterval(timer);
  }
}

/** Gives a heartbeat from within a job, for loops that run long without letting the event loop turn. */
export function heartbeat(): void {
  if (heartbeatSlot !== null) counters.heartbeat(heartbeatSlot);
}

/** Counts what this job sent, or, below 0, what was rolled back. */
export function countSent(sent: Sent): void {
  counters.add(sent, heartbeatSlot);
}

/** The error of a chunk that had to end at once. */
export function stopped(): CopierError {
  return stopError('chunk');
}

/**
 * Waits until the run as a whole is back under its limits: what all threads have sent since the start may not be
 * more than the limit times the time gone by. While the run is paused it waits, too.
 */
export async function waitForRate(): Promise<void> {
  for (;;) {
    const waitMs = counters.isPaused ? lookEveryMs : rateWaitMs();
    if (waitMs === 0) return;
    // In pieces, since limits may change meanwhile.
    const piece = Math.min(waitMs, lookEveryMs);
    await wait(piece, undefined, { signal: stopSignal }).catch(() => stopSignal.throwIfAborted());
  }
}

function rateWaitMs(): number {
  const { bytesPerSecond, rowsPerSecond } = threadData.limits;
  const limits = { rowsPerSecond, bytesPerSecond: counters.bytesPerSecond(bytesPerSecond) };
  const goneMs = Number(process.hrtime.bigint() - counters.startedAtNs) / 1e6;
  return waitOf(limits, counters.sinceStart(), goneMs);
}
