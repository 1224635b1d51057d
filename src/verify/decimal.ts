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
