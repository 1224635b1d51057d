import type { HeldDigits, HeldElements, LiteralForm } from '../model/kind.js';
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
  switch (form?.tag) {
    case 'array': {
      const array = arrayOfJson(text) ?? text;
      if (form.held === undefined) return array;
      if (losesWithin(array, form.held)) return `not kept: ${text}`;
      return form.held.of === 'numeric' ? decimalsWith(array, form.held.digits) : array;
    }
    case 'range':
      return losesWithin(text, form.held) ? `not kept: ${text}` : text;
    case 'clock':
      return isClock(text) ? text : `no time: ${text}`;
    case 'digits':
      return isWholeMoney(text, form.digits) ? text : `not kept: ${text}`;
    case 'byte':
      return Buffer.byteLength(text) > 1 ? `not kept: ${text}` : text;
    case 'unsigned':
      return isNegative(text) ? `not kept: ${text}` : text;
    case 'interval': {
      const isNumber = storage === Storage.Integer || storage === Storage.Real;
      return isNumber ? `${text} ${intervalUnits.get(form.unit ?? '') ?? ''}` : (sinceEpoch(text) ?? text);
    }
    case undefined:
      return text;
  }
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

/** An amount without commas, or with one before each three digits of its whole part. */
const amount = /^[^\d.,]*(?:\d*|\d{1,3}(?:,\d{3})*)(?:\.(\d*?)0*)?[^\d.,]*$/;

/** Whether money with so many fraction digits keeps all that the text says. */
function isWholeMoney(text: string, digits: number | null): boolean {
  const found = amount.exec(text);
  return found !== null && digits !== null && (found[1] ?? '').length <= digits;
}

const isNegative = (text: string): boolean => /^\s*-/.test(text);

/** An element in double quotes, or one without; what stands between them is dropped. */
const elements = /"((?:[^"\\]|\\.)*)"|([^\s{},"](?:[^{},"]*[^\s{},"])?)/gs;

function elementsOf(array: string): string[] {
  const inBraces = array.slice(Math.max(0, array.indexOf('{')));
  return [...inBraces.matchAll(elements)]
    .filter(([, , bare = '']) => !/^null$/i.test(bare))
    .map(([, quoted, bare = '']) => (quoted ?? bare).replace(/\\(.)/gs, '$1'));
}

/** Whether PostgreSQL reads over a part of an element, or reads a word as the moment of the reading. */
function losesWithin(text: string, held: HeldElements): boolean {
  switch (held.of) {
    case 'money':
      return elementsOf(text).some((element) => !isWholeMoney(element, held.digits));
    case 'unsigned':
      return elementsOf(text).some(isNegative);
    case 'bytes':
      return elementsOf(text).some((element) => Buffer.byteLength(element) > held.max);
    case 'characters':
      return elementsOf(text).some((element) => Array.from(element).length > held.max);
    case 'numeric':
      return (text.match(decimals) ?? []).some(
        (one) => (normalizeDecimal(one)?.split('.')[1] ?? '').length > held.digits,
      );
    case 'float8':
      return (text.match(decimals) ?? []).some((one) => !hasAllDigits(one));
    case 'float4':
      return false;
    case 'interval':
      return hasFractionBeyond(text, held.digits);
    default:
      return losesTimeWithin(text, held.of) || hasFractionBeyond(text, held.digits);
  }
}

/** Whether a time has more digits of a second, zeros at their end aside. */
function hasFractionBeyond(text: string, digits: number): boolean {
  return [...text.matchAll(/:\d\d[.,](\d*?)0*(?!\d)/g)].some(([, fraction = '']) => fraction.length > digits);
}

function losesTimeWithin(text: string, of: HeldDigits['of']): boolean {
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
