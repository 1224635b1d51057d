import { makeFinding } from '../plan/findings/finding.js';
import { readExpressionTokens } from './expression/sql-tokens.js';
import { type PgType, readDeclared, textType, type TypeChoice } from './type-map.js';

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
  const { table, column, sql, isIdentity } = rule;
  const { words, length } = readDeclared(sql);
  const found = classes.find(([pattern]) => pattern.test(words))?.[1] ?? 'other';
  const problem = explain(sql, isIdentity && found !== 'integer');
  if (problem !== null) {
    const hint = 'correct type in tableRules of the config file';
    const message = `the type ${sql} of tableRules ${problem}`;
    return {
      type: textType,
      why: '',
      findings: [makeFinding({ severity: 'error', code: 'plan.bad_type', table, column, message, hint })],
    };
  }
  return {
    type: { sql, class: found, maxChars: found === 'text' ? length : null },
    findings: [],
    why: 'tableRules say so',
  };
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
