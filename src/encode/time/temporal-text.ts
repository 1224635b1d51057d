import { readWrittenMoment, type WrittenMoment } from '../../lib/time/written-moment.js';
import { createPatternReader } from './pattern-text.js';
import { daysOf, isDate, MICROS_PER_DAY, type Moment, normalise } from './temporal.js';

/** PostgreSQL's largest UTC offset is below 16 hours. */
const OFFSET_HOURS_MAX = 15;
const MICROS_PER_MINUTE = 60_000_000;
const YEAR_DIGITS_MAX = 6;
const INFINITY = 'infinity';

/** The position of the reader in a text. One object per column, filled again for each value. */
interface Scan {
  bytes: Buffer;
  at: number;
  end: number;
}

/** Readers of one column's date and time texts, which share the state of a scan. */
export interface TemporalReader {
  /**
   * `YYYY-MM-DD`, or with a sign `±YYYY-MM-DD` of four to six year digits (astronomical: 0000 is 1 BC); then,
   * optionally, `T` or a space and `HH:MM[:SS[.f…]]` with one to nine fraction digits; then, optionally, `Z`, `±HH`,
   * `±HHMM` or `±HH:MM`. Or `infinity`, `-infinity`. 24:00:00 and a second of 60 roll over, as in PostgreSQL. False
   * where the text is anything else, or names a day or time that does not exist. Other unambiguous forms are those of
   * `readWrittenMoment`.
   */
  readonly timestamp: (out: Moment, bytes: Buffer, start: number, end: number) => boolean;
  /**
   * `HH:MM[:SS[.f…]]` alone, up to 24:00:00; the hour may have one digit, and blanks may stand around it. Or after one of
   * the days that stand for no day: see `clockOfDatedTime`.
   */
  readonly time: (out: Moment, bytes: Buffer, start: number, end: number) => boolean;
}

/** `pattern`: how texts are written too; one that has its shape is read by it alone. */
export function createTemporalReader(pattern?: string): TemporalReader {
  const plain = createPlainReader();
  if (pattern === undefined) return plain;
  const read = createPatternReader(pattern);
  const byPattern = (bytes: Buffer, start: number, end: number): WrittenMoment | null =>
    end - start > WRITTEN_BYTES_MAX ? null : read(bytes.toString('latin1', start, end));
  return {
    timestamp: (out, bytes, start, end) => {
      const written = byPattern(bytes, start, end);
      if (written === null) return plain.timestamp(out, bytes, start, end);
      reset(out);
      return setWritten(out, written);
    },
    time: (out, bytes, start, end) => {
      const written = byPattern(bytes, start, end);
      if (written === null) return plain.time(out, bytes, start, end);
      reset(out);
      return setClock(out, written);
    },
  };
}

function reset(out: Moment): void {
  out.infinite = 0;
  out.days = 0;
  out.micros = 0;
  out.isCut = false;
  out.offsetMinutes = null;
}

function createPlainReader(): TemporalReader {
  const scan: Scan = { bytes: Buffer.alloc(0), at: 0, end: 0 };
  const begin = (out: Moment, bytes: Buffer, start: number, end: number): void => {
    scan.bytes = bytes;
    scan.at = start;
    scan.end = end;
    reset(out);
  };
  return {
    timestamp: (out, bytes, start, end) => {
      begin(out, bytes, start, end);
      if (readInfinity(scan, out) || readTimestamp(scan, out)) return true;
      begin(out, bytes, start, end);
      return readWritten(out, bytes, start, end);
    },
    time: (out, bytes, start, end) => {
      begin(out, bytes, start, end);
      if (readTime(scan, out) && scan.at === scan.end) return true;
      const text = bytes.toString('latin1', start, end);
      const [padded] = paddedTime(clockOfDatedTime(text) ?? text);
      if (padded === undefined) return false;
      const again = Buffer.from(padded, 'latin1');
      begin(out, again, 0, again.length);
      return readTime(scan, out) && scan.at === scan.end;
    },
  };
}

const datedTime = /^(?:2000-01-01|1970-01-01|1900-01-01|1899-12-30)[ T](\d\d:\d\d.*)$/;

/**
 * The time of a text that puts a day before it which stands for none: 2000-01-01 (Rails), 1970-01-01, 1900-01-01 (Python)
 * and 1899-12-30 (OLE). Null for any other text.
 */
export function clockOfDatedTime(text: string): string | null {
  return datedTime.exec(text)?.[1] ?? null;
}

/** A time of day whose hour has one digit or that has blanks around it, as the plain form; nothing where it is none. */
function paddedTime(text: string): string[] {
  const match = /^\s*(\d{1,2})(:\d\d.*?)\s*$/.exec(text);
  return match === null ? [] : [`${(match[1] ?? '').padStart(2, '0')}${match[2] ?? ''}`];
}

/** Texts are short where they are moments at all. */
const WRITTEN_BYTES_MAX = 120;

function readWritten(out: Moment, bytes: Buffer, start: number, end: number): boolean {
  if (end - start > WRITTEN_BYTES_MAX) return false;
  const written = readWrittenMoment(bytes.toString('latin1', start, end));
  return written !== null && setWritten(out, written);
}

/** The time of day alone. */
function setClock(out: Moment, { hour, minute, second, fraction }: WrittenMoment): boolean {
  if (!(minute <= 59 && second <= 60)) return false;
  const digits = fraction.padEnd(9, '0');
  const micros = ((hour * 60 + minute) * 60 + second) * 1_000_000 + Number(digits.slice(0, 6));
  // An hour that is none, NaN, is beyond any day too.
  if (!(micros < MICROS_PER_DAY) && !(micros === MICROS_PER_DAY && Number(fraction) === 0)) return false;
  out.micros = micros;
  out.isCut = Number(digits.slice(6)) > 0;
  return true;
}

function setWritten(out: Moment, written: WrittenMoment): boolean {
  const { year, month, day, offsetSeconds, weekday } = written;
  if (!isDate(year, month, day) || !setClock(out, written)) return false;
  if (Math.abs(offsetSeconds ?? 0) >= (OFFSET_HOURS_MAX + 1) * 3600) return false;
  const days = daysOf(year, month, day);
  // 2000-01-01, day 0, was a Saturday.
  if (weekday !== null && (((days + 6) % 7) + 7) % 7 !== weekday) return false;
  out.days = days;
  out.micros -= (offsetSeconds ?? 0) * 1_000_000;
  out.offsetMinutes = offsetSeconds === null ? null : offsetSeconds / 60;
  normalise(out);
  return true;
}

function readInfinity(scan: Scan, out: Moment): boolean {
  const isNegative = take(scan, 0x2d);
  const isInfinite =
    scan.end - scan.at === INFINITY.length &&
    scan.bytes.toString('latin1', scan.at, scan.end).toLowerCase() === INFINITY;
  if (isInfinite) out.infinite = isNegative ? -1 : 1;
  else if (isNegative) scan.at -= 1;
  return isInfinite;
}

function readTimestamp(scan: Scan, out: Moment): boolean {
  if (!readDate(scan, out)) return false;
  if (scan.at === scan.end) return true;
  if (!take(scan, 0x54) && !take(scan, 0x20)) return false;
  if (!readTime(scan, out) || !readOffset(scan, out)) return false;
  if (out.offsetMinutes !== null) out.micros -= out.offsetMinutes * MICROS_PER_MINUTE;
  normalise(out);
  return scan.at === scan.end;
}

function readDate(scan: Scan, out: Moment): boolean {
  const year = readYear(scan);
  if (Number.isNaN(year) || !take(scan, 0x2d)) return false;
  const month = twoDigits(scan);
  if (!take(scan, 0x2d)) return false;
  const day = twoDigits(scan);
  if (!isDate(year, month, day)) return false;
  out.days = daysOf(year, month, day);
  return true;
}

function readYear(scan: Scan): number {
  const sign = scan.at < scan.end ? scan.bytes[scan.at] : 0;
  const isSigned = sign === 0x2d || sign === 0x2b;
  if (isSigned) scan.at += 1;
  const first = scan.at;
  let year = 0;
  for (let digit = digitAt(scan); digit >= 0; digit = digitAt(scan)) {
    year = year * 10 + digit;
    scan.at += 1;
    if (scan.at - first > YEAR_DIGITS_MAX) return Number.NaN;
  }
  const count = scan.at - first;
  if (count < 4 || (count > 4 && !isSigned)) return Number.NaN;
  // There is no year -0: ISO 8601 and ECMAScript both rule it out.
  if (sign === 0x2d) return year === 0 ? Number.NaN : -year;
  return year;
}

function readTime(scan: Scan, out: Moment): boolean {
  const hours = twoDigits(scan);
  if (!take(scan, 0x3a)) return false;
  const minutes = twoDigits(scan);
  const hasSeconds = take(scan, 0x3a);
  const seconds = hasSeconds ? twoDigits(scan) : 0;
  if (hours < 0 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 60) return false;
  const fraction = hasSeconds ? readFraction(scan, out) : 0;
  out.micros = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + fraction;
  return fraction >= 0 && (out.micros < MICROS_PER_DAY || (out.micros === MICROS_PER_DAY && !out.isCut));
}

/** Microseconds of `.f` to `.fffffffff`, 0 where there is no point, -1 where no digits follow it or too many do. */
function readFraction(scan: Scan, out: Moment): number {
  if (!take(scan, 0x2e)) return 0;
  let micros = 0;
  let unit = 100_000;
  let count = 0;
  for (let digit = digitAt(scan); digit >= 0; digit = digitAt(scan)) {
    if (unit >= 1) micros += digit * unit;
    else if (digit !== 0) out.isCut = true;
    unit = Math.floor(unit / 10);
    count += 1;
    scan.at += 1;
  }
  return count >= 1 && count <= 9 ? micros : -1;
}

function readOffset(scan: Scan, out: Moment): boolean {
  if (scan.at === scan.end) return true;
  if (take(scan, 0x5a)) {
    out.offsetMinutes = 0;
    return true;
  }
  const isNegative = take(scan, 0x2d);
  if (!isNegative && !take(scan, 0x2b)) return false;
  const hours = twoDigits(scan);
  const hasMinutes = take(scan, 0x3a) || scan.at < scan.end;
  const minutes = hasMinutes ? twoDigits(scan) : 0;
  if (hours < 0 || hours > OFFSET_HOURS_MAX || minutes < 0 || minutes > 59) return false;
  const size = hours * 60 + minutes;
  out.offsetMinutes = isNegative ? -size : size;
  return true;
}

/** Two digits, or -1 where there are no two digits. */
function twoDigits(scan: Scan): number {
  const tens = digitAt(scan);
  scan.at += 1;
  const ones = digitAt(scan);
  scan.at += 1;
  return tens < 0 || ones < 0 ? -1 : tens * 10 + ones;
}

function digitAt(scan: Scan): number {
  if (scan.at >= scan.end) return -1;
  const digit = (scan.bytes[scan.at] as number) - 0x30;
  return digit >= 0 && digit <= 9 ? digit : -1;
}

/** Moves over one byte if it is the given one. */
function take(scan: Scan, byte: number): boolean {
  const isThere = scan.at < scan.end && scan.bytes[scan.at] === byte;
  if (isThere) scan.at += 1;
  return isThere;
}
