/* Cells in the binary forms of PostgreSQL's send functions, which are big-endian, in canonical form; 0 where asked for. */
import { open, putMoment } from './form';

/** PostgreSQL counts from 2000-01-01. */
const EPOCH_SECONDS: i64 = 946_684_800;
const DAY_SECONDS: i64 = 86_400;
const MILLION: i64 = 1_000_000;
/** From 0100-01-01 up to 10000-01-01. */
const FIRST_SECOND: i64 = -59_011_459_200;
const END_SECOND: i64 = 253_402_300_800;

export function putBinaryInteger(start: usize, end: usize, to: usize): usize {
  const size = (end - start) as u32;
  let value: i64;
  if (size === 8) value = bswap<i64>(load<i64>(start));
  else if (size === 4) value = bswap<i32>(load<i32>(start)) as i64;
  else if (size === 2) value = bswap<i16>(load<i16>(start)) as i64;
  else return 0;
  const isNegative = value < 0;
  let rest: u64 = isNegative ? 0 - (value as u64) : (value as u64);
  const length = digitsOf(rest) + (isNegative ? 1 : 0);
  const out = open(to, length);
  let at = out + length;
  while (rest > 0xffff_ffff) {
    at -= 1;
    store<u8>(at, (0x30 + (rest % 10)) as u8);
    rest /= 10;
  }
  let low = rest as u32;
  do {
    at -= 1;
    store<u8>(at, (0x30 + (low % 10)) as u8);
    low /= 10;
  } while (low > 0);
  if (isNegative) store<u8>(out, 0x2d);
  return out + length;
}

/** Ten to the 19th is the highest power that 64 bits hold, and more digits than 20 there are none. */
function digitsOf(value: u64): u32 {
  let digits: u32 = 1;
  for (let power: u64 = 10; value >= power; power *= 10) {
    digits += 1;
    if (digits === 20) break;
  }
  return digits;
}

export function putBinaryBool(start: usize, end: usize, to: usize): usize {
  if (end - start !== 1) return 0;
  const value = load<u8>(start);
  if (value > 1) return 0;
  const out = open(to, 1);
  store<u8>(out, 0x30 + value);
  return out + 1;
}

export function putBinaryFloat(start: usize, end: usize, to: usize): usize {
  const size = (end - start) as u32;
  let value: f64;
  if (size === 8) value = reinterpret<f64>(bswap<u64>(load<u64>(start)));
  else if (size === 4) value = reinterpret<f32>(bswap<u32>(load<u32>(start))) as f64;
  else return 0;
  // Neither holds of NaN.
  if (!(value >= 0 || value < 0)) return 0;
  const out = open(to, 8);
  store<f64>(out, value);
  return out + 8;
}

/** Days of four bytes, or microseconds of eight; the ends of either are the infinities. */
export function putBinaryMoment(start: usize, end: usize, to: usize): usize {
  const size = (end - start) as u32;
  let seconds: i64;
  let micros: i64 = 0;
  if (size === 8) {
    const value = bswap<i64>(load<i64>(start));
    seconds = value / MILLION;
    micros = value - seconds * MILLION;
    if (micros < 0) {
      micros += MILLION;
      seconds -= 1;
    }
  } else if (size === 4) seconds = (bswap<i32>(load<i32>(start)) as i64) * DAY_SECONDS;
  else return 0;
  seconds += EPOCH_SECONDS;
  if (seconds < FIRST_SECOND || seconds >= END_SECOND) return 0;
  return putMoment(seconds as f64, micros as u32, to);
}

export function putBinaryUuid(start: usize, end: usize, to: usize): usize {
  if (end - start !== 16) return 0;
  let out = open(to, 32);
  for (let at = start; at < end; at += 1) {
    const byte = load<u8>(at);
    store<u8>(out, digit(byte >> 4));
    store<u8>(out, digit(byte & 15), 1);
    out += 2;
  }
  return out;
}

function digit(value: u8): u8 {
  return value < 10 ? 0x30 + value : 0x57 + value;
}
