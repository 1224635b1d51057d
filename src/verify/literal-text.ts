import type { HeldElements, LiteralForm } from '../model/kind.js';
import { Storage, type StorageCode } from '../model/value.js';
import { hasAllDigits, normalizeDecimal } from './decimal.js';
import { arrayOfJson } from './array-text.js';

const intervalUnits = new Map([
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['us', 'microseconds'],
]);

/** The text of a source value in a literal column, in the form in which PostgreSQL reads it. */
export function literalText(text: string, storage: StorageCode, form: LiteralForm | undefined): string {
  if (form?.tag === 'array') {
    const array = arrayOfJson(text) ?? text;
    if (form.held === undefined) return array;
    if (losesWithin(array, form.held.of)) return `not kept: ${text}`;
    return form.held.of === 'numeric' ? decimalsWith(array, form.held.digits) : array;
  }
  if (form?.tag === 'range') return losesWithin(text, form.held.of) ? `not kept: ${text}` : text;
  if (form?.tag === 'clock') return isClock(text) ? text : `no time: ${text}`;
  if (form?.tag !== 'interval') return text;
  const isNumber = storage === Storage.Integer || storage === Storage.Real;
  if (!isNumber) return sinceEpoch(text) ?? text;
  return `${text} ${intervalUnits.get(form.unit ?? '') ?? ''}`;
}

/** A time of day, with a day before it only where that stands for none. PostgreSQL drops any other day, and reads 1230 too. */
function isClock(text: string): boolean {
  return /^\s*((2000-01-01|1970-01-01|1900-01-01|1899-12-30)[ T])?(\d{1,2}:\d\d|T\d{4})/i.test(text);
}

const decimals = /(?<=^|[{,"\s])[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?=[},"\s]|$)/gi;

/** Elements of numeric(p,s) are printed with s digits after the point. One with more of them keeps these, and so differs. */
function decimalsWith(array: string, digits: number): string {
  return array.replace(decimals, (number) => {
    const plain = normalizeDecimal(number);
    if (plain === null) return number;
    const [whole = '', fraction = ''] = plain.split('.');
    const padded = fraction.padEnd(Math.max(0, digits), '0');
    return padded === '' ? whole : `${whole}.${padded}`;
  });
}

const movingWord = /\b(now|today|tomorrow|yesterday)\b/i;
const day = /\d[-/]\d+[-/]\d/;
const dayForNone = /\b(2000-01-01|1970-01-01|1900-01-01|1899-12-30)[ T](?=\d\d:)/g;
/** A time of day, and the offset or the name of a zone behind it. */
const clocks = /(\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?)\s*([-+]\d\d(?::?\d\d)?|[a-z]{3,}\b)?/gi;
const utc = /^(UTC|GMT|[-+]00(:?00)?)$/i;

/** Whether PostgreSQL reads over a part of an element, or reads a word as the moment of the reading. */
function losesWithin(text: string, of: HeldElements['of']): boolean {
  if (of === 'float8') return (text.match(decimals) ?? []).some((one) => !hasAllDigits(one));
  if (of === 'numeric' || of === 'interval' || of === 'float4') return false;
  if (movingWord.test(text)) return true;
  if (of === 'timestamptz') return false;
  const isClock = of === 'time' || of === 'timetz';
  const rest = text.replace(/^(\s*\[[-+\d:\s]+\])+\s*=/, '').replace(isClock ? dayForNone : /^$/, '');
  if (isClock && day.test(rest)) return true;
  return [...rest.matchAll(clocks)].some(([, clock = '', zone = '']) => {
    const isLocal = zone !== '' && !utc.test(zone);
    if (of === 'date') return isLocal || /[1-9]/.test(clock);
    return of === 'time' ? zone !== '' : of === 'timestamp' && isLocal;
  });
}

/** A date and time as the time since 1970 that it stands for, in whole days and microseconds; null for any other text. */
function sinceEpoch(text: string): string | null {
  const found = /^(\d{4}-\d\d-\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/.exec(text);
  if (found === null) return null;
  const [, day = '', hours, minutes, seconds, fraction = ''] = found;
  const clock = (BigInt(hours ?? 0) * 60n + BigInt(minutes ?? 0)) * 60n + BigInt(seconds ?? 0);
  const ofDay = BigInt(Date.parse(`${day}T00:00:00Z`)) * 1000n;
  const micros = ofDay + clock * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
  const rest = micros % 86_400_000_000n;
  return `${micros / 86_400_000_000n} days ${rest / 1_000_000n} seconds ${rest % 1_000_000n} microseconds`;
}
