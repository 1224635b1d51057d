import type { MachineFacts } from '../measure/machine.js';
import type { Requirement } from './result.js';

/** Where a round's time went, in milliseconds. */
export interface RoundFigures {
  readonly rows: number;
  readonly snapshotMs: number;
  readonly compareMs: number;
  readonly applyMs: number;
  readonly durationMs: number;
}

/** What bench/live.ts measures, as bench/results/live-SIZE.json holds it. Times in milliseconds, memory in megabytes. */
export interface LiveResult {
  readonly size: string;
  readonly measuredAt: string;
  readonly machine: MachineFacts;
  readonly rows: number;
  readonly bytes: number;
  readonly backupMs: number;
  /** Of a cutover that fences for all of it; null where it was left out. */
  readonly wholeDowntimeMs: number | null;
  readonly liveDowntimeMs: number;
  /** The longest wait that a writer of the application had itself. */
  readonly liveWriterWaitedMs: number;
  readonly changedPerSecond: number;
  /** Rows that the last round brought, while writers waited. */
  readonly lastRoundRows: number;
  readonly migrateMs: number;
  readonly quietRoundMs: number;
  /** Rows all over the table. */
  readonly scatteredRound: RoundFigures;
  /** Rows of one range of keys. */
  readonly recentRound: RoundFigures;
  readonly peakMb: Readonly<Record<'migrate' | 'follow' | 'liveCutover', number | null>>;
}

/** The figures of a live move with their limits; `larger` is the same of ten times as many rows. */
export function liveRequirements(result: LiveResult, larger: LiveResult | undefined): Requirement[] {
  const { wholeDowntimeMs: whole, liveDowntimeMs: live } = result;
  const most = (name: string, limit: number, value: number | null): Requirement => ({
    name,
    bound: 'at most',
    limit,
    value,
  });
  return [
    most('writers wait in a live cutover, s', 1.5, live / 1000),
    most('the same / a cutover that fences for all of it', 0.1, whole === null ? null : live / whole),
    most(
      'the same of ten times as many rows / of these',
      1.5,
      larger === undefined ? null : larger.liveDowntimeMs / live,
    ),
    most('a round where nothing changed / the backup alone', 2, result.quietRoundMs / result.backupMs),
    ...[result, ...(larger === undefined ? [] : [larger])].flatMap((one) => {
      const of = `rows of ${one.rows / 1_000_000} million`;
      return [
        most(`a round with 100 000 ${of}, one range / migrate`, 0.25, one.recentRound.durationMs / one.migrateMs),
        most(`a round with 100 000 ${of}, all over / migrate`, 0.25, one.scatteredRound.durationMs / one.migrateMs),
      ];
    }),
    most('peak memory of a round, MB', 200, result.peakMb.follow),
    most('the same of ten times as many rows, MB', 200, larger?.peakMb.follow ?? null),
  ];
}
