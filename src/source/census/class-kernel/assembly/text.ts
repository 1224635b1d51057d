/*
 * The classes of texts, as `text-class.ts` tells them; one that may be a moment in another form is asked for.
 */
import {
  classCount,
  classTextBool,
  classTextDate,
  classTextDecimal,
  classTextEmpty,
  classTextInteger,
  classTextInvalidUtf8,
  classTextIso,
  classTextIsoOffset,
  classTextJson,
  classTextNul,
  classTextOther,
  classTextTime,
  classTextUuid,
  classStateOpen,
  classStateScales,
  classStateWholeDigits,
} from '../layout';
import { askText } from './ask';
import { isJson, isTooDeep } from './json';
import { isUtf8 } from '../../kernel/assembly/utf8';

const shortBytes: u32 = 48;
const writtenBytes: u32 = 96;
/** No class: the text is none of those that were looked for. */
const none: i32 = -1;

/** Digits of the number, or of the fraction of a second, that was read last. */
let wholeDigits: u32 = 0;
let scale: u32 = 0;

/** The class of a text; its digits are counted. */
export function classOfText(state: usize, index: u32, start: usize, length: u32): i32 {
  if (length === 0) return classTextEmpty;
  const first = load<u8>(start) as u32;
  const end = start + length;
  if (length < shortBytes) {
    const short = shortClass(start, end, first);
    if (short >= 0) {
      if (short !== classTextUuid && short !== classTextBool && short !== classTextDate) widen(state, index, short);
      return short;
    }
  }
  const wrong = wrongClass(start, end);
  if (wrong >= 0) return wrong;
  if (length < writtenBytes && mayBeMoment(start, length, first)) return askText(index, start, length);
  if (first !== 0x7b && first !== 0x5b && first !== 0x22) return classTextOther;
  if (isJson(load<u32>(state, classStateOpen), start, end)) return classTextJson;
  return isTooDeep ? askText(index, start, length) : classTextOther;
}

function widen(state: usize, index: u32, found: i32): void {
  const most = load<u32>(state, classStateScales) + 8 * (index * classCount + found);
  if ((scale as f64) > load<f64>(most)) store<f64>(most, scale as f64);
  if (found !== classTextInteger && found !== classTextDecimal) return;
  const whole = load<u32>(state, classStateWholeDigits) + 8 * index;
  if ((wholeDigits as f64) > load<f64>(whole)) store<f64>(whole, wholeDigits as f64);
}

function shortClass(start: usize, end: usize, first: u32): i32 {
  const length = (end - start) as u32;
  if (isDigit(first)) {
    if (length >= 8 && load<u8>(start, 4) === 0x2d) {
      const stamp = stampClass(start, end);
      if (stamp >= 0) return stamp;
    } else if (length >= 5 && load<u8>(start, 2) === 0x3a) {
      return clockEnd(start, end) === end ? classTextTime : none;
    }
  }
  if (isDigit(first) || first === 0x2d || first === 0x2b || first === 0x2e) {
    const number = numberClass(start, end, first);
    if (number >= 0) return number;
  }
  if (isUuid(start, length)) return classTextUuid;
  return length <= 5 && isTruthWord(start, length) ? classTextBool : none;
}

function isDigit(byte: u32): bool {
  return byte - 0x30 <= 9;
}

function numberClass(start: usize, end: usize, first: u32): i32 {
  const digitsAt = first === 0x2d || first === 0x2b ? start + 1 : start;
  let at = digitsEnd(digitsAt, end);
  wholeDigits = (at - digitsAt) as u32;
  scale = 0;
  if (at === end) return wholeDigits > 0 ? classTextInteger : none;
  if (load<u8>(at) !== 0x2e) return none;
  const fractionAt = at + 1;
  at = digitsEnd(fractionAt, end);
  scale = (at - fractionAt) as u32;
  return at === end && wholeDigits + scale > 0 ? classTextDecimal : none;
}

function digitsEnd(start: usize, end: usize): usize {
  let at = start;
  while (at < end && isDigit(load<u8>(at))) at++;
  return at;
}

/** `YYYY-MM-DD`, alone or followed by `T` or a space, a time, and perhaps an offset. */
function stampClass(start: usize, end: usize): i32 {
  const length = (end - start) as u32;
  if (length < 10 || load<u8>(start, 7) !== 0x2d) return none;
  const month = twoDigits(start + 5);
  const day = twoDigits(start + 8);
  const century = twoDigits(start);
  const yearOf = twoDigits(start + 2);
  if (century > 99 || yearOf > 99 || month < 1 || month > 12 || day < 1) return none;
  if (day > daysOf(century * 100 + yearOf, month)) return none;
  if (length === 10) return classTextDate;
  const separator = load<u8>(start, 10);
  if (separator !== 0x54 && separator !== 0x20) return none;
  const at = clockEnd(start + 11, end);
  if (at === end) return classTextIso;
  return at > 0 && isOffset(at, end) ? classTextIsoOffset : none;
}

function daysOf(year: u32, month: u32): u32 {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Where `HH:MM[:SS[.f…]]` ends, or 0; the digits of the fraction are in `scale`. */
function clockEnd(start: usize, end: usize): usize {
  scale = 0;
  if (start + 5 > end || load<u8>(start, 2) !== 0x3a) return 0;
  if (twoDigits(start) > 24 || twoDigits(start + 3) > 59) return 0;
  if (start + 5 === end || load<u8>(start, 5) !== 0x3a) return start + 5;
  if (start + 8 > end || twoDigits(start + 6) > 60) return 0;
  if (start + 8 === end || load<u8>(start, 8) !== 0x2e) return start + 8;
  const at = digitsEnd(start + 9, end);
  scale = (at - start - 9) as u32;
  return at;
}

/** More than any bound where a digit is missing. */
function twoDigits(at: usize): u32 {
  const tens = (load<u8>(at) as u32) - 0x30;
  const units = (load<u8>(at, 1) as u32) - 0x30;
  return tens <= 9 && units <= 9 ? tens * 10 + units : u32.MAX_VALUE;
}

/** `Z`, `±HH`, `±HHMM` or `±HH:MM`. */
function isOffset(start: usize, end: usize): bool {
  const sign = load<u8>(start);
  const length = (end - start) as u32;
  if (sign === 0x5a) return length === 1;
  if ((sign !== 0x2b && sign !== 0x2d) || length < 3 || twoDigits(start + 1) > 15) return false;
  if (length === 3) return true;
  const minutesAt = start + (load<u8>(start, 3) === 0x3a ? 4 : 3);
  return minutesAt + 2 === end && twoDigits(minutesAt) <= 59;
}

/** 32 hex digits, or 36 characters with hyphens after 8, 12, 16 and 20 of them. */
function isUuid(start: usize, length: u32): bool {
  if (length !== 36 && length !== 32) return false;
  for (let i: u32 = 0; i < length; i++) {
    const byte = load<u8>(start + i) as u32;
    const isHyphenPosition = length === 36 && (i === 8 || i === 13 || i === 18 || i === 23);
    if (isHyphenPosition ? byte !== 0x2d : !isDigit(byte) && (byte | 0x20) - 0x61 > 5) return false;
  }
  return true;
}

/** t, f, true, false, y, n, yes, no, on or off, in whatever case: each word as the number that its bytes make. */
function isTruthWord(start: usize, length: u32): bool {
  let word: u64 = 0;
  for (let i: u32 = 0; i < length; i++) word = (word << 8) | ((load<u8>(start + i) | 0x20) as u64);
  switch (length) {
    case 1:
      return word === 0x74 || word === 0x66 || word === 0x79 || word === 0x6e;
    case 2:
      return word === 0x6e6f || word === 0x6f6e;
    case 3:
      return word === 0x796573 || word === 0x6f6666;
    case 4:
      return word === 0x74727565;
    default:
      return word === 0x66616c7365;
  }
}

/** A byte of 1 in each place; times another byte, that byte in each place. */
const ones: u64 = u64.MAX_VALUE / 0xff;
const highBits: u64 = ones * 0x80;
const blanks: u64 = ones * 0x20;

/** What no text of PostgreSQL can be: no UTF-8, or with a NUL. Eight bytes at a time, those behind the end as blanks. */
function wrongClass(start: usize, end: usize): i32 {
  let bits: u64 = 0;
  let zeros: u64 = 0;
  for (let at = start; at < end; at += 8) {
    let eight = load<u64>(at);
    const left = (end - at) as u64;
    if (left < 8) {
      const behind = u64.MAX_VALUE << (8 * left);
      eight = (eight & ~behind) | (blanks & behind);
    }
    bits |= eight;
    zeros |= (eight - ones) & ~eight & highBits;
  }
  if ((bits & highBits) !== 0 && !isUtf8(start, end)) return classTextInvalidUtf8;
  return zeros !== 0 ? classTextNul : none;
}

/**
 * Whether a text may be one of the other forms of a moment. Those begin with four digits, with one or two and a blank or
 * a hyphen, or with a weekday.
 */
function mayBeMoment(start: usize, length: u32, first: u32): bool {
  if (first <= 0x20) return true;
  if (isDigit(first)) {
    if (length < 4) return false;
    const digits = (digitsEnd(start, start + 4) - start) as u32;
    return digits === 4 || (digits < 3 && mayEndDay(load<u8>(start + digits)));
  }
  if (length < 3) return false;
  switch (((first | 0x20) << 16) | ((load<u8>(start, 1) as u32) << 8) | (load<u8>(start, 2) as u32) | 0x202020) {
    case 0x73756e: // sun
    case 0x6d6f6e: // mon
    case 0x747565: // tue
    case 0x776564: // wed
    case 0x746875: // thu
    case 0x667269: // fri
    case 0x736174: // sat
      return true;
    default:
      return false;
  }
}

function mayEndDay(byte: u32): bool {
  return byte <= 0x20 || byte === 0x2d || byte > 0x7f;
}
