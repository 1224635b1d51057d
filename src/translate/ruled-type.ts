import { makeFinding } from '../plan/findings/finding.js';
import { readExpressionTokens } from './expression/sql-tokens.js';
import { type PgType, readDeclared, textType, type TypeChoice } from './pg-type.js';

const classes: readonly (readonly [RegExp, PgType['class']])[] = [
  [/^(SMALLINT|INTEGER|INT|BIGINT|INT[248])$/, 'integer'],
  [/^(NUMERIC|DECIMAL)$/, 'numeric'],
  [/^(REAL|DOUBLE PRECISION|FLOAT|FLOAT[48])$/, 'real'],
  [/^(TEXT|VARCHAR|CHARACTER VARYING|CHAR|CHARACTER|CITEXT)$/, 'text'],
  [/^BOOL(EAN)?$/, 'bool'],
  [/^BYTEA$/, 'bytes'],
  [/^TIMESTAMP(TZ)?$/, 'timestamp'],
  [/^DATE$/, 'date'],
  [/^TIME$/, 'time'],
  [/^JSONB?$/, 'json'],
  [/^UUID$/, 'uuid'],
];

/** The type that the operator chose for a column of the translated schema; its values are still checked by the plan. */
export function ruledType(rule: {
  readonly table: string;
  readonly column: string;
  readonly sql: string;
  readonly isIdentity: boolean;
}): TypeChoice & { readonly why: string } {
  const { table, column, isIdentity } = rule;
  const sql = shortTimeName(rule.sql);
  const { words, length } = readDeclared(sql);
  const found = classes.find(([pattern]) => pattern.test(words))?.[1] ?? 'other';
  const problem = explain(sql, isIdentity && found !== 'integer');
  if (problem !== null) {
    const hint = 'correct the type in the config file, or name this column one of its own in tableRules';
    const message = `the type ${sql} of the config file ${problem}`;
    return {
      type: textType,
      why: '',
      findings: [makeFinding({ severity: 'error', code: 'plan.bad_type', table, column, message, hint })],
    };
  }
  return {
    type: { sql, class: found, maxChars: found === 'text' ? length : null },
    findings: [],
    why: 'the config file says so',
  };
}

/**
 * The long names of the types of times in their short form, which the translation of defaults goes by: `timestamp(3) with
 * time zone` is `timestamptz(3)`. Other types as they were given.
 */
function shortTimeName(sql: string): string {
  const found =
    /^(?:"?pg_catalog"?\s*\.\s*)?("?)(timestamp|time)(tz)?\1\s*(?:\(\s*(\d+)\s*\))?\s*(?:(with|without)\s+time\s+zone)?$/i.exec(
      sql.trim(),
    );
  if (found === null) return sql;
  const [, , name = '', tz, precision, zone] = found;
  if (tz !== undefined && zone !== undefined) return sql;
  const isZoned = tz !== undefined || zone?.toLowerCase() === 'with';
  return `${name.toLowerCase()}${isZoned ? 'tz' : ''}${precision === undefined ? '' : `(${precision})`}`;
}

/**
 * Why a type that the operator gave cannot be used. It goes into CREATE TABLE unchanged, so it must be one type and
 * nothing more.
 */
function explain(sql: string, isBadKey: boolean): string | null {
  if (isBadKey) return 'cannot count on by itself, as the key of the source does';
  const tokens = readExpressionTokens(sql);
  const isType =
    tokens !== null &&
    ['word', 'name'].includes(tokens[0]?.tag ?? '') &&
    tokens.every(({ tag, text: sign }) => tag !== 'sign' || ['(', ')', ',', '.', '[', ']'].includes(sign)) &&
    tokens.at(-1)?.end === sql.trimEnd().length;
  return isType ? null : 'is no name of a type';
}
