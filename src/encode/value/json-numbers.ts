import { endOfNumber, endOfString } from '../../lib/bytes/json-text.js';
import { createDecimal, FRACTION_DIGITS_MAX, INTEGER_DIGITS_MAX, parseDecimal } from './decimal.js';

const quote = 0x22;
const letterE = 0x65;
/** A number without an exponent that is no longer holds neither too many digits before its point nor after it. */
const plainMax = FRACTION_DIGITS_MAX;
/** PostgreSQL's set_var_from_str refuses an exponent of half the largest int, whatever stands before it. */
const exponentMax = 2 ** 30 - 1;

const decimal = createDecimal();

/** The position of the first number of a valid JSON text that PostgreSQL's numeric refuses, or −1. */
export function findHugeNumber(bytes: Buffer): number {
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte === quote) at = endOfString(bytes, at, bytes.length);
    else if (byte === 0x2d || isDigit(byte)) {
      const end = endOfNumber(bytes, at, bytes.length);
      if (isHuge(bytes, at, end)) return at;
      at = end;
    } else at++;
  }
  return -1;
}

function isHuge(bytes: Buffer, start: number, end: number): boolean {
  const exponentAt = start + bytes.subarray(start, end).findIndex((byte) => (byte | 0x20) === letterE);
  if (exponentAt < start && end - start <= plainMax) return false;
  if (parseDecimal(decimal, bytes, start, end))
    return (decimal.count > 0 && decimal.point > INTEGER_DIGITS_MAX) || decimal.scale > FRACTION_DIGITS_MAX;
  // An exponent beyond all that it holds, which a zero may have.
  const exponent = Number(bytes.toString('latin1', exponentAt + 1, end));
  return decimal.count > 0 || exponent < 0 || exponent > exponentMax;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
