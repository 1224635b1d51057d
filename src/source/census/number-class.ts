import { firstVoteSeconds, lastVoteSeconds } from '../../lib/time/epochs.js';
import type { ValueClass } from '../../model/census.js';

/** Julian days of the years 1900 to 2100: other reals are mostly no days. */
const julianMin = 2_415_020.5;
const julianMax = 2_488_069.5;

/** The class of an integer within ±(2^53 − 1). */
export function integerClass(value: number): ValueClass {
  if (value === 0 || value === 1) return 'zero_or_one';
  if (value >= -32_768 && value <= 32_767) return 'int16';
  if (value >= firstVoteSeconds && value <= lastVoteSeconds) return 'epoch_s';
  if (value >= -2_147_483_648 && value <= 2_147_483_647) return 'int32';
  if (value >= firstVoteSeconds * 1000 && value <= lastVoteSeconds * 1000) return 'epoch_ms';
  if (value >= firstVoteSeconds * 1e6 && value <= lastVoteSeconds * 1e6) return 'epoch_us';
  return value >= firstVoteSeconds * 1e9 ? 'epoch_ns' : 'int64';
}

/** The class of an integer beyond that. */
export function wideClass(value: bigint): ValueClass {
  return value > 0n && value <= BigInt(lastVoteSeconds) * 1_000_000_000n ? 'epoch_ns' : 'int64';
}

export function realClass(value: number): ValueClass {
  if (!Number.isFinite(value)) return 'real_infinite';
  if (value >= julianMin && value <= julianMax) return 'real_julian';
  return Number.isInteger(value) ? 'real_whole' : 'real_fraction';
}

/** Digits before and after the point of the shortest decimal that reads back as the same double. */
export function decimalDigits(value: number): { readonly whole: number; readonly scale: number } {
  const text = String(Math.abs(value));
  const [mantissa = '', exponent = '0'] = text.split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const shift = Number(exponent);
  return {
    whole: Math.max(0, whole === '0' && shift <= 0 ? 0 : whole.length + shift),
    scale: Math.max(0, fraction.length - shift),
  };
}

/** Powers of ten that doubles hold exactly. */
const powersOfTen: readonly number[] = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * Whether a double surely has no more digits than these before and after the point, without writing it down: a whole number
 * of 10^-scale that divides to the very double is a decimal that reads back as it, and the shortest one is no longer. False
 * says nothing.
 */
export function hasDigitsWithin(value: number, whole: number, scale: number): boolean {
  const [bound, unit] = [powersOfTen[whole], powersOfTen[scale]];
  if (bound === undefined || unit === undefined || Math.abs(value) >= bound) return false;
  const units = Math.round(value * unit);
  return Number.isSafeInteger(units) && units / unit === value;
}
