import type { Expression } from '../expression/expression.js';
import { clockOfDatedTime } from '../../encode/time/temporal-text.js';
import { refuseTranslation } from '../expression/rendered.js';
import { renderExpression } from '../expression/expression-sql.js';
import { quoteText } from '../../lib/quote.js';
import type { PgType } from '../pg-type.js';

type Literal = Extract<Expression, { tag: 'number' | 'string' | 'blob' | 'bool' }>;

const noScope = { column: () => null, call: () => null };
const truths: Readonly<Record<string, string>> = {
  '1': 'true',
  '0': 'false',
  true: 'true',
  false: 'false',
  t: 'true',
  f: 'false',
};

/** A literal default as the column's type writes it, after the affinity that SQLite would apply. Throws Unportable. */
export function literalDefault(literal: Literal, type: PgType): string {
  if (literal.tag === 'blob')
    return type.class === 'bytes' ? renderExpression(literal, noScope).sql : refuseTranslation('a blob is its value');
  const text = literal.tag === 'bool' ? (literal.value ? '1' : '0') : literal.text;
  const isText = literal.tag === 'string';
  switch (type.class) {
    case 'text':
      return textDefault(isText ? text : numberAsText(text), type);
    case 'integer':
      return integerDefault(text);
    case 'numeric':
    case 'real':
      return numberDefault(text);
    case 'bool':
      return truths[text.toLowerCase()] ?? refuseTranslation(`${text} is no boolean`);
    case 'json':
      return isJson(text) ? quoteText(text) : refuseTranslation('it is no JSON');
    case 'uuid':
      return isText && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
        ? quoteText(text)
        : refuseTranslation('it is no uuid');
    case 'timestamp':
    case 'date':
    case 'time':
      return isText
        ? timeDefault(type.class === 'time' ? (clockOfDatedTime(text) ?? text) : text, type)
        : refuseTranslation('the unit of a number as time is not known');
    case 'bytes':
      return refuseTranslation('it is no blob');
    case 'other':
      return refuseTranslation('the type is of the operator’s choice');
  }
}

function textDefault(text: string, type: PgType): string {
  if (type.maxChars !== null && [...text].length > type.maxChars)
    return refuseTranslation(`it is longer than ${type.maxChars} characters`);
  return quoteText(text);
}

/** The text that a TEXT column gets from a number; only where both databases surely write it alike. */
function numberAsText(text: string): string {
  const value = renderExpression({ tag: 'number', text }, noScope);
  if (value.class === 'integer')
    return String(BigInt(value.sql.replace('-', ''))).replace(/^/, value.sql.startsWith('-') ? '-' : '');
  const number = Number(text);
  const isPlain =
    Math.abs(number) < 1e15 && Math.abs(number) >= 1e-4 && String(number).replace(/[-.]/g, '').length <= 15;
  if (!isPlain) return refuseTranslation('its text form is not sure');
  return Number.isInteger(number) ? `${number}.0` : String(number);
}

function integerDefault(text: string): string {
  const isNumber = /^[+-]?[0-9]+(\.0*)?$/.test(text.trim()) || /^-?0x[0-9a-f]+$/i.test(text);
  if (!isNumber) return refuseTranslation(`${text} is no integer`);
  const value = renderExpression({ tag: 'number', text: text.trim().replace(/^\+/, '').replace(/\.0*$/, '') }, noScope);
  return value.class === 'integer' ? value.sql : refuseTranslation(`${text} is out of range`);
}

function numberDefault(text: string): string {
  const plain = text.trim().replace(/^\+/, '');
  if (!/^-?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(plain)) return refuseTranslation(`${text} is no number`);
  return Number.isFinite(Number(plain)) ? plain : refuseTranslation(`${text} is out of range`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * ISO texts only: a day that is none is refused, since PostgreSQL would refuse the whole table. A moment without an
 * offset is UTC, as everywhere; one with an offset is told in UTC where the type keeps no zone.
 */
function timeDefault(text: string, type: PgType): string {
  const found = /^(\d{4}-\d{2}-\d{2})?[ T]?(\d{2}:\d{2}(?::\d{2}(\.\d{1,6})?)?)?(?: ?(Z|[+-]\d{2}(?::?\d{2})?))?$/.exec(
    text,
  );
  const [, day, time, fraction = '', zone] = found ?? [];
  const wants = {
    timestamp: day !== undefined && (zone === undefined || time !== undefined),
    date: day !== undefined && time === undefined && zone === undefined,
    time: day === undefined && time !== undefined && (zone === undefined || zone === 'Z'),
  };
  const isFit = found !== null && wants[type.class as keyof typeof wants];
  const instant = new Date(`${day ?? '2000-01-01'}T${time ?? '00:00'}Z`);
  const isReal =
    !Number.isNaN(instant.getTime()) &&
    (day === undefined || instant.toISOString().startsWith(day)) &&
    day?.startsWith('0000') !== true;
  const minutes = offsetMinutes(zone ?? 'Z');
  if (!isFit || !isReal || minutes === null) return refuseTranslation(`${text} is no ${type.class}`);
  if (type.class !== 'timestamp') return quoteText(text);
  if (type.sql.startsWith('timestamptz')) return quoteText(zone === undefined ? `${text}+00` : text);
  if (minutes === 0) return quoteText(text);
  const utc = new Date(instant.getTime() - minutes * 60_000).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length);
  return quoteText(`${utc.replace('T', ' ')}${fraction}`);
}

/** Minutes east of UTC of `Z`, `+HH`, `+HHMM` or `+HH:MM`; null where PostgreSQL knows no such offset. */
function offsetMinutes(zone: string): number | null {
  if (zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(':', ''));
  if (hours > 15 || minutes > 59) return null;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
