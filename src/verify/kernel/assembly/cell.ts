/*
 * Cells in canonical form: a tag, the length as a little-endian u32, the bytes. `src/verify/canonical.ts` is the same in
 * TypeScript, says what the forms mean, and is asked for every cell whose form is not the frequent one of its column.
 */
import {
  formAsIs,
  formBinaryBool,
  formBinaryFloat,
  formBinaryInteger,
  formBinaryMoment,
  formBinaryUuid,
  formBool,
  formBytea,
  formFloat4,
  formFloat8,
  formInteger,
  formMicroseconds,
  formMilliseconds,
  formMoment,
  formSeconds,
  formUuid,
} from '../layout';
import { putBinaryBool, putBinaryFloat, putBinaryInteger, putBinaryMoment, putBinaryUuid } from './binary';
import { open, putMoment } from './form';
import { micros, readStamp, seconds } from './stamp';

// The storage classes of `src/model/value.ts`.
export const STORAGE_NULL: u8 = 0;
const STORAGE_INTEGER: u8 = 1;
const STORAGE_REAL: u8 = 3;
const STORAGE_TEXT: u8 = 4;

/** Digits of which every number is exact as a double. */
const SAFE_DIGITS: u32 = 15;

/** Puts a cell at `to` and returns its end; 0 where the cell has another form. `number` is the address of its double. */
export function putCell(form: i32, storage: u8, start: usize, end: usize, number: usize, to: usize): usize {
  switch (form) {
    case formAsIs:
      return putBytes(start, end, to);
    case formInteger:
      return storage === STORAGE_INTEGER ? putBytes(start, end, to) : 0;
    case formBool:
      return putBool(start, end, to);
    case formFloat8:
      return putFloat(storage, start, end, number, to, false);
    case formFloat4:
      return putFloat(storage, start, end, number, to, true);
    case formMoment:
      return storage === STORAGE_TEXT ? putStamp(start, end, to) : 0;
    case formSeconds:
      return putEpoch(1, storage, start, end, to);
    case formMilliseconds:
      return putEpoch(1_000, storage, start, end, to);
    case formMicroseconds:
      return putEpoch(1_000_000, storage, start, end, to);
    case formBytea:
      return putHex(start + 2, end, to);
    case formUuid:
      return storage === STORAGE_TEXT ? putUuid(start, end, to) : 0;
    case formBinaryInteger:
      return putBinaryInteger(start, end, to);
    case formBinaryBool:
      return putBinaryBool(start, end, to);
    case formBinaryFloat:
      return putBinaryFloat(start, end, to);
    case formBinaryMoment:
      return putBinaryMoment(start, end, to);
    case formBinaryUuid:
      return putBinaryUuid(start, end, to);
    default:
      return 0;
  }
}

/** Up to seven bytes behind the cell are overwritten, too; the next cell or the next row begins there. */
function putBytes(start: usize, end: usize, to: usize): usize {
  const size = (end - start) as u32;
  const out = open(to, size);
  if (size > 128) memory.copy(out, start, size);
  else for (let at: u32 = 0; at < size; at += 8) store<u64>(out + at, load<u64>(start + at));
  return out + size;
}

function putBool(start: usize, end: usize, to: usize): usize {
  if (end - start !== 1) return 0;
  const letter = load<u8>(start);
  const isTrue = letter === 0x31 || letter === 0x74;
  if (!isTrue && letter !== 0x30 && letter !== 0x66) return 0;
  const out = open(to, 1);
  store<u8>(out, isTrue ? 0x31 : 0x30);
  return out + 1;
}

function putFloat(storage: u8, start: usize, end: usize, number: usize, to: usize, isNarrow: bool): usize {
  let value: f64 = 0;
  if (storage === STORAGE_REAL) value = load<f64>(number);
  else if (storage === STORAGE_INTEGER) {
    if (!isShortInteger(start, end)) return 0;
    value = shortInteger(start, end) as f64;
  } else if (storage === STORAGE_TEXT && isShortDecimal(start, end)) value = shortDecimal(start, end);
  else return 0;
  const out = open(to, 8);
  store<f64>(out, isNarrow ? (value as f32 as f64) : value);
  return out + 8;
}

/** Whether the text is `-?digits`, perhaps with a point and digits behind, 15 at most: a double may lack some of more. */
function isShortDecimal(start: usize, end: usize): bool {
  let at = start;
  if (at < end && load<u8>(at) === 0x2d) at += 1;
  const first = at;
  while (at < end && isDigit(load<u8>(at))) at += 1;
  const whole = at - first;
  if (whole === 0 || at === end) return whole > 0 && (whole as u32) <= SAFE_DIGITS;
  if (load<u8>(at) !== 0x2e) return false;
  const fraction = at + 1;
  at = fraction;
  while (at < end && isDigit(load<u8>(at))) at += 1;
  return at === end && at > fraction && ((whole + at - fraction) as u32) <= SAFE_DIGITS;
}

function isDigit(byte: u8): bool {
  return byte - 0x30 < 10;
}

/** Up to 15 digits over a power of ten up to 15 are exact, and so is then their one division. */
function shortDecimal(start: usize, end: usize): f64 {
  let mantissa: u64 = 0;
  let scale: f64 = 1;
  let isFraction = false;
  let isNegative = false;
  for (let at = start; at < end; at += 1) {
    const byte = load<u8>(at);
    if (byte === 0x2d) isNegative = true;
    else if (byte === 0x2e) isFraction = true;
    else {
      mantissa = mantissa * 10 + ((byte - 0x30) as u64);
      if (isFraction) scale *= 10;
    }
  }
  const value = (mantissa as f64) / scale;
  return isNegative ? -value : value;
}

function isShortInteger(start: usize, end: usize): bool {
  return ((end - start) as u32) <= SAFE_DIGITS;
}

/** SQLite's own decimal text of an integer. */
function shortInteger(start: usize, end: usize): i64 {
  const isNegative = load<u8>(start) === 0x2d;
  let value: i64 = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at += 1) value = value * 10 + ((load<u8>(at) - 0x30) as i64);
  return isNegative ? -value : value;
}

function putEpoch(perSecond: i64, storage: u8, start: usize, end: usize, to: usize): usize {
  if (storage === STORAGE_TEXT) return putStamp(start, end, to);
  if (storage !== STORAGE_INTEGER || !isShortInteger(start, end)) return 0;
  const value = shortInteger(start, end);
  let whole = value / perSecond;
  if (value < 0 && whole * perSecond !== value) whole -= 1;
  return putMoment(whole as f64, ((value - whole * perSecond) * (1_000_000 / perSecond)) as u32, to);
}

function putStamp(start: usize, end: usize, to: usize): usize {
  return readStamp(start, end) ? putMoment(seconds as f64, micros, to) : 0;
}

function hexValue(byte: u8): u32 {
  if (isDigit(byte)) return (byte - 0x30) as u32;
  return byte - 0x61 < 6 ? ((byte - 0x57) as u32) : 16;
}

/** Two lower-case digits for each byte, from `start` on. */
function putHex(start: usize, end: usize, to: usize): usize {
  const size = ((end - start) >> 1) as u32;
  let out = open(to, size);
  for (let at = start; at < end; at += 2) {
    const high = hexValue(load<u8>(at));
    const low = hexValue(load<u8>(at, 1));
    if ((high | low) > 15) return 0;
    store<u8>(out, ((high << 4) | low) as u8);
    out += 1;
  }
  return out;
}

/** 32 lower-case digits in groups of 8, 4, 4, 4 and 12, as PostgreSQL prints them. */
function putUuid(start: usize, end: usize, to: usize): usize {
  if (end - start !== 36) return 0;
  let out = open(to, 32);
  for (let i: usize = 0; i < 36; i += 1) {
    const byte = load<u8>(start + i);
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (byte !== 0x2d) return 0;
    } else {
      if (hexValue(byte) > 15) return 0;
      store<u8>(out, byte);
      out += 1;
    }
  }
  return out;
}
