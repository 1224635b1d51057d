import type { ColumnCensus, TimeCounts } from '../../model/census.js';
import type { EpochUnit, TimeUnit } from '../../model/kind.js';
import { describeUnit, isEpochUnit } from '../../lib/epochs.js';
import { describeReading, plausibleReadings, readingOf, unixBand, unixUnits } from './time-reading.js';

/** The unit of the numbers in a temporal column, or why it cannot be decided. */
export type UnitChoice =
  | {
      readonly tag: 'decided';
      readonly unit: TimeUnit;
      /** The unit of its reals where that differs: Julian days beside an epoch. */
      readonly realUnit?: TimeUnit;
      readonly reason: string;
      readonly doubt: string | null;
      /** Whether no number is there to be read by it. */
      readonly isMoot?: boolean;
    }
  | {
      readonly tag: 'ambiguous';
      readonly message: string;
      /** Units that may be meant, the likelier first; empty where no unit gives plausible dates. */
      readonly candidates: readonly TimeUnit[];
    };

/** What a column's unit is chosen from. */
export interface UnitQuestion {
  readonly census: ColumnCensus;
  readonly declaredType: string;
  /** Whether only days are held: then numbers must be whole days. */
  readonly isDate: boolean;
  /** An epoch that the database's own tables show, Core Data's for instance. */
  readonly mark?: EpochUnit | null;
}

type UnixUnit = 's' | 'ms' | 'us' | 'ns';

/** Julian days of 0000-01-01 and 9999-12-31, the range of SQLite's date functions. */
const julianMin = 1_721_059.5;
const julianMax = 5_373_484.5;

/** The result for a unit that the operator named; examples show what the numbers mean in it. */
export function givenTimeUnit(census: ColumnCensus, unit: TimeUnit): UnitChoice {
  const range = rangeOf(census);
  const shown = range === null ? `numbers are ${describeUnit(unit)}` : explain('numbers', unit, range);
  return { tag: 'decided', unit, reason: `${shown}, as the config file says`, doubt: null };
}

/**
 * Decides the unit of the numbers of a temporal column. A unit is only taken where no other reading is plausible: all
 * numbers that are a vote for a unit vote for the same one, and neither calendar digits nor another epoch give dates
 * that a database would hold. Numbers before 1971, and the last day of the year 9999, which applications store for
 * "never", follow the other numbers.
 */
export function chooseTimeUnit(question: UnitQuestion): UnitChoice {
  const { census, declaredType } = question;
  const isDatetime = declaredType.trim().toUpperCase() === 'DATETIME';
  if (census.reals > 0) return chooseWithReals(question);
  if (census.integerMin === null || census.integerMax === null) {
    const reason = 'text only, decoded value by value';
    return { tag: 'decided', unit: isDatetime ? 'ms' : 's', reason, doubt: null, isMoot: true };
  }
  return chooseFromIntegers(question, BigInt(census.integerMin), BigInt(census.integerMax));
}

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

function chooseFromIntegers(question: UnitQuestion, min: bigint, max: bigint): UnitChoice {
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
  if (others.length > 0) return ambiguous('the unit of its integers cannot be told', range, [...others, only]);
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

function isInCalendar(value: bigint, unit: TimeUnit): boolean {
  return readingOf(Number(value), unit) !== null;
}

function chooseWithReals(question: UnitQuestion): UnitChoice {
  const { census } = question;
  const { realMin, realMax, integerMin, integerMax } = census;
  if (typeof realMin !== 'number' || typeof realMax !== 'number') {
    const message = `the unit of its ${census.reals} reals cannot be told: their range is not known`;
    return { tag: 'ambiguous', message, candidates: [] };
  }
  const range = { min: realMin, max: realMax };
  const real = unitOfReals(realMin, realMax);
  const others = othersOfReals(question, range, real);
  if (real === null || others.length > 0) {
    const candidates = real === null ? others : [...others, real];
    return ambiguous(
      `the unit of its reals cannot be told: they go from ${realMin} to ${realMax}`,
      range,
      candidates,
      'reals',
    );
  }
  const reason = explain('reals', real, range);
  if (integerMin === null || integerMax === null) return { tag: 'decided', unit: real, reason, doubt: null };
  // SQLite stores a whole Julian day of a numeric column as an integer.
  if (real === 'julian' && [integerMin, integerMax].map(Number).every(isJulian)) {
    return { tag: 'decided', unit: real, reason, doubt: null };
  }
  const integers = chooseFromIntegers(question, BigInt(integerMin), BigInt(integerMax));
  if (integers.tag === 'ambiguous') return integers;
  if (integers.unit === real || (integerMin === '0' && integerMax === '0'))
    return { ...integers, unit: real, reason: `${integers.reason}; ${reason}` };
  if (real !== 'julian') {
    const message = `its integers are ${describeUnit(integers.unit)}, but its reals ${describeUnit(real)}`;
    return ambiguous(`the unit of its numbers cannot be told: ${message}`, range, [real, integers.unit], 'reals');
  }
  return { ...integers, realUnit: real, reason: `${integers.reason}; ${reason}` };
}

/** Julian days are all that SQLite's own functions write as reals; no other reading of them is looked for. */
function othersOfReals(
  question: UnitQuestion,
  { min, max }: { readonly min: number; readonly max: number },
  real: TimeUnit | null,
): TimeUnit[] {
  const { mark } = question;
  const plausible = real === 'julian' ? [] : plausibleReadings(min, max).filter(isEpochUnit);
  return mark !== undefined && mark !== null && !plausible.includes(mark) && readingOf(max, mark) !== null
    ? [mark, ...plausible]
    : plausible;
}

/** A double cannot represent fractions of nanoseconds, so no real votes for them. */
function unitOfReals(min: number, max: number): 's' | 'ms' | 'us' | 'julian' | null {
  if (isJulian(min) && isJulian(max)) return 'julian';
  const isWithin = (unit: UnixUnit) => {
    const [first, last] = unixBand(unit);
    return min >= Number(first) && max <= Number(last);
  };
  return (['s', 'ms', 'us'] as const).find(isWithin) ?? null;
}

function isJulian(value: number): boolean {
  return value >= julianMin && value <= julianMax;
}

function voteOf(value: bigint): UnixUnit | null {
  const fits = (unit: UnixUnit) => {
    const [first, last] = unixBand(unit);
    return value >= first && value <= last;
  };
  return unixUnits.find(fits) ?? null;
}

interface NumberRange {
  readonly min: bigint | number;
  readonly max: bigint | number;
}

function rangeOf({ integerMin, integerMax, realMin, realMax }: ColumnCensus): NumberRange | null {
  if (integerMin !== null && integerMax !== null) return { min: BigInt(integerMin), max: BigInt(integerMax) };
  return realMin !== null && realMax !== null ? { min: realMin, max: realMax } : null;
}

/** Three numbers of a range: its ends, and what lies midway. */
function threeOf({ min, max }: NumberRange): (bigint | number)[] {
  const midway =
    typeof min === 'bigint' && typeof max === 'bigint' ? (min + max) / 2n : (Number(min) + Number(max)) / 2;
  return [...new Set([min, midway, max])];
}

function decided(unit: TimeUnit, range: NumberRange, what: string): Extract<UnitChoice, { readonly tag: 'decided' }> {
  return { tag: 'decided', unit, reason: explain(what, unit, range), doubt: null };
}

function explain(what: string, unit: TimeUnit, range: NumberRange): string {
  // What lies midway between calendar digits is often no date.
  const values = isEpochUnit(unit) || unit === 'julian' ? threeOf(range) : [...new Set([range.min, range.max])];
  const examples = values.map((value) => `${value} is ${describeReading(value, unit)}`);
  const kinds = ['', ' (all equal)', ' (smallest and largest)', ' (smallest, midway and largest)'];
  return `${what} are ${describeUnit(unit)}: ${examples.join(', ')}${examples.length === 1 ? ' (all equal)' : (kinds[examples.length] ?? '')}`;
}

/**
 * Shows what three values mean in each plausible unit; where none is plausible, in all units that give a date at all.
 */
function ambiguous(
  message: string,
  range: NumberRange,
  candidates: readonly TimeUnit[],
  what = 'integers',
): UnitChoice {
  const unique = [...new Set(candidates)];
  const values = threeOf(range);
  const inCalendar = ([...unixUnits, 'days'] as const).filter((unit) =>
    values.every((value) => readingOf(Number(value), unit) !== null),
  );
  const shown: readonly TimeUnit[] = unique.length > 0 ? unique : inCalendar;
  const lines = shown.map((unit) => {
    const readings = values
      .filter((value, at) => at !== 1 || values.length < 3 || readingOf(Number(value), unit) !== null)
      .map((value) => `${value} is ${describeReading(value, unit)}`);
    return `${JSON.stringify(unit)}: ${readings.join(', ')}`;
  });
  const text = lines.length === 0 ? message : `${message}. As its ${what} could be read: ${lines.join('; ')}`;
  return { tag: 'ambiguous', message: text, candidates: unique };
}
