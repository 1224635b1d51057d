/**
 * REAL → text as SQLite's CAST(x AS TEXT) prints it since 3.52: `%!.17g`, where SQLite first makes 18 or 19 decimal
 * digits with one 64-bit power of ten, shortens them where fewer digits read back the same double, and else rounds
 * them to 17. The digits are not always the nearest 17, so the arithmetic is repeated here with the same precision.
 */

/**
 * Up to this many significant digits SQLite prints the shortest form of a normal double: half a unit in the last digit
 * is then below 100 in the 18th digit, so SQLite's check of the 14th to 16th digits finds the run of zeros or nines. It
 * may be above 100 where SQLite's digits begin with 9, as they can for a power of ten that is not exact.
 */
const SHORTEST_DIGITS = 13;
const SMALLEST_NORMAL = 2.2250738585072014e-308;
/** 10^22 is the last power of ten that is exact as a double. */
const EXACT_POWER_MAX = 22;
const DIGITS_MAX = 17;

/** The text SQLite casts `value` to: always with a point or an exponent, or `Inf` and `-Inf`. */
export function realText(value: number): string {
  if (value === 0) return '0.0';
  const size = Math.abs(value);
  const text = size === Number.POSITIVE_INFINITY ? 'Inf' : sizeText(size);
  return value < 0 ? `-${text}` : text;
}

function sizeText(size: number): string {
  const shortest = size.toExponential();
  const mark = shortest.indexOf('e');
  const digits = shortest[1] === '.' ? `${shortest[0]}${shortest.slice(2, mark)}` : shortest.slice(0, mark);
  const exponent = Number(shortest.slice(mark + 1));
  if (digits.length > SHORTEST_DIGITS || digits[0] === '9' || size < SMALLEST_NORMAL) return longText(size);
  if (digits === '1' && (exponent < 0 || exponent > EXACT_POWER_MAX)) return longText(size);
  return layOut(digits, exponent);
}

/** As %g does with precision 17: plain from 10^-4 to below 10^17, else with an exponent. */
function layOut(digits: string, exponent: number): string {
  if (exponent < -4 || exponent >= DIGITS_MAX) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${digits[0]}.${digits.slice(1) || '0'}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${whole}.${digits.slice(exponent + 1) || '0'}`;
}

function longText(size: number): string {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, size);
  const raw = bits.getBigUint64(0);
  let mantissa = raw & 0xf_ffff_ffff_ffffn;
  let exponent = Number(raw >> 52n);
  if (exponent === 0) {
    const shift = 64 - mantissa.toString(2).length;
    mantissa <<= BigInt(shift);
    exponent = -1074 - shift;
  } else {
    mantissa = (mantissa << 11n) | (1n << 63n);
    exponent -= 1086;
  }
  const power = 17 - floorLog10Of2(exponent + 63);
  const high = (mantissa * powerOfTen(power)) >> 64n;
  const shifted = high >> BigInt(-(exponent + floorLog2Of10(power) + 2));
  const digits = ((shifted + ((shifted & 1n) << 1n)) >> 1n).toString();
  return rounded(size, digits, digits.length - power);
}

/** `point` is the number of digits before the decimal point. */
function rounded(size: number, digits: string, point: number): string {
  const digitCount = shortenedCount(size, digits, point);
  let value = BigInt(digits.slice(0, digitCount));
  if (digits.charCodeAt(digitCount) >= 0x35) value += 1n;
  const text = value.toString();
  const exponent = point - 1 + (text.length - digitCount);
  return layOut(text.replace(/0+$/, ''), exponent);
}

/** How many digits remain before rounding: 17, or fewer where a run of nines or zeros can be dropped. */
function shortenedCount(size: number, digits: string, point: number): number {
  if (digits[14] === '9' && digits[15] === '9') {
    let cut = 14;
    while (cut > 0 && digits[cut - 1] === '9') cut -= 1;
    const upper = BigInt(digits.slice(0, cut) || '0') + 1n;
    return Number(`${upper}e${point - cut}`) === size ? cut + 1 : DIGITS_MAX;
  }
  if (point >= digits.length || digits.slice(13, 16) === '000') {
    let cut = 13;
    while (digits[cut - 1] === '0') cut -= 1;
    return Number(`${digits.slice(0, cut)}e${point - cut}`) === size ? cut + 1 : DIGITS_MAX;
  }
  return DIGITS_MAX;
}

/** The first 64 bits of 10^power, cut off, not rounded. */
function powerOfTen(power: number): bigint {
  const shift = BigInt(63 - floorLog2Of10(power));
  if (power < 0) return (1n << shift) / 10n ** BigInt(-power);
  const whole = 10n ** BigInt(power);
  return shift >= 0n ? whole << shift : whole >> -shift;
}

function floorLog2Of10(power: number): number {
  return (power * 108_853) >> 15;
}

function floorLog10Of2(power: number): number {
  return (power * 78_913) >> 18;
}
