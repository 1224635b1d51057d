/*
 * Values that SQLite keeps as text and PostgreSQL does not, in the one form that most programs write. Every other form,
 * and what is wrong, gives `none` or −1: it is left to the encoders in `src/encode`.
 */

export const none: i64 = i64.MIN_VALUE;

const dateBytes: u32 = 10;
const dateTimeBytes: u32 = 19;
const fractionBytesMax: u32 = 7;
const microsPerDay: i64 = 86_400_000_000;
/** Days from 0000-03-01 to 2000-01-01. */
const daysTo2000: i32 = 730_425;
const uuidTextBytes: u32 = 36;

/** `YYYY-MM-DD` as days since 2000-01-01. */
export function readDay(at: usize, length: u32): i64 {
  return length === dateBytes ? dayAt(at) : none;
}

/**
 * `YYYY-MM-DD`, `T` or a space, `HH:MM:SS`, up to six digits of a fraction, and `Z`, `+00:00` or, unless `needsOffset`,
 * nothing, as microseconds since 2000-01-01. The time of day is below 24:00.
 */
export function readMoment(at: usize, length: u32, needsOffset: bool): i64 {
  if (length < dateTimeBytes) return none;
  const day = dayAt(at);
  const hours = twoDigits(at + 11);
  const minutes = twoDigits(at + 14);
  const seconds = twoDigits(at + 17);
  const between = load<u8>(at, 10);
  if (day === none || (between !== 0x54 && between !== 0x20)) return none;
  if ((hours as u32) > 23 || (minutes as u32) > 59 || (seconds as u32) > 59) return none;
  if (load<u8>(at, 13) !== 0x3a || load<u8>(at, 16) !== 0x3a) return none;
  const end = at + length;
  let next = at + dateTimeBytes;
  let fraction: i64 = 0;
  if (next < end && load<u8>(next) === 0x2e) {
    const digitsEnd = min<usize>(end, next + fractionBytesMax);
    let unit: i64 = 100_000;
    for (next++; next < digitsEnd; next++, unit /= 10) {
      const digit = ((load<u8>(next) as u32) - 0x30) as u32;
      if (digit > 9) break;
      fraction += (digit as i64) * unit;
    }
    if (unit === 100_000) return none;
  }
  if (next === end ? needsOffset : !isZeroOffset(next, end)) return none;
  return day * microsPerDay + (((hours * 60 + minutes) * 60 + seconds) as i64) * 1_000_000 + fraction;
}

function isZeroOffset(at: usize, end: usize): bool {
  if (end - at === 1) return load<u8>(at) === 0x5a;
  // "+00:00"
  return end - at === 6 && load<u32>(at) === 0x3a30302b && load<u16>(at, 4) === 0x3030;
}

/** Days of a date by eras of 400 years that begin on 1 March, so that 29 February is last; years from 1 on. */
function dayAt(at: usize): i64 {
  const century = twoDigits(at);
  const yearOf = twoDigits(at + 2);
  const month = twoDigits(at + 5);
  const day = twoDigits(at + 8);
  if ((century | yearOf) < 0 || load<u8>(at, 4) !== 0x2d || load<u8>(at, 7) !== 0x2d) return none;
  const year = century * 100 + yearOf;
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return none;
  const shifted = month <= 2 ? year - 1 : year;
  const era = shifted / 400;
  const yearOfEra = shifted - era * 400;
  const dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
  return (era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - daysTo2000) as i64;
}

function daysOf(year: i32, month: i32): i32 {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** −1 where there are not two digits. */
function twoDigits(at: usize): i32 {
  const tens = (load<u8>(at) as u32) - 0x30;
  const ones = (load<u8>(at, 1) as u32) - 0x30;
  return tens > 9 || ones > 9 ? -1 : ((tens * 10 + ones) as i32);
}

/** Sixteen bytes of a uuid written in hexadecimal digits with four hyphens; false where it is written otherwise. */
export function writeUuid(to: usize, from: usize, length: u32): bool {
  if (length !== uuidTextBytes) return false;
  let at = from;
  for (let i: u32 = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) {
      if (load<u8>(at) !== 0x2d) return false;
      at++;
    }
    const byte = (hexDigit(load<u8>(at)) << 4) | hexDigit(load<u8>(at, 1));
    if (byte < 0) return false;
    store<u8>(to + i, byte as u8);
    at += 2;
  }
  return true;
}

/** Negative where it is no digit. */
function hexDigit(byte: u8): i32 {
  const digit = (byte as u32) - 0x30;
  if (digit <= 9) return digit as i32;
  const letter = ((byte | 0x20) as u32) - 0x61;
  return letter <= 5 ? ((letter + 10) as i32) : -1;
}

/**
 * Whether a text is one of the labels, which are stored one after the other, each with its length before it as int32.
 */
export function isLabel(labels: usize, labelsEnd: usize, from: usize, length: u32): bool {
  for (let at = labels; at < labelsEnd; at += 4 + load<u32>(at)) {
    if (load<u32>(at) === length && memory.compare(at + 4, from, length) === 0) return true;
  }
  return false;
}
