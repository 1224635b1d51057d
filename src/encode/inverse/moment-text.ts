import { dateOf, daysOf, MICROS_PER_DAY } from '../time/temporal.js';

/** A day (from 2000-01-01) and the microseconds in it. */
export interface Instant {
  readonly days: number;
  readonly micros: number;
}

export const microsPerMinute = 60_000_000;

/** How texts of a column of dates and times are laid out; null for a part that they lack. */
export interface TextLayout {
  readonly hasDate: boolean;
  /** Between date and time. */
  readonly separator: 'T' | ' ' | null;
  readonly hasSeconds: boolean;
  readonly fractionDigits: number;
  /** After the time, as written: `Z`, `+00:00`, `` … */
  readonly suffix: string;
  /** What the suffix says; null where it is empty, and the text is local time. */
  readonly offsetMinutes: number | null;
}

const stampPattern =
  /^(?:\d{4}|[+-]\d{4,6})-\d\d-\d\d(?:([T ])\d\d:\d\d(:\d\d(?:\.(\d{1,9}))?)?(Z|z| ?UTC|[+-]\d\d(?::?\d\d)?)?)?$/;
const clockPattern = /^\d\d:\d\d(:\d\d(?:\.(\d{1,9}))?)?$/;

/** The layout of a text of date and time, null where it is none that can be written again. */
export function layoutOfStamp(text: string): TextLayout | null {
  const match = stampPattern.exec(text);
  if (match === null) return null;
  const [, separator, seconds, fraction = '', suffix = ''] = match;
  return {
    hasDate: true,
    separator: separator === 'T' ? 'T' : separator === ' ' ? ' ' : null,
    hasSeconds: seconds !== undefined,
    fractionDigits: fraction.length,
    suffix,
    offsetMinutes: offsetOf(suffix),
  };
}

export function layoutOfClock(text: string): TextLayout | null {
  const match = clockPattern.exec(text);
  if (match === null) return null;
  const [, seconds, fraction = ''] = match;
  return {
    hasDate: false,
    separator: null,
    hasSeconds: seconds !== undefined,
    fractionDigits: fraction.length,
    suffix: '',
    offsetMinutes: null,
  };
}

function offsetOf(suffix: string): number | null {
  if (suffix === '') return null;
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(suffix) ?? [];
  const size = Number(hours) * 60 + Number(minutes);
  return sign === '-' ? -size : size;
}

/** "YYYY-MM-DDTHH:MM:SS.SSSZ" */
export function describeLayout(layout: TextLayout): string {
  const { hasDate, separator, hasSeconds, fractionDigits, suffix } = layout;
  const clock = `HH:MM${hasSeconds ? ':SS' : ''}${fractionDigits > 0 ? `.${'S'.repeat(fractionDigits)}` : ''}`;
  if (!hasDate) return clock;
  return `YYYY-MM-DD${separator === null ? '' : `${separator}${clock}${suffix}`}`;
}

/**
 * Writes an instant, which must be in the layout's own offset already. Undefined where the layout has no room for it: a
 * time of day, seconds, or further fraction digits.
 */
export function writeLaidOut({ days, micros }: Instant, layout: TextLayout): string | undefined {
  const { hasDate, separator, hasSeconds, fractionDigits, suffix } = layout;
  const date = hasDate ? dateText(days) : '';
  if (hasDate && separator === null) return micros === 0 ? date : undefined;
  const seconds = Math.floor(micros / 1_000_000);
  const fraction = String(micros % 1_000_000)
    .padStart(6, '0')
    .padEnd(9, '0');
  if (!/^0*$/.test(fraction.slice(fractionDigits))) return undefined;
  if (!hasSeconds && micros % microsPerMinute !== 0) return undefined;
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, ...(hasSeconds ? [seconds % 60] : [])];
  const point = fractionDigits > 0 ? `.${fraction.slice(0, fractionDigits)}` : '';
  return `${date}${separator ?? ''}${clock.map(two).join(':')}${point}${suffix}`;
}

function dateText(days: number): string {
  const { year, month, day } = dateOf(days);
  const plain = String(Math.abs(year));
  const shown = year >= 0 && year <= 9999 ? plain.padStart(4, '0') : `${year < 0 ? '-' : '+'}${plain.padStart(6, '0')}`;
  return `${shown}-${two(month)}-${two(day)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

const printedPattern = /^(?:(\d{4,})-(\d\d)-(\d\d))?(?:(?:^| )(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?(?:\+00)?( BC)?$/;

/** What PostgreSQL prints of a date, a time or a moment, in ISO style and UTC; null for infinity. */
export function readPrinted(printed: string): Instant | null {
  const match = printedPattern.exec(printed);
  if (match === null || printed === '') return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', era] = match;
  const clock = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  const micros = clock * 1_000_000 + Number(fraction.padEnd(6, '0'));
  if (year === undefined) return { days: 0, micros };
  return { days: daysOf(era === undefined ? Number(year) : 1 - Number(year), Number(month), Number(day)), micros };
}

export function shifted({ days, micros }: Instant, by: number): Instant {
  const sum = micros + by;
  const carry = Math.floor(sum / MICROS_PER_DAY);
  return { days: days + carry, micros: sum - carry * MICROS_PER_DAY };
}
