import { epochs, isEpochUnit, readCalendarParts } from '../../lib/time/epochs.js';
import type { CalendarDigits, EpochUnit, TimeUnit } from '../../model/kind.js';
import { createDecimal, digitsText, parseDecimal } from '../value/decimal.js';
import { refuse } from '../value/misfit.js';
import { daysOf, isDate, MICROS_PER_DAY, type Moment, UNIX_EPOCH_DAYS } from './temporal.js';

/** Noon of 1 January 2000 is Julian day 2 451 545; SQLite keeps a Julian day as whole milliseconds. */
const JULIAN_2000_MS = 2_451_544.5 * 86_400_000;
const MS_PER_DAY = 86_400_000;

/** More digits than any timestamp has in microseconds. */
const DIGITS_MAX = 22;

/** Sets `out` from a number of `unit`, from a Julian day, or from calendar digits. Exact, or a Misfit. */
export function momentOfNumber(out: Moment, value: number, unit: TimeUnit): void {
  if (!Number.isFinite(value)) notATimestamp();
  if (unit === 'julian') momentOfJulian(out, value);
  else if (unit === 'ole' && !Number.isInteger(value)) momentOfOle(out, value);
  else if (!isEpochUnit(unit)) momentOfDigits(out, String(value), unit);
  else if (!Number.isSafeInteger(value) || epochs[unit].per !== 1n) momentOfBig(out, microsOf(value, unit), unit);
  else momentOfSafe(out, value, unit);
}

function momentOfSafe(out: Moment, value: number, unit: EpochUnit): void {
  const microsPerUnit = Number(epochs[unit].micros);
  const perDay = MICROS_PER_DAY / microsPerUnit;
  // The remainder of doubles is exact, the quotient of big ones is not.
  const remainder = value % perDay;
  const inDay = remainder < 0 ? remainder + perDay : remainder;
  setMoment(out, (value - inDay) / perDay - UNIX_EPOCH_DAYS + epochs[unit].startDays, inDay * microsPerUnit);
}

/** The same for an integer beyond 2^53. */
export function momentOfWide(out: Moment, value: bigint, unit: TimeUnit): void {
  if (unit === 'julian') outOfRange();
  if (isEpochUnit(unit)) momentOfUnits(out, value, unit);
  else momentOfDigits(out, String(value), unit);
}

function momentOfUnits(out: Moment, value: bigint, unit: EpochUnit): void {
  const { micros, per } = epochs[unit];
  if (value % per !== 0n) belowMicros();
  momentOfBig(out, (value / per) * micros, unit);
}

/** Digits of a calendar, to which the leading zeros are added that an integer does not keep. */
function momentOfDigits(out: Moment, text: string, pattern: CalendarDigits): void {
  const parts = readCalendarParts(text, pattern);
  if (parts === null || !isDate(parts.year, parts.month, parts.day)) refuseDigits(pattern);
  const { year, month, day, hour, minute, second } = parts;
  setMoment(out, daysOf(year, month, day), ((hour * 60 + minute) * 60 + second) * 1_000_000);
}

function refuseDigits(pattern: CalendarDigits): never {
  refuse(
    'data.not_a_timestamp',
    `not the digits of a date as ${pattern}`,
    'correct the value in the source, or name another unit for the column in the config file',
  );
}

/**
 * A Julian day is a double with a resolution of 40 µs, and means the millisecond from which SQLite made it. A value
 * that SQLite's julianday() gives for no millisecond has no exact meaning.
 */
function momentOfJulian(out: Moment, value: number): void {
  const ms = Math.floor(value * MS_PER_DAY + 0.5);
  if (ms / MS_PER_DAY !== value) belowMicros();
  const since = ms - JULIAN_2000_MS;
  const days = Math.floor(since / MS_PER_DAY);
  setMoment(out, days, (since - days * MS_PER_DAY) * 1000);
}

/** A double of days near today has a resolution of 0.6 µs, and day and time of day were rounded each. */
const OLE_SLACK_DAYS = 1.5e-11;

/**
 * An OLE date means the millisecond from which Delphi or COM made it. Before 1899-12-30 its fraction would count forward
 * from a day that counts back; such values are refused.
 */
function momentOfOle(out: Moment, value: number): void {
  if (value < 0) notATimestamp();
  const ms = Math.round(value * MS_PER_DAY);
  if (Math.abs(ms / MS_PER_DAY - value) > OLE_SLACK_DAYS) belowMicros();
  const days = Math.floor(ms / MS_PER_DAY);
  setMoment(out, days - UNIX_EPOCH_DAYS + epochs.ole.startDays, (ms - days * MS_PER_DAY) * 1000);
}

/** Microseconds of a number by its shortest decimal digits, from the start of its unit. */
function microsOf(value: number, unit: EpochUnit): bigint {
  const { micros, per } = epochs[unit];
  const decimal = createDecimal();
  const text = Buffer.from(String(value), 'latin1');
  parseDecimal(decimal, text, 0, text.length);
  if (decimal.count === 0) return 0n;
  if (decimal.point > DIGITS_MAX) outOfRange();
  const fractionDigits = BigInt(decimal.count - decimal.point);
  const digits = BigInt(digitsText(decimal)) * micros;
  const whole = fractionDigits > 0n ? digits : digits * 10n ** -fractionDigits;
  const parts = fractionDigits > 0n ? per * 10n ** fractionDigits : per;
  if (whole % parts !== 0n) belowMicros();
  return whole / parts;
}

/** `micros` since the start of `unit`. */
function momentOfBig(out: Moment, micros: bigint, unit: EpochUnit): void {
  const perDay = BigInt(MICROS_PER_DAY);
  const remainder = micros % perDay;
  const inDay = remainder < 0n ? remainder + perDay : remainder;
  setMoment(out, Number((micros - inDay) / perDay) - UNIX_EPOCH_DAYS + epochs[unit].startDays, Number(inDay));
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

/** Throws the Misfit of a value with parts of a microsecond, which no precision of a column keeps. */
export function belowMicros(): never {
  refuse(
    'data.precision_loss',
    'more fraction digits than the target keeps',
    'PostgreSQL keeps microseconds in every type of times: correct the value in the source, or keep it in a bigint or text column',
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
