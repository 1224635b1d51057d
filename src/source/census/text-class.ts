import { isUtf8 } from 'node:buffer';
import { findJsonFault } from '../../lib/bytes/json-text.js';
import { mayBeginMoment, readWrittenMoment } from '../../lib/time/written-moment.js';
import type { ValueClass } from '../../model/census.js';

/** A text with these or more bytes is no number, date or uuid. */
const shortBytes = 48;
/** A text with these or more bytes is no moment in whatever form. */
const writtenBytes = 96;
const boolWords = new Set(['t', 'f', 'true', 'false', 'y', 'n', 'yes', 'no', 'on', 'off']);
const monthDays: readonly number[] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** What a text turned out to be; filled again for each. */
export interface TextShape {
  /** Digits before and after the point of a decimal. */
  wholeDigits: number;
  scale: number;
  /** Fraction digits of a second. */
  fractionDigits: number;
}

/** The class of the text in bytes[start, end), which may be no UTF-8. */
export function textClass(bytes: Buffer, start: number, end: number, shape: TextShape): ValueClass {
  const length = end - start;
  if (length === 0) return 'text_empty';
  const first = bytes[start] as number;
  if (length < shortBytes) {
    const short = shortClass(bytes, start, end, first, shape);
    if (short !== null) return short;
  }
  const wrong = wrongClass(bytes, start, end);
  if (wrong !== null) return wrong;
  const mayBeMoment = length < writtenBytes && mayBeginMoment(first);
  if (mayBeMoment && isWrittenMoment(bytes.toString('latin1', start, end))) return 'text_moment';
  const mayBeJson = first === 0x7b || first === 0x5b || first === 0x22;
  return mayBeJson && findJsonFault(bytes, start, end) < 0 ? 'text_json' : 'text_other';
}

/** The class of a short ASCII text, or null for every other text. */
function shortClass(bytes: Buffer, start: number, end: number, first: number, shape: TextShape): ValueClass | null {
  if (isDigit(first)) {
    if (end - start >= 8 && bytes[start + 4] === 0x2d) {
      const stamp = stampClass(bytes, start, end, shape);
      if (stamp !== null) return stamp;
    } else if (end - start >= 5 && bytes[start + 2] === 0x3a) {
      return readClock(bytes, start, end, shape) === end ? 'text_time' : null;
    }
  }
  if (isDigit(first) || first === 0x2d || first === 0x2b || first === 0x2e) {
    const number = numberClass(bytes, start, end, shape);
    if (number !== null) return number;
  }
  if (isUuid(bytes, start, end)) return 'text_uuid';
  return end - start <= 5 && boolWords.has(bytes.toString('latin1', start, end).toLowerCase()) ? 'text_bool' : null;
}

/** Another form of a date and time, of a day and a clock that there are. */
function isWrittenMoment(text: string): boolean {
  const written = readWrittenMoment(text);
  if (written === null) return false;
  const { year, month, day, hour, minute, second } = written;
  if (month < 1 || month > 12 || hour > 24 || minute > 59 || second > 60) return false;
  return day >= 1 && day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function numberClass(bytes: Buffer, start: number, end: number, shape: TextShape): ValueClass | null {
  const first = bytes[start];
  let at = first === 0x2d || first === 0x2b ? start + 1 : start;
  const digitsAt = at;
  while (at < end && isDigit(bytes[at] as number)) at++;
  const wholeDigits = at - digitsAt;
  if (at === end) {
    shape.wholeDigits = wholeDigits;
    shape.scale = 0;
    return wholeDigits > 0 ? 'text_integer' : null;
  }
  if (bytes[at] !== 0x2e) return null;
  const fractionAt = ++at;
  while (at < end && isDigit(bytes[at] as number)) at++;
  shape.wholeDigits = wholeDigits;
  shape.scale = at - fractionAt;
  return at === end && wholeDigits + shape.scale > 0 ? 'text_decimal' : null;
}

/** The class of `YYYY-MM-DD`, alone or followed by `T` or a space, a time, and perhaps an offset. */
function stampClass(bytes: Buffer, start: number, end: number, shape: TextShape): ValueClass | null {
  if (end - start < 10 || bytes[start + 7] !== 0x2d) return null;
  const month = twoDigits(bytes, start + 5);
  const day = twoDigits(bytes, start + 8);
  const century = twoDigits(bytes, start);
  const year = century * 100 + twoDigits(bytes, start + 2);
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= (monthDays[month - 1] as number))) return null;
  if (month === 2 && day === 29 && !(year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0))) return null;
  if (end - start === 10) return 'text_date';
  const separator = bytes[start + 10];
  if (separator !== 0x54 && separator !== 0x20) return null;
  const at = readClock(bytes, start + 11, end, shape);
  if (at === end) return 'text_iso';
  return at > 0 && isOffset(bytes, at, end) ? 'text_iso_offset' : null;
}

/** Where `HH:MM[:SS[.f…]]` ends, or -1. */
function readClock(bytes: Buffer, start: number, end: number, shape: TextShape): number {
  shape.fractionDigits = 0;
  if (start + 5 > end || bytes[start + 2] !== 0x3a) return -1;
  if (!(twoDigits(bytes, start) <= 24 && twoDigits(bytes, start + 3) <= 59)) return -1;
  if (start + 5 === end || bytes[start + 5] !== 0x3a) return start + 5;
  if (start + 8 > end || !(twoDigits(bytes, start + 6) <= 60)) return -1;
  if (start + 8 === end || bytes[start + 8] !== 0x2e) return start + 8;
  let at = start + 9;
  while (at < end && isDigit(bytes[at] as number)) at++;
  shape.fractionDigits = at - start - 9;
  return at;
}

/** NaN where a digit is missing, which fails every comparison. */
function twoDigits(bytes: Buffer, at: number): number {
  const tens = (bytes[at] as number) - 0x30;
  const ones = (bytes[at + 1] as number) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** `Z`, `±HH`, `±HHMM` or `±HH:MM`. */
function isOffset(bytes: Buffer, start: number, end: number): boolean {
  const sign = bytes[start];
  if (sign === 0x5a) return start + 1 === end;
  if ((sign !== 0x2b && sign !== 0x2d) || !(twoDigits(bytes, start + 1) <= 15)) return false;
  if (start + 3 === end) return true;
  const minutesAt = bytes[start + 3] === 0x3a ? start + 4 : start + 3;
  return minutesAt + 2 === end && twoDigits(bytes, minutesAt) <= 59;
}

/** 32 hex digits, or 36 characters with hyphens after 8, 12, 16 and 20 of them. */
function isUuid(bytes: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (length !== 36 && length !== 32) return false;
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i] as number;
    const isHyphenPosition = length === 36 && (i === 8 || i === 13 || i === 18 || i === 23);
    const lower = byte | 0x20;
    if (isHyphenPosition ? byte !== 0x2d : !isDigit(byte) && !(lower >= 0x61 && lower <= 0x66)) return false;
  }
  return true;
}

function wrongClass(bytes: Buffer, start: number, end: number): ValueClass | null {
  if (end - start < shortBytes) {
    let hasHighBit = false;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === 0) return isUtf8(bytes.subarray(start, end)) ? 'text_nul' : 'text_invalid_utf8';
      if (byte > 0x7f) hasHighBit = true;
    }
    return !hasHighBit || isUtf8(bytes.subarray(start, end)) ? null : 'text_invalid_utf8';
  }
  const text = bytes.subarray(start, end);
  if (!isUtf8(text)) return 'text_invalid_utf8';
  return text.includes(0) ? 'text_nul' : null;
}
