import type { TimeUnit } from '../../model/kind.js';
import { createDecimal, digitsText, parseDecimal } from '../value/decimal.js';
import { refuse } from '../value/misfit.js';
import { MICROS_PER_DAY, type Moment, UNIX_EPOCH_DAYS } from './temporal.js';

/** Noon of 1 January 2000 is Julian day 2 451 545; SQLite keeps a Julian day as whole milliseconds. */
const JULIAN_2000_MS = 2_451_544.5 * 86_400_000;
const MS_PER_DAY = 86_400_000;

/** Decimal places by which each unit is shifted to become microseconds. */
const SHIFTS = { s: 6, ms: 3, us: 0, ns: -3 } as const;

/** More digits than any timestamp has in microseconds. */
const DIGITS_MAX = 22;

type EpochUnit = Exclude<TimeUnit, 'julian'>;

/** Sets `out` from a number of `unit` since 1970, or from a Julian day. Exact, or a Misfit. */
export function momentOfNumber(out: Moment, value: number, unit: TimeUnit): void {
  if (!Number.isFinite(value)) notATimestamp();
  if (unit === 'julian') momentOfJulian(out, value);
  else if (unit === 'ns' || !Number.isSafeInteger(value)) momentOfBig(out, microsOf(value, unit));
  else momentOfSafe(out, value, unit);
}

function momentOfSafe(out: Moment, value: number, unit: 's' | 'ms' | 'us'): void {
  const perDay = unit === 's' ? 86_400 : unit === 'ms' ? MS_PER_DAY : MICROS_PER_DAY;
  // The remainder of doubles is exact, the quotient of big ones is not.
  const remainder = value % perDay;
  const inDay = remainder < 0 ? remainder + perDay : remainder;
  setMoment(out, (value - inDay) / perDay - UNIX_EPOCH_DAYS, inDay * (MICROS_PER_DAY / perDay));
}

/** The same for an integer beyond 2^53. */
export function momentOfWide(out: Moment, value: bigint, unit: TimeUnit): void {
  if (unit === 'julian') outOfRange();
  if (unit === 'ns' && value % 1000n !== 0n) precisionLoss();
  momentOfBig(out, unit === 'ns' ? value / 1000n : value * 10n ** BigInt(SHIFTS[unit]));
}

/**
 * A Julian day is a double with a grain of 40 µs, and means the millisecond from which SQLite made it; one that is not
 * what SQLite's julianday() gives for that millisecond has no exact meaning.
 */
function momentOfJulian(out: Moment, value: number): void {
  const ms = Math.floor(value * MS_PER_DAY + 0.5);
  if (ms / MS_PER_DAY !== value) precisionLoss();
  const since = ms - JULIAN_2000_MS;
  const days = Math.floor(since / MS_PER_DAY);
  setMoment(out, days, (since - days * MS_PER_DAY) * 1000);
}

/** Microseconds of a number by its shortest decimal digits. */
function microsOf(value: number, unit: EpochUnit): bigint {
  const decimal = createDecimal();
  const text = Buffer.from(String(value), 'latin1');
  parseDecimal(decimal, text, 0, text.length);
  const point = decimal.point + SHIFTS[unit];
  if (decimal.count > 0 && point > DIGITS_MAX) outOfRange();
  if (decimal.count > point && decimal.count > 0) precisionLoss();
  return BigInt(digitsText(decimal)) * (decimal.count === 0 ? 1n : 10n ** BigInt(point - decimal.count));
}

/** `micros` since 1970. */
function momentOfBig(out: Moment, micros: bigint): void {
  const perDay = BigInt(MICROS_PER_DAY);
  const remainder = micros % perDay;
  const inDay = remainder < 0n ? remainder + perDay : remainder;
  setMoment(out, Number((micros - inDay) / perDay) - UNIX_EPOCH_DAYS, Number(inDay));
}

function setMoment(out: Moment, days: number, micros: number): void {
  out.infinite = 0;
  out.days = days;
  out.micros = micros;
  out.isCut = false;
  out.offsetMinutes = null;
}

/** Throws the Misfit of a value with more digits than the target keeps. */
export function precisionLoss(): never {
  refuse(
    'data.precision_loss',
    'more fraction digits than the target keeps',
    'give the target column a higher precision, up to timestamp(6), or correct the value in the source',
  );
}

export function outOfRange(): never {
  refuse(
    'data.out_of_range',
    'beyond the years of PostgreSQL, 4713 BC to 294276 AD',
    'correct the value in the source, or make the target column text',
  );
}

function notATimestamp(): never {
  refuse(
    'data.not_a_timestamp',
    'not a date and time',
    'correct the value in the source, or make the target column text',
  );
}
