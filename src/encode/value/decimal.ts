/** Most digits before and after the point that PostgreSQL's numeric can hold (its documentation, table 8.2). */
export const INTEGER_DIGITS_MAX = 131_072;
export const FRACTION_DIGITS_MAX = 16_383;

const EXPONENT_MAX = INTEGER_DIGITS_MAX + FRACTION_DIGITS_MAX;

/** An exact decimal number, ± 0.d1 d2 … dn × 10^point, filled again for each value. */
export interface Decimal {
  isNegative: boolean;
  /** Digits 0 to 9 without leading or trailing zeros. Only the first `count` entries are valid; none for zero. */
  digits: Uint8Array;
  count: number;
  /** Number of digits before the decimal point; 0 or less where zeros follow it. */
  point: number;
  /** Digits after the point as written, trailing zeros included, the exponent taken into account. */
  scale: number;
}

/** A Decimal of value zero that has memory to grow. */
export function createDecimal(): Decimal {
  return { isNegative: false, digits: new Uint8Array(64), count: 0, point: 0, scale: 0 };
}

/**
 * Reads `[+-] digits [. digits] [e [+-] digits]` (a digit at least on one side of the point, no spaces) from ASCII
 * bytes into `out`. False where the bytes are anything else, or where the exponent is beyond all that numeric holds.
 */
export function parseDecimal(out: Decimal, bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  const first = at < end ? bytes[at] : 0;
  out.isNegative = first === 0x2d;
  if (first === 0x2d || first === 0x2b) at += 1;
  if (end - at > out.digits.length) out.digits = new Uint8Array(end - at);
  out.count = 0;
  out.point = 0;
  let digitsSeen = 0;
  let fractionDigits = 0;
  let hasPoint = false;
  for (; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === 0x2e && !hasPoint) {
      hasPoint = true;
      continue;
    }
    const digit = byte - 0x30;
    if (digit < 0 || digit > 9) break;
    digitsSeen += 1;
    if (hasPoint) fractionDigits += 1;
    if (out.count > 0 || digit !== 0) {
      out.digits[out.count] = digit;
      out.count += 1;
      if (!hasPoint) out.point += 1;
    } else if (hasPoint) out.point -= 1;
  }
  if (digitsSeen === 0) return false;
  const exponent = at === end ? 0 : parseExponent(bytes, at, end);
  if (Number.isNaN(exponent)) return false;
  out.scale = Math.max(0, fractionDigits - exponent);
  out.point += exponent;
  while (out.count > 0 && out.digits[out.count - 1] === 0) out.count -= 1;
  return true;
}

/** ASCII digits of the decimal without its point, for BigInt(); '0' for zero. */
export function digitsText(decimal: Decimal): string {
  let text = decimal.isNegative ? '-' : '';
  for (let i = 0; i < decimal.count; i += 1) text += decimal.digits[i];
  return decimal.count === 0 ? '0' : text;
}

/** NaN where there is no exponent at `at`, or one that is too large. */
function parseExponent(bytes: Uint8Array, at: number, end: number): number {
  if (((bytes[at] as number) | 0x20) !== 0x65) return Number.NaN;
  let next = at + 1;
  const sign = next < end ? bytes[next] : 0;
  if (sign === 0x2d || sign === 0x2b) next += 1;
  if (next === end) return Number.NaN;
  let value = 0;
  for (; next < end; next += 1) {
    const digit = (bytes[next] as number) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
    if (value > EXPONENT_MAX) return Number.NaN;
  }
  return sign === 0x2d ? -value : value;
}
