import type { TimeUnit } from '../model/kind.js';
import { normalizeDecimal, scaleToInteger } from './decimal.js';

/** A point in time (or, for `time`, in a day): whole seconds, floored, and 0 to 999 999 microseconds on top. */
export interface CanonicalMoment {
  seconds: number;
  micros: number;
}

const stampPattern =
  /^([+-]?\d{4,6})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?\s*(Z|UTC|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?( BC| AD)?$/i;
const timePattern = /^(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?$/;
/** Shorter runs of digits could be a year or a compact date. */
const epochTextPattern = /^[+-]?\d{9,}(\.\d+)?$/;

/** Per unit: fraction digits that make it microseconds, a factor besides, and its first day in days since 1970. */
const counting: Readonly<Record<string, readonly [fractionDigits: number, factor: bigint, firstDay: number]>> = {
  s: [6, 1n, 0],
  ms: [3, 1n, 0],
  us: [0, 1n, 0],
  ns: [-3, 1n, 0],
  days: [8, 864n, 0],
  ticks: [-1, 1n, Date.UTC(2001, 0, 1) / 86_400_000 - 5 * 146_097],
  cocoa: [6, 1n, Date.UTC(2001, 0, 1) / 86_400_000],
  webkit: [0, 1n, Date.UTC(1601, 0, 1) / 86_400_000],
  hfs: [6, 1n, Date.UTC(1904, 0, 1) / 86_400_000],
  filetime: [-1, 1n, Date.UTC(1601, 0, 1) / 86_400_000],
  cocoa_ns: [-3, 1n, Date.UTC(2001, 0, 1) / 86_400_000],
  ole: [8, 864n, Date.UTC(1899, 11, 30) / 86_400_000],
};
const dayMs = 86_400_000;
const daySeconds = 86_400;
/** Milliseconds from the Julian epoch (noon, 24 November 4714 BC, Gregorian) to 1970, as in SQLite's date.c. */
const julianEpochMs = 210_866_760_000_000;
/** Beyond any date that either side can hold; keeps the arithmetic in whole doubles. */
const secondsMax = 2 ** 53;

/**
 * Reads `YYYY-MM-DD[ T]HH:MM[:SS[.f…]][offset]`, also with BC, signed or long years, or the date alone, as UTC.
 * A text without offset is UTC; 24:00:00 is the next midnight. Bytes [start, end) are ASCII or not a date.
 * False, with `out` untouched or meaningless, where it is something else, no such day, or finer than microseconds.
 */
export function readStamp(bytes: Buffer, start: number, end: number, out: CanonicalMoment): boolean {
  return readPlainStamp(bytes, start, end, out) || readAnyStamp(bytes.toString('latin1', start, end), out);
}

/** The same from a text. */
export function readStampText(text: string, out: CanonicalMoment): boolean {
  return readAnyStamp(text, out);
}

/** The form that nearly every value has, straight from the bytes: `YYYY-MM-DD HH:MM:SS[.ffffff]` with Z, +00 or nothing. */
function readPlainStamp(bytes: Buffer, start: number, end: number, out: CanonicalMoment): boolean {
  if (end - start < 19) return false;
  const separator = bytes[start + 10];
  const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2);
  const month = twoDigits(bytes, start + 5);
  const day = twoDigits(bytes, start + 8);
  const hour = twoDigits(bytes, start + 11);
  const minute = twoDigits(bytes, start + 14);
  const second = twoDigits(bytes, start + 17);
  if (bytes[start + 4] !== 45 || bytes[start + 7] !== 45 || bytes[start + 13] !== 58 || bytes[start + 16] !== 58)
    return false;
  if (separator !== 32 && separator !== 84) return false;
  // NaN from a character that is no digit fails each of these; the full reader judges everything unusual.
  if (!(year >= 100 && month >= 1 && month <= 12 && day >= 1 && day <= 28)) return false;
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return false;
  let at = start + 19;
  let micros = 0;
  if (bytes[at] === 46 && at < end) {
    let weight = 100_000;
    for (at += 1; at < end && weight >= 1; at += 1) {
      const digit = (bytes[at] as number) - 48;
      if (digit < 0 || digit > 9) break;
      micros += digit * weight;
      weight /= 10;
    }
    if (bytes[at - 1] === 46) return false;
  }
  if (!isAtUtc(bytes, at, end)) return false;
  out.seconds = Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
  out.micros = micros;
  return true;
}

function isAtUtc(bytes: Buffer, at: number, end: number): boolean {
  const left = end - at;
  if (left === 0) return true;
  if (left === 1) return bytes[at] === 90;
  return left === 3 && bytes[at] === 43 && bytes[at + 1] === 48 && bytes[at + 2] === 48;
}

function twoDigits(bytes: Buffer, at: number): number {
  const tens = (bytes[at] as number) - 48;
  const ones = (bytes[at + 1] as number) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function readAnyStamp(text: string, out: CanonicalMoment): boolean {
  const match = stampPattern.exec(text);
  if (match === null) return false;
  const [, yearText = '', month = '', day = '', hour = '00', minute = '00', second = '00', fraction, offset, era] =
    match;
  // Whether the text of a point in time has an offset from UTC.
  const year = era?.toUpperCase() === ' BC' ? 1 - Number(yearText) : Number(yearText);
  const days = daysSince1970(year, Number(month), Number(day));
  const clock = clockSeconds(Number(hour), Number(minute), Number(second));
  const micros = microsOfFraction(fraction);
  if (days === null || clock === null || micros === null || (clock === daySeconds && micros > 0)) return false;
  out.seconds = days * daySeconds + clock - offsetSeconds(offset);
  out.micros = micros;
  return true;
}

/** Whether the text of a point in time says by how much it is off UTC. */
export function hasOffset(text: string): boolean {
  return /:\d\d.*(?:Z|UTC|[+-]\d\d(?::?\d\d)*)( BC| AD)?$/i.test(text);
}

/** Reads `HH:MM[:SS[.f…]]` as seconds since midnight; 24:00:00 differs from 00:00:00, as in PostgreSQL. */
export function readTime(text: string, out: CanonicalMoment): boolean {
  const [, hour = '', minute = '', second = '0', fraction] = timePattern.exec(text) ?? [];
  const clock = hour === '' ? null : clockSeconds(Number(hour), Number(minute), Number(second));
  const micros = microsOfFraction(fraction);
  if (clock === null || micros === null || (clock === daySeconds && micros > 0)) return false;
  out.seconds = clock;
  out.micros = micros;
  return true;
}

/** Reads a decimal number of the column's unit; false where it is finer than microseconds, or no digits of a date. */
export function readEpoch(text: string, unit: TimeUnit, out: CanonicalMoment): boolean {
  if (unit === 'julian') return readJulian(Number(text), out);
  if (unit === 'ole' && !/^-?\d+$/.test(text)) return readOle(Number(text), out);
  const counted = counting[unit];
  if (counted === undefined) return readCalendar(text, unit, out);
  const [fractionDigits, factor, firstDay] = counted;
  const plain = normalizeDecimal(text);
  const scaled = plain === null ? null : timesFactor(plain, factor);
  const micros = scaled === null ? null : scaleToInteger(scaled, fractionDigits);
  return micros !== null && setMicros(micros + BigInt(firstDay * daySeconds) * 1_000_000n, out);
}

/** A plain decimal times a whole number, as a plain decimal. */
function timesFactor(plain: string, factor: bigint): string {
  if (factor === 1n) return plain;
  const [whole = '', fraction = ''] = plain.split('.');
  const digits = (BigInt(whole + fraction) * factor).toString();
  if (fraction === '') return digits;
  const [, sign = '', rest = ''] = /^(-?)(\d+)$/.exec(digits) ?? [];
  const padded = rest.padStart(fraction.length + 1, '0');
  return normalizeDecimal(`${sign}${padded.slice(0, -fraction.length)}.${padded.slice(-fraction.length)}`) ?? digits;
}

/** Digits in the order that the pattern says, zeros before them where the number lost some. */
function readCalendar(text: string, pattern: string, out: CanonicalMoment): boolean {
  const letters = pattern.replace(/(HH.*?)MM/, '$1MI');
  const digits = text.padStart(letters.length, '0');
  if (!/^\d+$/.test(digits) || digits.length !== letters.length) return false;
  const part = (name: string, none: number): number => {
    const at = letters.indexOf(name);
    return at === -1 ? none : Number(digits.slice(at, at + name.length));
  };
  const short = part('YY', 0);
  const year = letters.includes('YYYY') ? part('YYYY', 0) : short + (short >= 69 ? 1900 : 2000);
  const days = year === 0 ? null : daysSince1970(year, part('MM', 1), part('DD', 1));
  const clock = [part('HH', 0), part('MI', 0), part('SS', 0)] as const;
  if (days === null || clock[0] > 23 || clock[1] > 59 || clock[2] > 59) return false;
  out.seconds = days * daySeconds + clock[0] * 3600 + clock[1] * 60 + clock[2];
  out.micros = 0;
  return true;
}

/** Text that is nothing but a long number is a number of the column's unit. */
export function readEpochText(text: string, unit: TimeUnit, out: CanonicalMoment): boolean {
  return epochTextPattern.test(text) && readEpoch(text, unit, out);
}

/** Whole milliseconds that a double holds exactly: the common case, without a detour over text. */
export function readMilliseconds(ms: number, out: CanonicalMoment): void {
  out.seconds = Math.floor(ms / 1000);
  out.micros = (ms - out.seconds * 1000) * 1000;
}

/** SQLite rounds a Julian day to the millisecond (date.c), since a double near today holds no more. */
function readJulian(days: number, out: CanonicalMoment): boolean {
  const ms = Math.floor(days * dayMs + 0.5) - julianEpochMs;
  if (!Number.isSafeInteger(ms)) return false;
  readMilliseconds(ms, out);
  return true;
}

/** Delphi and COM make such days of milliseconds; a negative day's fraction counts forward, which nobody writes. */
function readOle(days: number, out: CanonicalMoment): boolean {
  const ms = Math.round(days * dayMs) + Date.UTC(1899, 11, 30);
  if (!Number.isSafeInteger(ms) || (days < 0 && days % 1 !== 0)) return false;
  readMilliseconds(ms, out);
  return true;
}

function setMicros(micros: bigint, out: CanonicalMoment): boolean {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  out.seconds = Number((micros - rest) / 1_000_000n);
  out.micros = Number(rest);
  return Math.abs(out.seconds) <= secondsMax;
}

/** Date.UTC reads years below 100 as 19xx and ends at 275760, so the year is moved into 2000 to 2399, by whole 400-year cycles. */
function daysSince1970(year: number, month: number, day: number): number | null {
  const cycle = Math.floor(year / 400);
  const moved = year - cycle * 400 + 2000;
  if (month < 1 || month > 12 || day < 1 || day > new Date(Date.UTC(moved, month, 0)).getUTCDate()) return null;
  return Date.UTC(moved, month - 1, day) / dayMs + (cycle - 5) * 146_097;
}

function clockSeconds(hour: number, minute: number, second: number): number | null {
  const seconds = hour * 3600 + minute * 60 + second;
  // A leap second is the first of the next minute, as Postgres has it.
  return minute > 59 || second > 60 || seconds > daySeconds ? null : seconds;
}

function microsOfFraction(fraction: string | undefined): number | null {
  const digits = (fraction ?? '').replace(/0+$/, '');
  return digits.length > 6 ? null : Number(digits.padEnd(6, '0'));
}

function offsetSeconds(offset: string | undefined): number {
  if (offset === undefined || /^[zu]/i.test(offset)) return 0;
  const digits = offset.replaceAll(/[^\d]/g, '').padEnd(6, '0');
  const seconds = Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2, 4)) * 60 + Number(digits.slice(4, 6));
  return offset.startsWith('-') ? -seconds : seconds;
}
