import { describeUnit, isEpochUnit } from '../../lib/time/epochs.js';
import type { ColumnCensus, TimeCounts } from '../../model/census.js';
import type { TimeUnit } from '../../model/kind.js';
import { isPlausible, plausibleReadings, unixBand, unixUnits } from './time-reading.js';
import { type UnitChoice, type UnitQuestion, ambiguous, decided, isInCalendar } from './unit-choice.js';

export type UnixUnit = 's' | 'ms' | 'us' | 'ns';

/** Whether all integers of a column of times are whole days in their unit, as far as they were counted; zeros and "never" are. */
export function areWholeDays({ integers, times }: ColumnCensus, unit: TimeUnit): boolean {
  if (times === undefined || integers === 0) return integers === 0;
  const total = times.unvoted + unixUnits.reduce((sum, one) => sum + times.votes[one], 0);
  return unixUnits.some((one) => one === unit && times.wholeDays[one] === total);
}

/** Whether the extremes of a column's integers leave their unit open, so that every integer must be counted. */
export function needsTimeCounts({ integers, integerMin, integerMax }: ColumnCensus): boolean {
  if (integers === 0 || integerMin === null || integerMax === null) return false;
  const [low, high] = [voteOf(BigInt(integerMin)), voteOf(BigInt(integerMax))];
  return low === null || low !== high;
}

export function chooseFromIntegers(question: UnitQuestion, min: bigint, max: bigint): UnitChoice {
  const { census } = question;
  if (min === 0n && max === 0n) return decided('ms', { min, max }, 'integers');
  const counts = census.times ?? countsOfExtremes(census, min, max);
  const range = { min: BigInt(counts.smallest ?? min), max: BigInt(counts.largest ?? max) };
  const others = othersOf(question, range);
  const votes = votesOf(counts);
  const voted = unixUnits.filter((unit) => votes[unit] > 0);
  const [only] = voted;
  if (only === undefined) return chooseWithoutVote(question, range, others);
  if (voted.length > 1) {
    const list = voted.map((unit) => `${votes[unit]} read as ${describeUnit(unit)}`).join(', ');
    return ambiguous(`the unit of its integers cannot be told: ${list}`, range, voted);
  }
  if (others.length > 0) {
    const candidates = isLikely(range, only) || !others.some(isDigits) ? [...others, only] : others;
    return ambiguous('the unit of its integers cannot be told', range, candidates);
  }
  if (![range.min, range.max].every((value) => isInCalendar(value, only))) {
    const message = `the unit of its integers cannot be told: some are beyond the years 1 to 9999 as ${describeUnit(only)}`;
    return ambiguous(message, range, [only]);
  }
  const doubt =
    counts.unvoted > votes[only]
      ? `only ${votes[only]} of ${votes[only] + counts.unvoted} integers are times from 1971 to 2100 as ${describeUnit(only)}`
      : null;
  return { ...decided(only, { min, max }, 'integers'), doubt };
}

/** Whether a unit gives dates as applications mostly store them. One that does not is no choice beside calendar digits. */
function isLikely({ min, max }: { readonly min: bigint; readonly max: bigint }, unit: UnixUnit): boolean {
  return [min, max].every((value) => isPlausible(Number(value), unit));
}

function isDigits(unit: TimeUnit): boolean {
  return unit !== 'julian' && !isEpochUnit(unit);
}

/**
 * The number that means "never" (9999-12-31) in one unit is a day of the 1970s in the next finer unit. It counts for that
 * finer unit where only the finer one has votes, else for its own.
 */
function votesOf({ votes, never }: TimeCounts): TimeCounts['votes'] {
  const result = { ...votes };
  for (const [unit, next] of [
    ['s', 'ms'],
    ['ms', 'us'],
    ['us', 'ns'],
  ] as const) {
    result[votes[unit] === 0 && votes[next] > 0 ? next : unit] += never[unit];
  }
  return result;
}

/**
 * Counts from the extremes alone, where nothing else is known. If both vote for one unit, all numbers count for it; else
 * every unit whose range overlaps that of the numbers gets one vote.
 */
function countsOfExtremes({ integers }: ColumnCensus, min: bigint, max: bigint): TimeCounts {
  const votes = { s: 0, ms: 0, us: 0, ns: 0 };
  const [low, high] = [voteOf(min), voteOf(max)];
  if (low !== null && low === high) votes[low] = integers;
  else for (const unit of unixUnits) if (mayHold(unit, min, max)) votes[unit] = 1;
  return {
    votes,
    never: { s: 0, ms: 0, us: 0 },
    unvoted: 0,
    wholeDays: { s: 0, ms: 0, us: 0, ns: 0 },
    smallest: String(min),
    largest: String(max),
  };
}

function mayHold(unit: UnixUnit, min: bigint, max: bigint): boolean {
  const [first, last] = unixBand(unit);
  return min <= last && max >= first;
}

/**
 * Decides where no number votes, since all lie before 1971: only whole days of one unit, in a column of days, are
 * clear.
 */
function chooseWithoutVote(
  { isDate }: UnitQuestion,
  range: { readonly min: bigint; readonly max: bigint },
  others: readonly TimeUnit[],
): UnitChoice {
  const early = isDate ? unixUnits.filter((unit) => areEarlyDays(range, unit)) : [];
  const [only, another] = early;
  if (only !== undefined && another === undefined && others.length === 0) return decided(only, range, 'integers');
  const candidates = [...others, ...early];
  const days: TimeUnit[] =
    isDate && [range.min, range.max].every((value) => isInCalendar(value, 'days')) ? ['days'] : [];
  const message = 'the unit of its integers cannot be told';
  return ambiguous(message, range, candidates.length === 0 ? days : candidates);
}

/** Whether both ends are midnights between 1850 and 1971, and not all one day of 1970. */
function areEarlyDays({ min, max }: { readonly min: bigint; readonly max: bigint }, unit: UnixUnit): boolean {
  const day = 86_400n * perSecond[unit];
  const isDay = (value: bigint) => value % day === 0n && value >= -43_830n * day && value <= 366n * day;
  return isDay(min) && isDay(max) && (min < -366n * day || max !== 0n);
}

const perSecond: Readonly<Record<UnixUnit, bigint>> = { s: 1n, ms: 1000n, us: 1_000_000n, ns: 1_000_000_000n };

/** Plausible readings besides seconds to nanoseconds since 1970. */
function othersOf(question: UnitQuestion, range: { readonly min: bigint; readonly max: bigint }): TimeUnit[] {
  const plausible = plausibleReadings(Number(range.min), Number(range.max));
  const { mark } = question;
  return mark !== undefined && mark !== null && !plausible.includes(mark) && isInCalendar(range.max, mark)
    ? [mark, ...plausible]
    : plausible;
}

function voteOf(value: bigint): UnixUnit | null {
  const fits = (unit: UnixUnit) => {
    const [first, last] = unixBand(unit);
    return value >= first && value <= last;
  };
  return unixUnits.find(fits) ?? null;
}
