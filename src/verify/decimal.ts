const decimalPattern = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,9}))?\s*$/i;

/** Beyond this an exponent is not written out: Postgres' numeric ends at 131 072 digits before the point. */
const exponentMax = 200_000;

/**
 * Writes a decimal number plainly: no exponent, no leading or trailing zeros, no `+`, and zero without a sign. Takes
 * the forms of SQLite, PostgreSQL, JSON and JavaScript. Null for anything else.
 */
export function normalizeDecimal(text: string): string | null {
  const match = decimalPattern.exec(text);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match;
  if (whole === '' && fraction === '') return null;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > exponentMax) return /[1-9]/.test(whole + fraction) ? null : '0';
  return setPoint(sign === '-', whole + fraction, whole.length + exponent);
}

/** Sets the decimal point after `point` of the digits; `point` may lie outside of them. */
function setPoint(isNegative: boolean, digits: string, point: number): string {
  const left = point <= 0 ? '' : digits.slice(0, point).padEnd(point, '0');
  const right = point <= 0 ? '0'.repeat(-point) + digits : digits.slice(point);
  const whole = left.replace(/^0+/, '') || '0';
  const fraction = right.replace(/0+$/, '');
  const plain = fraction === '' ? whole : `${whole}.${fraction}`;
  return isNegative && plain !== '0' ? `-${plain}` : plain;
}

/**
 * A plain decimal (as `normalizeDecimal` writes it) times ten to the power of `power`, as a whole number.
 * Null where the result would have a fraction: nothing is rounded here.
 */
export function scaleToInteger(plain: string, power: number): bigint | null {
  const [whole = '', fraction = ''] = plain.split('.');
  const digits = BigInt(whole + fraction);
  const shift = power - fraction.length;
  // BigInt has no negative zero, so the sign of "-0.5" must come back by hand.
  const signed = plain.startsWith('-') && digits > 0n ? -digits : digits;
  if (shift >= 0) return signed * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  return signed % divisor === 0n ? signed / divisor : null;
}

export type DecimalRounding = 'half-up' | 'half-even' | 'down';

/** Significant digits that Python's default context leaves of a float before it rounds half to even. */
const contextDigits = 15;

/**
 * A number with at most so many fraction digits, plainly written; null where it has no more, or is no number. Half a unit
 * goes away from zero or to the even neighbour; a REAL has 15 significant digits before it goes to the even one.
 */
export function roundDecimal(
  text: string,
  scale: number,
  { rounding, isReal }: { readonly rounding: DecimalRounding; readonly isReal: boolean },
): string | null {
  const plain = normalizeDecimal(text);
  if (plain === null || isWithin(plain, scale)) return null;
  const digits = plain.replace(/^-?0*\.?0*/, '').replace('.', '').length;
  const isShortened = isReal && rounding === 'half-even' && digits > contextDigits;
  const fraction = plain.split('.')[1]?.length ?? 0;
  const short = isShortened ? cutPlain(plain, fraction - (digits - contextDigits), rounding) : plain;
  return isWithin(short, scale) ? short : cutPlain(short, scale, rounding);
}

function isWithin(plain: string, scale: number): boolean {
  return scaleToInteger(plain, scale) !== null;
}

function cutPlain(plain: string, scale: number, rounding: DecimalRounding): string {
  const [whole = '', fraction = ''] = plain.replace('-', '').split('.');
  const all = BigInt(whole + fraction);
  const grain = 10n ** BigInt(fraction.length - scale);
  const below = all / grain;
  const twice = 2n * (all - below * grain);
  const isUp =
    rounding !== 'down' && (twice > grain || (twice === grain && (rounding === 'half-up' || below % 2n === 1n)));
  const units = below + (isUp ? 1n : 0n);
  return normalizeDecimal(`${plain.startsWith('-') ? '-' : ''}${units}e${-scale}`) ?? plain;
}

/** Whether a decimal is one of the ways to write the double nearest to it: the shortest, or one with as many digits. */
export function hasAllDigits(text: string): boolean {
  const plain = normalizeDecimal(text);
  const value = Number(text);
  if (plain === null) return false;
  const digits = plain.replace(/[-.]/g, '').replace(/^0+|0+$/g, '').length;
  if (digits === 0 || normalizeDecimal(String(value)) === plain) return true;
  return digits <= 100 && normalizeDecimal(value.toPrecision(digits)) === plain;
}
