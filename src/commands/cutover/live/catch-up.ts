import { isWorthAnother, predictDowntimeMs } from '../../../cutover/prediction.js';
import { interruption } from '../../../lib/interruption.js';
import { withTimeLimit } from '../../../lib/time-limit.js';
import { CopierError } from '../../../model/error.js';
import { formatDuration } from '../../../report/units.js';
import type { FollowSession } from '../../../run/follow/follow-session.js';
import { type Shown, type TakenRound, takeRound } from '../../../run/follow/take-round.js';

/** Where the rounds have come to, and what the switch is predicted to cost. */
export interface CaughtUp {
  readonly shown: Shown;
  readonly predictedMs: number;
}

/**
 * Takes rounds, while the application writes, until the last one is predicted to be short enough. Error:
 * `cutover.too_long` where they do not get shorter.
 */
export async function catchUp(follow: FollowSession, from: Shown, isWal: boolean): Promise<CaughtUp> {
  const { context } = follow;
  const limitMs = context.settings.downtimeMaxSeconds * 1000;
  let shown = from;
  for (let beforeMs: number | null = null; ; ) {
    const taken = await takeRound(follow, shown, { isRehearsal: false });
    const predictedMs = predictAfter(taken, shown, isWal);
    shown = taken.shown;
    context.journal.note(describe(taken, predictedMs));
    if (predictedMs <= limitMs) return { shown, predictedMs };
    if (!isWorthAnother(predictedMs, beforeMs)) throw tooLong(predictedMs, limitMs);
    beforeMs = predictedMs;
  }
}

/** The pause between two rounds while the switch is postponed. */
const postponedEveryMs = 5_000;

/** The same, and further rounds while the operator postpones the switch. */
export async function untilSwitch(follow: FollowSession, from: Shown, isWal: boolean): Promise<CaughtUp> {
  const { context, signal } = follow;
  const { orders, journal } = context;
  let caughtUp = await catchUp(follow, from, isWal);
  if (orders.isSwitchPostponed)
    journal.note('the switch is postponed: rounds go on until `pgferry control switch-now`');
  while (orders.isSwitchPostponed && !signal.aborted) {
    await withTimeLimit(signal, postponedEveryMs, (limited) => orders.next(limited));
    await orders.whileGoing(signal);
    if (signal.aborted) break;
    caughtUp = await catchUp(follow, caughtUp.shown, isWal);
  }
  if (signal.aborted) throw interruption(signal);
  return caughtUp;
}

export function predictAfter({ report }: TakenRound, before: Shown, isWal: boolean): number {
  const coveredMs = Date.parse(report.snapshotTakenAt) - Date.parse(before.base.snapshot.takenAt);
  return predictDowntimeMs({ ...report, coveredMs }, isWal);
}

function describe({ report }: TakenRound, predictedMs: number): string {
  const { number, rows, durationMs } = report;
  return `round ${number} brought ${rows} rows in ${formatDuration(durationMs)}; writers would wait about ${formatDuration(predictedMs)}`;
}

export function tooLong(predictedMs: number, limitMs: number): CopierError {
  return new CopierError(
    'cutover.too_long',
    `writers would have to wait about ${formatDuration(predictedMs)}, --downtime-max allows ${formatDuration(limitMs)}, and more rounds do not make it shorter`,
    {
      hint: `run again when the application writes less, or with --downtime-max ${Math.ceil((1.5 * predictedMs) / 1000)}s; what was loaded stays, and the next run goes on from it`,
    },
  );
}
