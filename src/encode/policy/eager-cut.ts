import { isUtf8 } from 'node:buffer';
import { policyFor } from '../../model/rules.js';
import type { ColumnPlan } from '../../model/plan.js';
import type { RowView } from '../../model/value.js';
import { Storage } from '../../model/value.js';
import type { Rounding } from './convert-number.js';
import type { Mark } from './screen.js';
import { countCodePoints } from '../value/utf8.js';

/*
 * The rules that cut, for the plain forms that nearly all values have, without a detour over a refusal: before a value is
 * written, what would be cut is left out of the range of bytes that is. Every other form goes the way of all rules.
 */

/** A text as it is to be written, in place of the cell. One object, filled again for each value. */
export interface CutText {
  bytes: Buffer;
  start: number;
  end: number;
  /** By how much the value changes: `change` × 10^-scale, a safe integer. */
  change: number;
  scale: number;
}

/** Fills `out` and gives true where the rule changes the cell; false where the cell is to be written as it is. */
export type EagerCut = (view: RowView, index: number, out: CutText) => boolean;

export interface EagerRule {
  readonly cut: EagerCut;
  readonly mark: Mark;
}

/** The rule of a column that cuts without a detour, and what is noted of it; null where it has none. */
export function eagerCutOf(column: ColumnPlan, index: number): EagerRule | null {
  const { kind, policies = {} } = column;
  const ruleOf = (hazard: string): string => {
    const policy = policyFor(policies, hazard);
    return typeof policy === 'string' ? '' : policy.convert;
  };
  const made = (hazard: string, cut: EagerCut) => ({
    cut,
    mark: { column: index, hazard, rule: ruleOf(hazard), reason: '' },
  });
  if ((kind.tag === 'timestamp' || kind.tag === 'timestamptz') && ruleOf('precision_loss') === 'truncate') {
    return made('precision_loss', fractionCut(kind.precision));
  }
  if (kind.tag === 'text' && kind.maxChars !== null && ruleOf('too_long') === 'truncate') {
    return made('too_long', lengthCut(kind.maxChars));
  }
  const isRounding = ['round', 'truncate'].includes(ruleOf('inexact'));
  if (kind.tag === 'numeric' && kind.precision !== null && (kind.scale ?? 0) >= 0 && isRounding) {
    return made('inexact', decimalCut(kind.scale ?? 0, ruleOf('inexact') as Rounding));
  }
  return null;
}

const zero = 48;
const five = 53;
const nine = 57;
const point = 46;
const dash = 45;
const colon = 58;
/** `YYYY-MM-DD HH:MM:SS.` */
const pointAt = 19;
/** A fraction with more digits is none that is read. */
const fractionDigitsMax = 9;
const scratchBytes = 64;

/** Digits of a second that are beyond the precision, after a date and time of the plainest form. */
function fractionCut(precision: number): EagerCut {
  const scratch = Buffer.alloc(scratchBytes);
  return (view, index, out) => {
    if (view.storage[index] !== Storage.Text) return false;
    const { bytes } = view;
    const start = view.start[index] as number;
    const end = view.end[index] as number;
    if (end - start <= pointAt + 1 + precision || end - start > scratchBytes || !isPlainClock(bytes, start))
      return false;
    let at = start + pointAt + 1;
    let dropped = 0;
    let digits = 0;
    for (; at < end && isDigit(bytes[at] as number); at += 1, digits += 1) {
      if (digits >= precision) dropped = 10 * dropped + (bytes[at] as number) - zero;
    }
    if (dropped === 0 || digits > fractionDigitsMax) return false;
    out.change = -dropped;
    out.scale = digits;
    const cutEnd = start + pointAt + (precision === 0 ? 0 : 1 + precision);
    out.bytes = bytes;
    out.start = start;
    out.end = cutEnd;
    if (at === end) return true;
    // An offset, or whatever else follows, stays.
    bytes.copy(scratch, 0, start, cutEnd);
    bytes.copy(scratch, cutEnd - start, at, end);
    out.bytes = scratch;
    out.start = 0;
    out.end = cutEnd - start + (end - at);
    return true;
  };
}

/** A text of the plainest form, whose clock shows neither 24 hours nor a leap second: these take no fraction. */
function isPlainClock(bytes: Buffer, start: number): boolean {
  const isShaped = bytes[start + 4] === dash && bytes[start + 13] === colon && bytes[start + pointAt] === point;
  const isDayEnd = bytes[start + 11] === zero + 2 && bytes[start + 12] === zero + 4;
  return isShaped && !isDayEnd && bytes[start + 17] !== zero + 6;
}

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= nine;
}

/** Characters beyond the length of the column. A text that the server would not take whole goes the other way. */
function lengthCut(charsMax: number): EagerCut {
  return (view, index, out) => {
    if (view.storage[index] !== Storage.Text) return false;
    const start = view.start[index] as number;
    const end = view.end[index] as number;
    if (end - start <= charsMax) return false;
    const { bytes } = view;
    let at = start;
    for (let chars = 0; at < end; at += 1) {
      if (((bytes[at] as number) & 0xc0) !== 0x80 && chars++ === charsMax) break;
    }
    if (at === end) return false;
    const whole = bytes.subarray(start, end);
    if (whole.includes(0) || !isUtf8(whole)) return false;
    out.bytes = bytes;
    out.start = start;
    out.end = at;
    out.change = -countCodePoints(bytes, at, end);
    out.scale = 0;
    return true;
  };
}

/** So many digits of a number are exact as a double, with room for one more to carry. */
const exactDigits = 15;
const plainNumber = /^-?\d+\.\d+$/;

/** Fraction digits beyond the scale of a number that is written plainly. */
function decimalCut(scale: number, rounding: Rounding): EagerCut {
  const scratch = Buffer.alloc(scratchBytes);
  return (view, index, out) => {
    const storage = view.storage[index];
    if (storage !== Storage.Real && storage !== Storage.Text) return false;
    const start = view.start[index] as number;
    const end = view.end[index] as number;
    if (storage === Storage.Text && end - start > scratchBytes / 2) return false;
    const isReal = storage === Storage.Real;
    const text = isReal ? String(view.number[index]) : view.bytes.toString('latin1', start, end);
    const point = text.indexOf('.');
    if (point < 0 || text.length - point - 1 <= scale) return false;
    // The shortest text of a double ends in no zero, and is plain but for an exponent.
    if (isReal ? text.includes('e') : !plainNumber.test(text)) return false;
    const first = text.charCodeAt(0) === dash ? 1 : 0;
    const cutStart = point + 1 + scale;
    const dropped = text.slice(cutStart);
    if (point - first + scale > exactDigits || dropped.length > exactDigits) return false;
    const lost = Number(dropped);
    if (lost === 0) return false;
    const isUp = rounding === 'round' && dropped.charCodeAt(0) >= five;
    let cut = text.slice(0, scale === 0 ? point : cutStart);
    if (isUp || !isReal) {
      const digitsBefore = Number(text.slice(first, point) + text.slice(point + 1, cutStart)) + (isUp ? 1 : 0);
      const digits = String(digitsBefore).padStart(scale + 1, '0');
      const whole = digits.slice(0, digits.length - scale);
      cut = `${first === 0 ? '' : '-'}${whole}${scale === 0 ? '' : '.'}${digits.slice(digits.length - scale)}`;
    }
    out.bytes = scratch;
    out.start = 0;
    out.end = scratch.write(cut, 0, 'latin1');
    const size = (isUp ? 10 ** dropped.length : 0) - lost;
    out.change = first === 0 ? size : -size;
    out.scale = scale + dropped.length;
    return true;
  };
}
