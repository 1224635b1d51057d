import { epochs, firstVoteSeconds, isEpochUnit, lastVoteSeconds, readCalendarParts } from '../../lib/time/epochs.js';
import type { CalendarDigits, EpochUnit, TimeUnit } from '../../model/kind.js';

/** Units that count from 1970, the coarser first. */
export const unixUnits = ['s', 'ms', 'us', 'ns'] as const;

const dayMs = 86_400_000;
const daySeconds = 86_400;
/** Days of the years 1 and 9999 in days since 1970, and the noon from which Julian days count. */
const firstDay = -719_162;
const lastDay = 2_932_896;
const julian1970 = 2_440_587.5;

/** The smallest and largest number that is a vote for a unit since 1970: 1971 to 2100 in it. */
export function unixBand(unit: (typeof unixUnits)[number]): readonly [bigint, bigint] {
  const { micros, per } = epochs[unit];
  const scale = (1_000_000n * per) / micros;
  return [BigInt(firstVoteSeconds) * scale, BigInt(lastVoteSeconds) * scale];
}

/** Years for which a reading other than a unit since 1970 is plausible: what applications mostly store. */
const plausibleYears = { first: Date.UTC(1990, 0, 1) / dayMs, last: Date.UTC(2040, 0, 1) / dayMs };
/** Core Data counts from 2001, was first to be had in 2005, and few of its dates lie in the future. */
const cocoaYears = { first: Date.UTC(2003, 0, 1) / dayMs, last: Date.UTC(2036, 0, 1) / dayMs };
/** Calendar digits are recognised for older dates too, such as dates of birth. */
const calendarYears = { first: Date.UTC(1900, 0, 1) / dayMs, last: Date.UTC(2101, 0, 1) / dayMs };

const otherEpochs: readonly EpochUnit[] = ['days', 'ticks', 'cocoa', 'webkit', 'hfs', 'filetime', 'cocoa_ns', 'ole'];
const calendars: readonly CalendarDigits[] = [
  'YYYYMMDD',
  'YYYYMMDDHHMMSS',
  'YYYYMMDDHHMM',
  'YYMMDDHHMMSS',
  'YYMMDDHHMM',
  'YYMMDD',
  'YYYYMM',
  'YYYY',
];

/**
 * The other plausible readings of a range of numbers, besides seconds to nanoseconds since 1970 and reals as Julian
 * days: those under which both ends are dates that a database would hold. The likelier first: digits that form a date
 * by chance are rare.
 */
export function plausibleReadings(min: number, max: number): TimeUnit[] {
  const both = (unit: TimeUnit, { first, last }: { readonly first: number; readonly last: number }) =>
    [min, max].every((value) => {
      const days = readingOf(value, unit);
      return days !== null && days >= first && days <= last;
    });
  const digits = calendars.filter((pattern) => both(pattern, calendarYears));
  const counted = otherEpochs.filter((unit) => both(unit, unit.startsWith('cocoa') ? cocoaYears : plausibleYears));
  const julian: TimeUnit[] = both('julian', plausibleYears) ? ['julian'] : [];
  return [...digits, ...julian, ...counted];
}

/** Whether a number is, in a unit, a date of the years that applications mostly store. */
export function isPlausible(value: number, unit: TimeUnit): boolean {
  const days = readingOf(value, unit);
  return days !== null && days >= plausibleYears.first && days <= plausibleYears.last;
}

/** Days since 1970, with a fraction, that a number means in a unit; null beyond the years 1 to 9999, or where it is no date. */
export function readingOf(value: number, unit: TimeUnit): number | null {
  const days = daysOfNumber(value, unit);
  return days !== null && days >= firstDay && days < lastDay + 1 ? days : null;
}

function daysOfNumber(value: number, unit: TimeUnit): number | null {
  if (unit === 'julian') return value - julian1970;
  if (!isEpochUnit(unit)) return daysOfDigits(value, unit);
  const { micros, per, startDays } = epochs[unit];
  return (value * Number(micros)) / Number(per) / 1e6 / daySeconds + startDays;
}

function daysOfDigits(value: number, pattern: CalendarDigits): number | null {
  const parts = Number.isSafeInteger(value) ? readCalendarParts(String(value), pattern) : null;
  if (parts === null) return null;
  const { year, month, day, hour, minute, second } = parts;
  if (month < 1 || month > 12 || day < 1) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCDate() !== day) return null;
  return date.getTime() / dayMs + ((hour * 60 + minute) * 60 + second) / daySeconds;
}

/** The time that a number means in a unit, as ISO text, with as many fraction digits as its unit has. */
export function describeReading(value: bigint | number, unit: TimeUnit): string {
  if (unit === 'julian' || !isEpochUnit(unit)) {
    const days = readingOf(Number(value), unit);
    return days === null ? 'no date' : isoOf(BigInt(Math.round(days * dayMs)) * 1000n, unit === 'julian' ? 3 : 0);
  }
  const { micros, per, startDays, digits } = epochs[unit];
  const start = BigInt(startDays) * 86_400_000_000n;
  const whole = typeof value === 'bigint' ? value : BigInt(Math.round(value * 1000));
  const scaled = typeof value === 'bigint' ? (whole * micros) / per : (whole * micros) / (per * 1000n);
  const shownDigits = Number.isInteger(Number(value)) ? Math.min(digits, 6) : Math.max(3, Math.min(digits, 6));
  return isoOf(scaled + start, shownDigits);
}

/** Microseconds since 1970 as ISO text with this many fraction digits. */
function isoOf(micros: bigint, digits: number): string {
  const seconds = micros / 1_000_000n - (micros % 1_000_000n < 0n ? 1n : 0n);
  const fraction = String(micros - seconds * 1_000_000n).padStart(6, '0');
  const ms = Number(seconds) * 1000;
  if (Math.abs(ms) > 8.64e15) return 'outside any calendar';
  const whole = new Date(ms).toISOString().replace('.000Z', '');
  return digits === 0 ? `${whole}Z` : `${whole}.${fraction.slice(0, digits)}Z`;
}
