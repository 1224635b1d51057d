import type { ColumnCensus } from '../model/census.js';
import type { Finding } from '../model/plan.js';
import type { EpochUnit, TimeUnit } from '../model/kind.js';
import type { SourceColumn } from '../model/source.js';
import { epochs, isEpochUnit } from '../lib/epochs.js';
import { makeFinding } from '../plan/findings/finding.js';
import { chooseTimeUnit, givenTimeUnit } from '../plan/kinds/time-unit.js';
import { areWholeDays } from '../plan/kinds/time-votes.js';
import type { UnitChoice } from '../plan/kinds/unit-choice.js';
import { unitFinding } from '../plan/kinds/unit-finding.js';

/** A PostgreSQL type that the translation makes, with what defaults and expressions must know of it. */
export interface PgType {
  readonly sql: string;
  readonly class:
    | 'integer'
    | 'numeric'
    | 'real'
    | 'text'
    | 'bool'
    | 'bytes'
    | 'timestamp'
    | 'date'
    | 'time'
    | 'json'
    | 'uuid'
    /** Of the operator's choice, of which we know nothing. */
    | 'other';
  /** n of varchar(n), or null. */
  readonly maxChars: number | null;
}

export interface TypeQuestion {
  readonly table: string;
  readonly column: SourceColumn;
  readonly census: ColumnCensus;
  /** Whether an index or a key holds the column: json has no order, so that it would have to be text. */
  readonly isIndexed: boolean;
  /** Whether the column is the rowid itself. */
  readonly isIdentity?: boolean;
  /** Unit of its numbers as times, where the operator says it. */
  readonly unit?: TimeUnit | null;
  /** The epoch that the tables of the database show by their names. */
  readonly mark?: EpochUnit | null;
}

export interface TypeChoice {
  readonly type: PgType;
  readonly findings: readonly Finding[];
}

export const bigint = plainType('bigint', 'integer');
export const numeric = plainType('numeric', 'numeric');
export const double = plainType('double precision', 'real');
export const textType = plainType('text', 'text');
const bytea = plainType('bytea', 'bytes');
/** PostgreSQL's limit for varchar(n). */
const varcharMax = 10_485_760;
/** The longest ISO text with three fraction digits and Z; longer ones may hold microseconds. */
const millisecondChars = 24;

/** The type of a column: the one that it declares where the census agrees, else one for the values that it holds. */
export function mapType(question: TypeQuestion): TypeChoice & { readonly why: string } {
  if (question.isIdentity === true) return { ...only(bigint), why: 'the key that SQLite counts on by itself' };
  const { words, length } = readDeclared(question.column.declaredType);
  const declared = mapDeclared(question, words, length);
  const { declaredType } = question.column;
  if (declared !== null) return { ...declared, why: `declared ${declaredType}, which its values agree with` };
  return { ...mapByStorage(question), why: whyByStorage(question) };
}

function whyByStorage({ column, census }: TypeQuestion): string {
  const counts = countClasses(census);
  return counts.length === 0 ? `no values yet, ${column.affinity} affinity` : `it holds ${counts.join(', ')}`;
}

function countClasses(census: ColumnCensus): string[] {
  return (['integers', 'reals', 'texts', 'blobs'] as const)
    .filter((name) => census[name] > 0)
    .map((name) => `${census[name]} ${name}`);
}

/** The declared type's words in upper case and its first number: `VARCHAR(255)` is VARCHAR and 255. */
export function readDeclared(declaredType: string): { readonly words: string; readonly length: number | null } {
  const [, words = '', length] = /^([^(]*)(?:\(\s*([0-9]+))?/.exec(declaredType.trim()) ?? [];
  return {
    words: words.trim().toUpperCase().replace(/\s+/g, ' '),
    length: length === undefined ? null : Number(length),
  };
}

/** A type without a length, or whose length bounds no text. */
export function plainType(sql: string, typeClass: PgType['class']): PgType {
  return { sql, class: typeClass, maxChars: null };
}

function only(type: PgType): TypeChoice {
  return { type, findings: [] };
}

/** What the declared type means where the data agrees, null where it means nothing or the data says otherwise. */
function mapDeclared(question: TypeQuestion, words: string, length: number | null): TypeChoice | null {
  const { census, column } = question;
  const numbers = census.integers + census.reals;
  if (/^BOOL(EAN)?$/.test(words)) return isBoolean(census) ? only(plainType('boolean', 'bool')) : null;
  if (isFlag(question, words, length) && isBoolean(census)) return only(plainType('boolean', 'bool'));
  if (/^(DATETIME|TIMESTAMP)/.test(words))
    return mapTimestamp(question, /WITH TIME ZONE|TZ$/.test(words) && !words.includes('WITHOUT'));
  if (words === 'DATE') return mapDate(question);
  if (words === 'TIME')
    return numbers + census.blobs + census.emptyTexts === 0 && census.charsMax <= 15
      ? only(plainType('time', 'time'))
      : null;
  if (/^JSONB?$/.test(words))
    return census.blobs + census.emptyTexts === 0 && !question.isIndexed
      ? only(plainType(words.toLowerCase(), 'json'))
      : null;
  if (/^(UUID|GUID)$/.test(words)) return isUuid(census) ? only(plainType('uuid', 'uuid')) : null;
  if (/^(DECIMAL|NUMERIC|NUMBER|DEC)\b/.test(words)) return mapDecimal(question);
  if (column.affinity === 'text' && /CHAR/.test(words) && length !== null && length > 0)
    return mapVarchar(question, length);
  return null;
}

/** How frameworks declare a boolean where they have no word for it: TINYINT(1), or an integer that is false or true by default. */
function isFlag({ column, census }: TypeQuestion, words: string, length: number | null): boolean {
  if (column.affinity !== 'integer') return false;
  return (
    (words === 'TINYINT' && length === 1 && census.integers > 0) || /^(true|false)$/i.test(column.defaultSql ?? '')
  );
}

function isBoolean(census: ColumnCensus): boolean {
  const isOnlyIntegers = census.reals + census.texts + census.blobs === 0;
  return isOnlyIntegers && Number(census.integerMin ?? 0) >= 0 && Number(census.integerMax ?? 0) <= 1;
}

/** A uuid prints in lower case with its hyphens; 36 characters are that form or near it, and the copy checks each. */
function isUuid(census: ColumnCensus): boolean {
  const isEmpty = census.texts === 0;
  return census.integers + census.reals + census.blobs + census.emptyTexts === 0 && (isEmpty || census.charsMax === 36);
}

/** Texts cannot be known from the census: the copy reads each. Numbers must have a unit. */
function mapTimestamp(question: TypeQuestion, isZoned: boolean): TypeChoice | null {
  const { census } = question;
  if (census.blobs + census.emptyTexts > 0) return null;
  const unit = unitOf(question, false);
  if (unit.tag === 'ambiguous') return withoutUnit(question, unit);
  const digits = isEpochUnit(unit.unit) ? epochs[unit.unit].digits : 0;
  const isFine = digits > 3 || census.reals > 0 || census.charsMax > millisecondChars;
  return only(plainType(`${isZoned ? 'timestamptz' : 'timestamp'}(${isFine ? 6 : 3})`, 'timestamp'));
}

/** The unit of a column's numbers as times: the operator's, or what the values show. */
export function unitOf({ census, column, unit, mark = null }: TypeQuestion, isDate: boolean): UnitChoice {
  if (unit !== null && unit !== undefined) return givenTimeUnit(census, unit);
  return chooseTimeUnit({ census, declaredType: column.declaredType, isDate, mark });
}

/** Numbers whose unit is not known stay numbers. */
function withoutUnit(
  { table, column, census }: TypeQuestion,
  choice: Extract<UnitChoice, { readonly tag: 'ambiguous' }>,
): TypeChoice {
  const type = census.texts > 0 ? textType : census.reals > 0 ? double : bigint;
  const message = `${column.declaredType} becomes ${type.sql}: ${choice.message}`;
  const at = { table, column: column.name, severity: 'warning' as const };
  return { type, findings: [unitFinding(at, { ...choice, message })] };
}

/** A date where every value is one: texts of at most ten characters, and numbers that are midnights in their unit. */
function mapDate(question: TypeQuestion): TypeChoice | null {
  const { census } = question;
  if (census.blobs + census.emptyTexts > 0) return null;
  if (census.charsMax > 10 || census.reals > 0) return mapTimestamp(question, false);
  if (census.integers === 0) return only(plainType('date', 'date'));
  const unit = unitOf(question, true);
  if (unit.tag === 'ambiguous') return withoutUnit(question, unit);
  return areWholeDays(census, unit.unit) || !isClock(unit.unit)
    ? only(plainType('date', 'date'))
    : mapTimestamp(question, false);
}

/** Whether numbers of a unit may be any time of a day. */
function isClock(unit: TimeUnit): boolean {
  return unit !== 'days' && (isEpochUnit(unit) || unit === 'julian' || unit.includes('HH'));
}

/** Without (p, s), which SQLite never enforced: DECIMAL(1,1) holds 4.5 in real databases. */
function mapDecimal({ table, column, census }: TypeQuestion): TypeChoice | null {
  if (census.texts + census.blobs > 0) return null;
  if (census.reals === 0 || !column.declaredType.includes('(')) return only(numeric);
  const message = `${column.declaredType} becomes numeric without limits: SQLite enforced none, and ${census.reals} values have fractions`;
  const hint = 'narrow the column after the copy if every value fits';
  return {
    type: numeric,
    findings: [makeFinding({ severity: 'note', code: 'plan.decimal', table, column: column.name, message, hint })],
  };
}

function mapVarchar({ table, column, census }: TypeQuestion, length: number): TypeChoice | null {
  if (census.blobs > 0) return null;
  const longest = Math.max(census.charsMax, census.integerMin?.length ?? 0, census.integerMax?.length ?? 0);
  if (longest <= length && census.reals === 0) {
    return only(length > varcharMax ? textType : { sql: `varchar(${length})`, class: 'text', maxChars: length });
  }
  const message = `${column.declaredType} becomes text: it holds a value of ${longest} characters`;
  const hint = 'nothing to do: SQLite enforced no length';
  return {
    type: textType,
    findings: [
      makeFinding({ severity: 'note', code: 'plan.longer_than_declared', table, column: column.name, message, hint }),
    ],
  };
}

/** By the storage classes that are really there; by affinity where there is nothing yet. */
function mapByStorage(question: TypeQuestion): TypeChoice {
  const { census, column } = question;
  const numbers = census.integers + census.reals;
  if (numbers + census.texts + census.blobs === 0) return only(emptyType(column));
  if (census.blobs > 0) return numbers + census.texts === 0 ? only(bytea) : mixed(question, 'error');
  if (census.texts > 0)
    return numbers === 0 || column.affinity === 'text' ? only(textType) : mixed(question, 'warning');
  if (column.affinity === 'text') return only(textType);
  if (census.reals === 0) return only(column.affinity === 'real' ? double : bigint);
  return only(isExactAsDouble(census) ? double : numeric);
}

function emptyType({ affinity, declaredType }: SourceColumn): PgType {
  const types = {
    integer: bigint,
    real: double,
    text: textType,
    blob: declaredType === '' ? textType : bytea,
    numeric: textType,
  };
  return types[affinity];
}

function isExactAsDouble({ integerMin, integerMax }: ColumnCensus): boolean {
  return [integerMin, integerMax].every((value) => Number.isSafeInteger(Number(value ?? 0)));
}

function mixed({ table, column, census }: TypeQuestion, severity: 'error' | 'warning'): TypeChoice {
  const counts = countClasses(census);
  const message = `holds ${counts.join(', ')}${severity === 'error' ? ': no one type carries them' : ': becomes text, numbers as SQLite writes them'}`;
  const hint =
    severity === 'error'
      ? 'bring the column to one storage class in SQLite'
      : 'bring the column to one storage class in SQLite if it should be numeric';
  return {
    type: textType,
    findings: [makeFinding({ severity, code: 'plan.mixed_types', table, column: column.name, message, hint })],
  };
}
