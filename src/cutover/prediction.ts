/*
 * How long writers will have to wait for a live cutover, from the rounds before. Pure; all times in ms.
 */

/** What a round took, and the time of the source that it brought. */
export interface MeasuredRound {
  /** From the snapshot before to its own. */
  readonly coveredMs: number;
  readonly snapshotMs: number;
  readonly compareMs: number;
  /** The part of the comparison that the -wal does not save. */
  readonly leavesMs: number;
  readonly applyMs: number;
}

/** Fence, locks, marks, the env file and the ledger, whatever the size: measured, and rounded up. */
const fixedMs = 400;

/** Of the time in which changes are brought, what does not become less with fewer rows. */
const leastShare = 0.3;

/**
 * With a -wal the last round costs what was written since the round before began; else the whole file is copied and
 * compared while writers wait.
 */
export function predictDowntimeMs(
  { coveredMs, snapshotMs, compareMs, leavesMs, applyMs }: MeasuredRound,
  isWal: boolean,
): number {
  const nextCoversMs = compareMs + applyMs + snapshotMs;
  const share = coveredMs <= 0 ? 1 : Math.min(1, Math.max(leastShare, nextCoversMs / coveredMs));
  const finding = isWal ? leavesMs : snapshotMs + compareMs;
  return Math.round(fixedMs + finding + share * applyMs);
}

/** Bytes of a -wal that are copied, summed up and folded in a millisecond; measured, and rounded down. */
const walBytesPerMs = 100_000;

/** How long the -wal makes the last round. */
export function walMs(walBytes: number): number {
  return Math.round(walBytes / walBytesPerMs);
}

/** A round is worth another one as long as each makes the wait a fifth shorter. */
export function isWorthAnother(predictedMs: number, beforeMs: number | null): boolean {
  return beforeMs === null || predictedMs < 0.8 * beforeMs;
}
