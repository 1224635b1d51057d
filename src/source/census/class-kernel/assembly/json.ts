/*
 * JSON as RFC 8259 writes it, looked at as bytes, as `json-text.ts` does it. Each of the functions gives the address behind
 * what it is named for, or 0 where it is not that.
 */
import { depthMax } from '../layout';

/** Whether the text that was looked at last has more containers within each other than there is memory for. */
export let isTooDeep: bool = false;

/** Whether a text is JSON; `open` is the address of a byte for each container that is open. */
export function isJson(open: usize, start: usize, end: usize): bool {
  isTooDeep = false;
  let depth: u32 = 0;
  let at = skipSpace(start, end);
  while (true) {
    const opening = at < end ? (load<u8>(at) as u32) : 0;
    if (opening === 0x7b || opening === 0x5b) {
      const inner = skipSpace(at + 1, end);
      // "}" and "]" come two after their opening.
      if (inner >= end || (load<u8>(inner) as u32) !== opening + 2) {
        if (depth === depthMax) {
          isTooDeep = true;
          return false;
        }
        store<u8>(open + depth++, opening as u8);
        at = opening === 0x7b ? endOfKey(inner, end) : inner;
        if (at === 0) return false;
        continue;
      }
      at = inner + 1;
    } else at = endOfScalar(at, end);
    if (at === 0) return false;
    // A value has ended, and with it perhaps the containers that it is the last of.
    for (at = skipSpace(at, end); ; at = skipSpace(at + 1, end)) {
      if (depth === 0) return at === end;
      if (at === end) return false;
      const opened = load<u8>(open + depth - 1) as u32;
      const byte = load<u8>(at) as u32;
      if (byte === 0x2c) {
        at = skipSpace(at + 1, end);
        if (opened === 0x7b) at = endOfKey(at, end);
        break;
      }
      if (byte !== opened + 2) return false;
      depth--;
    }
    if (at === 0) return false;
  }
}

/** A key, its colon and the space around it. */
function endOfKey(start: usize, end: usize): usize {
  if (start >= end || load<u8>(start) !== 0x22) return 0;
  let at = endOfString(start, end);
  if (at === 0) return 0;
  at = skipSpace(at, end);
  return at < end && load<u8>(at) === 0x3a ? skipSpace(at + 1, end) : 0;
}

function endOfScalar(start: usize, end: usize): usize {
  if (start >= end) return 0;
  const first = load<u8>(start) as u32;
  if (first === 0x22) return endOfString(start, end);
  if (first === 0x2d || isDigit(first)) return endOfNumber(start, end);
  const length = (end - start) as u32;
  if (length >= 4) {
    const word = load<u32>(start);
    // "true" and "null" as their bytes make a number; "fals" before an "e".
    if (word === 0x65757274 || word === 0x6c6c756e) return start + 4;
    if (word === 0x736c6166 && length >= 5 && load<u8>(start, 4) === 0x65) return start + 5;
  }
  return 0;
}

function endOfString(start: usize, end: usize): usize {
  let at = start + 1;
  while (at < end) {
    const byte = load<u8>(at++) as u32;
    if (byte === 0x22) return at;
    if (byte < 0x20) return 0;
    if (byte !== 0x5c) continue;
    at = endOfEscape(at, end);
    if (at === 0) return 0;
  }
  return 0;
}

/** What follows a backslash: one of `"/\bfnrt`, or u and four hex digits. */
function endOfEscape(at: usize, end: usize): usize {
  if (at >= end) return 0;
  switch (load<u8>(at) as u32) {
    case 0x22:
    case 0x2f:
    case 0x5c:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return at + 1;
    case 0x75:
      if (at + 5 > end) return 0;
      for (let i: usize = 1; i < 5; i++) if (!isHexDigit(load<u8>(at + i))) return 0;
      return at + 5;
    default:
      return 0;
  }
}

function endOfNumber(start: usize, end: usize): usize {
  const wholeAt = load<u8>(start) === 0x2d ? start + 1 : start;
  let at = endOfDigits(wholeAt, end);
  if (at === wholeAt || (load<u8>(wholeAt) === 0x30 && at > wholeAt + 1)) return 0;
  if (at < end && load<u8>(at) === 0x2e) {
    const fractionAt = at + 1;
    at = endOfDigits(fractionAt, end);
    if (at === fractionAt) return 0;
  }
  if (at < end && (load<u8>(at) | 0x20) === 0x65) {
    const hasSign = at + 1 < end && (load<u8>(at, 1) === 0x2b || load<u8>(at, 1) === 0x2d);
    const exponentAt = at + (hasSign ? 2 : 1);
    at = endOfDigits(exponentAt, end);
    if (at === exponentAt) return 0;
  }
  return at;
}

function endOfDigits(start: usize, end: usize): usize {
  let at = start;
  while (at < end && isDigit(load<u8>(at))) at++;
  return at;
}

function skipSpace(start: usize, end: usize): usize {
  let at = start;
  while (at < end) {
    const byte = load<u8>(at) as u32;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
    at++;
  }
  return at;
}

function isDigit(byte: u32): bool {
  return byte - 0x30 <= 9;
}

function isHexDigit(byte: u32): bool {
  return isDigit(byte) || (byte | 0x20) - 0x61 <= 5;
}
