import { describeUnit, isEpochUnit } from '../../lib/time/epochs.js';
import type { ColumnCensus } from '../../model/census.js';
import type { TimeUnit } from '../../model/kind.js';
import { plausibleReadings, readingOf, unixBand } from './time-reading.js';
import { type UnixUnit, chooseFromIntegers } from './time-votes.js';
import { type UnitChoice, type UnitQuestion, ambiguous, explain, rangeOf } from './unit-choice.js';

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
