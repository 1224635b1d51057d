/** A decimal number: digits × 10^-scale. */
export interface ExactDecimal {
  readonly digits: bigint;
  readonly scale: number;
}

export const noDecimal: ExactDecimal = { digits: 0n, scale: 0 };

/** The sum of both, or, with the sign −1, the first less the second. */
export function addDecimals(a: ExactDecimal, b: ExactDecimal, sign: 1n | -1n = 1n): ExactDecimal {
  const scale = Math.max(a.scale, b.scale);
  return { digits: digitsAt(a, scale) + sign * digitsAt(b, scale), scale };
}

export function absolute({ digits, scale }: ExactDecimal): ExactDecimal {
  return { digits: digits < 0n ? -digits : digits, scale };
}

/** The greater of both. */
export function greaterOf(a: ExactDecimal, b: ExactDecimal): ExactDecimal {
  return addDecimals(a, b, -1n).digits < 0n ? b : a;
}

/** Reads what `decimalText` wrote. */
export function decimalFrom(text: string): ExactDecimal {
  const [whole = '', fraction = ''] = text.split('.');
  return { digits: BigInt(whole + fraction), scale: fraction.length };
}

/** In plain notation, with as many fraction digits as the scale says, which is not below 0. */
export function plainText({ digits, scale }: ExactDecimal): string {
  if (scale === 0) return String(digits);
  const size = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  return `${digits < 0n ? '-' : ''}${size.slice(0, -scale)}.${size.slice(-scale)}`;
}

/** The same without zeros at the end of a fraction. */
export function decimalText(decimal: ExactDecimal): string {
  const text = plainText(decimal);
  return decimal.scale === 0 ? text : text.replace(/\.?0+$/, '');
}

function digitsAt({ digits, scale }: ExactDecimal, wanted: number): bigint {
  return digits * 10n ** BigInt(wanted - scale);
}
