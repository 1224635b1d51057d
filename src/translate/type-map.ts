import type { ColumnCensus } from '../model/census.js';
import type { SourceColumn } from '../model/source.js';
import { ruleLine } from '../plan/findings/choices.js';
import { makeFinding } from '../plan/findings/finding.js';
import {
  bigint,
  double,
  numeric,
  only,
  plainType,
  type PgType,
  readDeclared,
  textType,
  type TypeChoice,
  type TypeQuestion,
} from './pg-type.js';
import { isZonedName, mapDate, mapTimestamp } from './time-type.js';

const bytea = plainType('bytea', 'bytes');
/** PostgreSQL's limit for varchar(n). */
const varcharMax = 10_485_760;

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

/** What the declared type means where the data agrees, null where it means nothing or the data says otherwise. */
function mapDeclared(question: TypeQuestion, words: string, length: number | null): TypeChoice | null {
  const { census, column } = question;
  const numbers = census.integers + census.reals;
  if (/^BOOL(EAN)?$/.test(words)) return isBoolean(census) ? only(plainType('boolean', 'bool')) : null;
  if (isFlag(question, words, length) && isBoolean(census))
    return { ...only(plainType('boolean', 'bool')), inference: { rule: 'boolean', otherwise: bigint.sql } };
  if (/^(DATETIME|TIMESTAMP)/.test(words)) return mapTimestamp(question, isZonedName(words));
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
  if (/^(N?VARCHAR|CHARACTER VARYING)$/.test(words) && length === null && census.blobs === 0)
    return only(plainType('varchar', 'text'));
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
  if (census.blobs > 0) return numbers + census.texts === 0 ? ofOtherClass(question, bytea) : mixed(question, 'error');
  if (census.texts > 0)
    return numbers === 0 || column.affinity === 'text' ? ofOtherClass(question, textType) : mixed(question, 'warning');
  if (column.affinity === 'text') return only(textType);
  if (census.reals === 0) return only(column.affinity === 'real' ? double : bigint);
  return only(isExactAsDouble(census) ? double : numeric);
}

/** Bytes in a column that is declared for texts, or texts in one for bytes, keep what they are, which is said. */
function ofOtherClass({ table, column, census }: TypeQuestion, type: PgType): TypeChoice {
  const isText = type === textType;
  const declared = /CHAR|CLOB|TEXT/i.test(column.declaredType)
    ? 'text'
    : /BLOB/i.test(column.declaredType)
      ? 'bytea'
      : null;
  if (declared === null || declared === type.sql) return only(type);
  const convert = { [isText ? 'text_in_blob' : 'blob_in_text']: { convert: 'utf8' } };
  return {
    type,
    findings: [
      makeFinding({
        severity: 'warning',
        code: 'plan.declared_type',
        table,
        column: column.name,
        message: `${column.declaredType} becomes ${type.sql}: each of its values is a ${isText ? 'text' : 'blob'} (${isText ? census.texts : census.blobs})`,
        hint: `to keep ${declared}, decide about these values in the config file; the last line is for ${type.sql}:`,
        choices: [
          ruleLine(table, column.name, { type: declared, policies: convert }),
          ruleLine(table, column.name, { type: type.sql }),
        ],
      }),
    ],
  };
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
      ? 'bring the column to one storage class in SQLite, or name a type in the config file:'
      : 'bring the column to one storage class in SQLite if it should be numeric';
  const choices = severity === 'error' ? ofOneType(table, column.name, census) : [];
  return {
    type: textType,
    findings: [makeFinding({ severity, code: 'plan.mixed_types', table, column: column.name, message, hint, choices })],
  };
}

/** The types that settle texts beside blobs: bytes of both, or texts without the rows of the others. */
function ofOneType(table: string, column: string, { integers, reals }: ColumnCensus): string[] {
  const bytes = { type: 'bytea', policies: { text_in_blob: { convert: 'utf8' } } };
  const texts = { type: 'text', policies: { blob_in_text: 'quarantine' } };
  return [...(integers + reals === 0 ? [bytes] : []), texts].map((rules) => ruleLine(table, column, rules));
}
