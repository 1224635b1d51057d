import type { HeldDigits, HeldElements, HeldLength, HeldMoney } from '../../model/kind.js';
import { precisionLoss } from '../time/epoch.js';
import { clockOfDatedTime } from '../time/temporal-text.js';
import { createDecimal, parseDecimal } from '../value/decimal.js';
import { float4Of, float8Of } from './float-column.js';
import { refuse } from '../value/misfit.js';

/*
 * What PostgreSQL's input functions do to times and decimals without a word (utils/adt/datetime.c, date.c, timestamp.c,
 * numeric.c): the offset of a timestamp, the day of a time and the time of a day are read over, digits are rounded, and
 * words such as now mean the moment of the copy. So are commas of money (cash.c), the sign of an oid, and what is too
 * long for name, "char" and, where it is blank, varchar(n). A column of such a type is checked by its encoder; here are
 * those whose texts the server reads: money, times with a zone, elements of arrays, and bounds of ranges.
 */

/** Where the elements of `{…}`, `[…]`, `[a,b)` and lists of these part; the texts of times have none of it but the comma. */
const borders = /[{}[\](),"\\]+/;
/** Before the braces of an array that does not begin at 1: `[0:2]={…}`. */
const dimensions = /^(?:\s*\[[-+\d:\s]+\])+\s*=/;

const movingWord = /\b(?:now|today|tomorrow|yesterday)\b/i;
/** The time of day of a text, and what stands on both sides of it. */
const clockWithin = /^(.*?)(?:(\d{1,2}:\d\d(?::\d\d)?)|T(\d{4}(?:\d\d)?))(?:[.,](\d*))?\s*(?:[ap]m\b)?\s*(.*)$/is;
const utc = /^(?:Z|UTC|GMT|[+-]00(?::?00)?)$/i;
const era = /\b(?:AD|BC)\b/gi;
const bareNumber = /^[-+]?\d+(?:\.\d*)?$/;

const hint = 'correct the value in the source, or make the target column text';
const zonedHint = 'write the moment without an offset, or make the target column a type with time zone';

interface Clock {
  /** What stands before the time of day, such as its day. */
  readonly before: string;
  readonly isMidnight: boolean;
  /** Digits of a fraction of a second. */
  readonly fraction: string;
  /** The offset or the name of a zone after it; empty where there is none. */
  readonly zone: string;
}

/** Refuses (by a Misfit) a text of an array or a range of which PostgreSQL would drop a part, or round it. */
export function checkElements(text: string, held: HeldElements): void {
  if (isOfTexts(held)) for (const element of textsOf(text)) checkText(element, held);
  else for (const element of elementsOf(text)) checkElement(element, held);
}

type HeldTexts = Exclude<HeldElements, HeldDigits>;

/** Whether a comma or a brace within an element matters, so that the array must be read as the server reads it. */
function isOfTexts(held: HeldElements): held is HeldTexts {
  return ['money', 'unsigned', 'bytes', 'characters'].includes(held.of);
}

/** Braces, commas, quoted elements, or elements without quotes. */
const arrayTokens = /[{},]|"(?:[^"\\]|\\.)*"|(?:[^{},"\\]|\\.)+/gs;

/** The elements of `{…}` as the server reads them, without NULLs. */
function textsOf(array: string): string[] {
  const tokens: readonly string[] = array.replace(dimensions, '').match(arrayTokens) ?? [];
  return tokens
    .filter((token) => !/^(?:[{},]|\s*|\s*null\s*)$/i.test(token))
    .map((token) => (token.startsWith('"') ? token.slice(1, -1) : token.trim()).replaceAll(/\\(.)/gs, '$1'));
}

function checkText(text: string, held: HeldTexts): void {
  if (held.of === 'money') checkMoney(text, held);
  else if (held.of === 'unsigned') checkUnsigned(text);
  else checkLength(text, held);
}

/** Digits with a comma behind each third one. */
const grouped = /^\d{1,3}(?:,\d{3})+(?:\.\d*)?$/;

/** Refuses a text of which money_in would round digits, or read over commas that part no thousands: 12,34 as 1234. */
export function checkMoney(text: string, { digits }: Pick<HeldMoney, 'digits'>): void {
  const number = /[\d.,]*\d[\d.,]*/.exec(text)?.[0] ?? '';
  if (digits === null && number !== '')
    refuse(
      'data.rejected',
      'this server reads money by its lc_monetary, where a point does not begin the fraction',
      'make the target column numeric, or choose an lc_monetary for the database that has a point',
    );
  if (number.includes(',') && !grouped.test(number))
    refuse('data.not_a_number', 'a comma that parts no thousands, which PostgreSQL reads over', hint);
  const fraction = /\.(\d*)/.exec(number)?.[1] ?? '';
  if (fraction.replace(/0+$/, '').length > (digits ?? 0))
    refuse(
      'data.precision_loss',
      'more fraction digits than the target keeps',
      'correct the value in the source, or make the target column numeric',
    );
}

export function checkUnsigned(text: string): void {
  if (text.trimStart().startsWith('-')) refuse('data.out_of_range', 'a negative number would wrap around', hint);
}

/** `text` has one character per byte. */
function checkLength(text: string, { of, max }: HeldLength): void {
  const length = of === 'bytes' ? text.length : [...Buffer.from(text, 'latin1').toString('utf8')].length;
  if (length > max) refuse('data.too_long', `${length} ${of} do not fit into ${max}`, hint);
}

/** Whether an element of an array or a range is a moment or a time that names no zone, and so is one of UTC. */
export function hasNaiveElement(text: string, { of }: HeldDigits): boolean {
  if (of !== 'timetz' && of !== 'timestamptz') return false;
  return elementsOf(text).some((element) => {
    const clock = clockOf(element);
    return clock === null ? of === 'timestamptz' && /^\d/.test(element) : clock.zone === '';
  });
}

function elementsOf(text: string): string[] {
  return text
    .replace(dimensions, '')
    .split(borders)
    .map((element) => element.trim())
    .filter((element) => /\d/.test(element) || movingWord.test(element));
}

/** The same for one text. */
export function checkElement(element: string, { of, digits }: HeldDigits): void {
  if (of === 'numeric' || of === 'float8' || of === 'float4') {
    checkDecimal(element, of, digits);
    return;
  }
  if (of === 'interval') {
    if (bareNumber.test(element))
      refuse('data.no_unit', 'a number among intervals', 'write the unit behind it, such as 90 seconds');
    checkDigits(element, digits);
    return;
  }
  if (movingWord.test(element)) refuse(codes[of], 'a word for a time that moves on', hint);
  const clock = clockOf(element);
  if (clock === null) {
    // A number such as 1230 would be read as 12:30, in any unit that it may have been meant.
    if (of === 'time' || of === 'timetz') refuse(codes[of], 'not a time of day', hint);
    return;
  }
  checkFraction(clock.fraction, digits);
  if (of === 'date' && !(clock.isMidnight && isUtc(clock)))
    refuse(codes.date, 'a day with a time, which is lost', hint);
  if ((of === 'time' || of === 'timetz') && clock.before !== '' && clockOfDatedTime(element) === null)
    refuse(codes[of], 'a time with a day, which is lost', hint);
  if (of === 'time' && clock.zone !== '') refuse(codes.time, 'a time with an offset, which is lost', hint);
  if (of === 'timestamp' && !isUtc(clock)) refuse(codes.timestamp, 'a moment with an offset, which is lost', zonedHint);
}

const codes = {
  date: 'data.not_a_date',
  time: 'data.not_a_time',
  timetz: 'data.not_a_time',
  timestamp: 'data.not_a_timestamp',
  timestamptz: 'data.not_a_timestamp',
} as const;

function clockOf(element: string): Clock | null {
  const found = clockWithin.exec(element);
  if (found === null) return null;
  const [, before = '', plain = '', compact = '', fraction = '', after = ''] = found;
  return {
    before: before.replace(/[T\s,]+$/i, '').trim(),
    fraction,
    isMidnight: !/[1-9]/.test(`${plain}${compact}${fraction}`),
    zone: after.replace(era, '').trim(),
  };
}

/** No zone is the zone of UTC, as for a column of moments. */
function isUtc({ zone }: Clock): boolean {
  return zone === '' || utc.test(zone);
}

/** Refuses a text that has more digits behind any point, but for zeros at their end. */
export function checkDigits(text: string, digits: number): void {
  for (const [, fraction = ''] of text.matchAll(/\.(\d+)/g)) checkFraction(fraction, digits);
}

function checkFraction(fraction: string, digits: number): void {
  if (fraction.replace(/0+$/, '').length > digits) precisionLoss();
}

const decimal = createDecimal();

function checkDecimal(element: string, of: 'numeric' | 'float8' | 'float4', scale: number): void {
  const bytes = Buffer.from(element, 'latin1');
  // What is no decimal is for the server to refuse.
  if (!parseDecimal(decimal, bytes, 0, bytes.length)) return;
  if (of === 'float8') float8Of(decimal, bytes, 0, bytes.length);
  else if (of === 'float4') float4Of(float8Of(decimal, bytes, 0, bytes.length));
  else if (decimal.count - decimal.point > scale)
    refuse('data.precision_loss', `more than ${scale} digits after the point, which would be rounded`, hint);
}
