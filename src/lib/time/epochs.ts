import type { CalendarDigits, EpochUnit, TimeUnit } from '../../model/kind.js';

/** How a unit counts: its microseconds, as a fraction, from midnight (UTC) of a day. */
export interface Epoch {
  readonly name: string;
  readonly micros: bigint;
  /** Units per `micros`: 1 but for units finer than a microsecond. */
  readonly per: bigint;
  /** Days from 1970-01-01 to the day from which it counts, proleptic Gregorian. */
  readonly startDays: number;
  /** Fraction digits of a second that a whole number of units can have. */
  readonly digits: number;
}

/**
 * Sources: .NET DateTime.Ticks (100 ns since 0001-01-01), Core Data's NSDate (seconds since 2001-01-01), Chromium's
 * base::Time (microseconds since 1601-01-01), Windows' FILETIME (100 ns since the same day), HFS+ (seconds since
 * 1904-01-01, Apple TN1150), OLE Automation's date, which Delphi, Access and spreadsheets have too (days since 1899-12-30).
 */
export const epochs: Readonly<Record<EpochUnit, Epoch>> = {
  s: { name: 'seconds since 1970', micros: 1_000_000n, per: 1n, startDays: 0, digits: 0 },
  ms: { name: 'milliseconds since 1970', micros: 1000n, per: 1n, startDays: 0, digits: 3 },
  us: { name: 'microseconds since 1970', micros: 1n, per: 1n, startDays: 0, digits: 6 },
  ns: { name: 'nanoseconds since 1970', micros: 1n, per: 1000n, startDays: 0, digits: 9 },
  days: { name: 'days since 1970', micros: 86_400_000_000n, per: 1n, startDays: 0, digits: 0 },
  ticks: { name: '.NET ticks (100 ns since year 1)', micros: 1n, per: 10n, startDays: -719_162, digits: 7 },
  cocoa: { name: 'seconds since 2001 (Core Data)', micros: 1_000_000n, per: 1n, startDays: 11_323, digits: 0 },
  webkit: { name: 'microseconds since 1601 (Chrome)', micros: 1n, per: 1n, startDays: -134_774, digits: 6 },
  hfs: { name: 'seconds since 1904 (HFS+)', micros: 1_000_000n, per: 1n, startDays: -24_107, digits: 0 },
  filetime: { name: "100 ns since 1601 (Windows' FILETIME)", micros: 1n, per: 10n, startDays: -134_774, digits: 7 },
  cocoa_ns: { name: 'nanoseconds since 2001 (Messages)', micros: 1n, per: 1000n, startDays: 11_323, digits: 9 },
  ole: { name: 'days since 1899-12-30 (OLE, Delphi)', micros: 86_400_000_000n, per: 1n, startDays: -25_569, digits: 0 },
};

export const epochUnits = Object.keys(epochs) as readonly EpochUnit[];

/** Names of all units but calendar digits, as a config file says them. */
export const unitNames: readonly string[] = [...epochUnits, 'julian'];

export function isEpochUnit(unit: TimeUnit): unit is EpochUnit {
  return unit in epochs;
}

/** Whether a text names a unit. */
export function isUnit(text: string): text is TimeUnit {
  return unitNames.includes(text) || readCalendarDigits(text) !== null;
}

/**
 * Whether numbers of a unit are the digits of a calendar date: they are local time in the zone of the column's texts.
 */
export function isCalendar(unit: TimeUnit): unit is CalendarDigits {
  return unit !== 'julian' && !isEpochUnit(unit);
}

/** Whether a number of a unit is a moment that clocks of different zones show differently, not a day or what a calendar says. */
export function isInstant(unit: TimeUnit): boolean {
  return unit === 'julian' || (isEpochUnit(unit) && unit !== 'days' && unit !== 'ole');
}

/** A number speaks for a unit since 1970 where it is a time from 1971 to 2100 in it; these are the ends in seconds. */
export const firstVoteSeconds = 31_536_000;
export const lastVoteSeconds = 4_102_444_800;

/** What a unit counts, in words. */
export function describeUnit(unit: TimeUnit): string {
  if (unit === 'julian') return 'Julian days';
  return isEpochUnit(unit) ? epochs[unit].name : `calendar digits ${unit}`;
}

/** One run of digits in calendar digits. */
export interface DigitRun {
  readonly part: 'year' | 'shortYear' | 'month' | 'day' | 'hour' | 'minute' | 'second';
  readonly length: number;
}

const runs = [
  ['YYYY', 'year'],
  ['YY', 'shortYear'],
  ['MM', 'month'],
  ['DD', 'day'],
  ['HH', 'hour'],
  ['MI', 'minute'],
  ['SS', 'second'],
] as const;

/**
 * The runs of calendar digits in order; null where `pattern` is none. A second `MM` after `HH` is the minutes, as people
 * write `YYYYMMDDHHMMSS`. There must be a year, a month only with a year, and each smaller part only with the larger ones.
 */
export function readCalendarDigits(pattern: string): readonly DigitRun[] | null {
  const found: DigitRun[] = [];
  for (let rest = pattern; rest !== ''; ) {
    const run = runs.find(([letters]) => rest.startsWith(letters));
    if (run === undefined) return null;
    const [letters, named] = run;
    const isMinute = named === 'month' && found.some(({ part }) => part === 'hour');
    const part = isMinute ? 'minute' : named;
    if (found.some((other) => other.part === part)) return null;
    found.push({ part, length: letters.length });
    rest = rest.slice(letters.length);
  }
  return isWhole(new Set(found.map(({ part }) => part))) ? found : null;
}

function isWhole(parts: ReadonlySet<DigitRun['part']>): boolean {
  if (parts.has('year') === parts.has('shortYear')) return false;
  const order = ['month', 'day', 'hour', 'minute', 'second'] as const;
  const first = order.findIndex((part) => !parts.has(part));
  return first === -1 || order.slice(first).every((part) => !parts.has(part));
}

/** What calendar digits say; months and days of the month are not checked against a calendar. */
export interface CalendarParts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** Two-digit years below this one are of this century, as in POSIX' strptime. */
export const shortYearPivot = 69;

/** The year that two digits mean. */
export function fullYear(short: number): number {
  return short + (short < shortYearPivot ? 2000 : 1900);
}

/**
 * Reads a number's decimal digits by a pattern, with the leading zeros that an integer does not keep. null where they are
 * no digits, too many, of the year 0, or of no time of day, and where `pattern` is none.
 */
export function readCalendarParts(text: string, pattern: CalendarDigits): CalendarParts | null {
  // The letters of a pattern are as many as its digits.
  if (text.length > pattern.length) return null;
  const runs = readCalendarDigits(pattern) ?? [];
  const width = runs.reduce((total, { length }) => total + length, 0);
  const digits = text.padStart(width, '0');
  if (!/^\d+$/.test(digits) || digits.length !== width) return null;
  const parts = { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
  let at = 0;
  for (const { part, length } of runs) {
    const number = Number(digits.slice(at, at + length));
    if (part === 'shortYear') parts.year = fullYear(number);
    else parts[part] = number;
    at += length;
  }
  const { year, hour, minute, second } = parts;
  return year === 0 || hour > 23 || minute > 59 || second > 59 ? null : parts;
}
