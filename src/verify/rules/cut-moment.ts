import { normalizeDecimal } from '../decimal.js';

/*
 * Points in time with fewer digits of a second than they are written with: this side's own account of the rules that cut
 * them. What has no more digits than wanted stays as it is.
 */

const shape = /^(\d{4}-\d\d-\d\d[T ])?(\d\d):(\d\d):(\d\d)[.,](\d+)([\s\S]*)$/;

/** A text cut to so many digits; null where it stays. Rounding goes to the nearest, and half a unit up. */
export function cutMomentText(text: string, precision: number, isRounded: boolean): string | null {
  const [, day, hour = '', minute = '', second = '', fraction = '', rest = ''] = shape.exec(text) ?? [];
  if (!/[1-9]/.test(fraction.slice(precision))) return null;
  const clock = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  const grain = 10 ** precision;
  const isUp = isRounded && (fraction[precision] ?? '0') >= '5';
  const units = Number(fraction.slice(0, precision)) + (isUp ? 1 : 0);
  const seconds = clock + (units === grain ? 1 : 0);
  const shown = precision === 0 ? '' : `.${String(units % grain).padStart(precision, '0')}`;
  if (seconds === clock) return `${day ?? ''}${hour}:${minute}:${second}${shown}${rest}`;
  if (day === undefined) return `${clockOf(seconds)}${shown}${rest}`;
  const next = new Date(Date.parse(`${day.slice(0, 10)}T00:00:00Z`) + seconds * 1000).toISOString();
  return `${next.slice(0, 10)}${day.slice(10)}${next.slice(11, 19)}${shown}${rest}`;
}

function clockOf(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

/** Units in a second; and the first moment, in milliseconds since 1970. */
const units: Readonly<Record<string, readonly [perSecond: bigint, firstMs: number]>> = {
  s: [1n, 0],
  ms: [1000n, 0],
  us: [1_000_000n, 0],
  ns: [1_000_000_000n, 0],
  ticks: [10_000_000n, Date.UTC(2001, 0, 1) - 5 * 146_097 * 86_400_000],
  cocoa: [1n, Date.UTC(2001, 0, 1)],
  webkit: [1_000_000n, Date.UTC(1601, 0, 1)],
  filetime: [10_000_000n, Date.UTC(1601, 0, 1)],
  hfs: [1n, Date.UTC(1904, 0, 1)],
  cocoa_ns: [1_000_000_000n, Date.UTC(2001, 0, 1)],
};
const julianEpochMs = 210_866_760_000_000;

/** A number of a unit as text in UTC with so many digits; null where it has no more, or where the unit has no fractions. */
export function cutNumberMoment(text: string, unit: string, precision: number, isRounded: boolean): string | null {
  const ofDays = msOfDays[unit];
  const plain = ofDays === undefined ? normalizeDecimal(text) : ofDays(Number(text));
  const [perSecond, firstMs] = unit === 'days' ? [0n, 0] : (units[ofDays === undefined ? unit : 'ms'] ?? [null, 0]);
  if (plain === null || perSecond === null) return null;
  const [whole = '', fraction = ''] = plain.split('.');
  const scale = 10n ** BigInt(fraction.length);
  const value = BigInt(whole.replace('-', '') + fraction) * (plain.startsWith('-') ? -1n : 1n);
  // As a fraction of a second: numerator and denominator, from 1970 on.
  const [seconds, parts] = perSecond === 0n ? [value * 86_400n, scale] : [value, scale * perSecond];
  const numerator = 2n * 10n ** BigInt(precision) * (seconds + (BigInt(firstMs) / 1000n) * parts);
  if (numerator % (2n * parts) === 0n) return null;
  const cut = floorDivide(numerator + (isRounded ? parts : 0n), 2n * parts);
  const grain = 10n ** BigInt(precision);
  const atMs = Number(floorDivide(cut, grain)) * 1000;
  const shown = precision === 0 ? '' : `.${String(cut - floorDivide(cut, grain) * grain).padStart(precision, '0')}`;
  return Number.isNaN(new Date(atMs).getTime()) ? null : `${new Date(atMs).toISOString().slice(0, 19)}${shown}Z`;
}

/** Days that stand for whole milliseconds, as milliseconds since 1970. */
const msOfDays: Readonly<Record<string, (days: number) => string | null>> = {
  julian: (days) => msFrom(days, -julianEpochMs),
  ole: (days) => msFrom(days, Date.UTC(1899, 11, 30)),
};

function msFrom(days: number, startMs: number): string | null {
  const ms = Math.floor(days * 86_400_000 + 0.5) + startMs;
  return Number.isSafeInteger(ms) ? String(ms) : null;
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}
