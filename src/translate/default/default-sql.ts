import { type Expression, readExpression, Unportable } from '../expression/expression.js';
import { asText, type Rendered, refuseTranslation, type Scope, yields } from '../expression/rendered.js';
import { renderExpression } from '../expression/expression-sql.js';
import { renderPureCall } from '../expression/functions.js';
import { literalDefault } from './literal-default.js';
import { renderNow } from '../expression/now-sql.js';
import { readExpressionTokens } from '../expression/sql-tokens.js';
import type { PgType } from '../pg-type.js';

/** A default in PostgreSQL's SQL, null for no default; or the reason why it has no equivalent. */
export type DefaultChoice =
  | { readonly tag: 'translated'; readonly sql: string | null }
  | { readonly tag: 'untranslated'; readonly reason: string };

/**
 * Translates a column default as SQLite stores it, by its meaning and for the column's new type. A default without a
 * sure equivalent is reported: a wrong one would spoil rows long after the copy.
 */
export function translateDefault(defaultSql: string, type: PgType): DefaultChoice {
  const tokens = readExpressionTokens(defaultSql);
  if (tokens === null) return { tag: 'untranslated', reason: 'its quotes do not end' };
  try {
    return { tag: 'translated', sql: renderDefault(readExpression(tokens), type) };
  } catch (error) {
    if (error instanceof Unportable) return { tag: 'untranslated', reason: error.message };
    throw error;
  }
}

const defaultScope: Scope = {
  column: () => null,
  call: (name, operands, scope) =>
    renderNow(name, operands) ?? renderRandom(name, operands, scope) ?? renderPureCall(name, operands, scope),
};

/** A bare name as the whole default is a text: DEFAULT draft means 'draft'. */
function renderDefault(expression: Expression, type: PgType): string | null {
  const value: Expression = expression.tag === 'name' ? { tag: 'string', text: expression.name } : expression;
  switch (value.tag) {
    case 'null':
      return null;
    case 'number':
    case 'string':
    case 'blob':
    case 'bool':
      return literalDefault(value, type);
    default:
      return fillColumn(renderExpression(value, defaultScope), type);
  }
}

/** Brings a computed value to the column's type as SQLite's affinity would, by meaning for the present moment. */
function fillColumn(value: Rendered, type: PgType): string {
  switch (type.class) {
    case 'text':
      return type.maxChars === null
        ? asText(value)
        : refuseTranslation('a computed default could be longer than the column');
    case 'integer':
      return value.class === 'integer' ? value.sql : refuseTranslation('it is no integer');
    case 'numeric':
    case 'real':
      return value.class === 'integer' || value.class === 'real' ? value.sql : refuseTranslation('it is no number');
    case 'bool':
      return value.class === 'bool' ? value.sql : refuseTranslation('it is no boolean');
    case 'bytes':
      return value.class === 'bytes' ? value.sql : refuseTranslation('it is no blob');
    case 'uuid':
      return value.class === 'text' ? `(${value.sql})::uuid` : refuseTranslation('it is no uuid');
    case 'timestamp':
    case 'date':
    case 'time':
      return fillTemporal(value, type);
    case 'json':
      return refuseTranslation('a computed default of JSON has no sure equivalent');
    case 'other':
      return refuseTranslation('the type is of the operator’s choice');
  }
}

function fillTemporal(value: Rendered, type: PgType): string {
  const now = `(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')`;
  const isZoned = type.sql.startsWith('timestamptz');
  if (value.isEpoch === true && type.class === 'timestamp') return isZoned ? 'CURRENT_TIMESTAMP' : now;
  const holds = value.instant?.holds;
  if (holds === type.class && !isZoned) return type.class === 'timestamp' ? value.sql : `${value.sql}::${type.class}`;
  if (holds === 'timestamp' && isZoned)
    return value.sql === now ? 'CURRENT_TIMESTAMP' : `(${value.sql} AT TIME ZONE 'UTC')`;
  if (holds === 'date' && type.class === 'timestamp' && !isZoned) return `date_trunc('day', ${value.sql})`;
  return refuseTranslation(`it is no ${type.class}`);
}

/** randomblob(n), hex of bytes and random(), out of random UUIDs, which every server can make. */
function renderRandom(name: string, operands: readonly Expression[], scope: Scope): Rendered | null {
  const [operand] = operands;
  if (name === 'randomblob') {
    const count = operand?.tag === 'number' && operands.length === 1 ? Number(operand.text) : Number.NaN;
    return Number.isInteger(count) && count >= 1 && count <= 32
      ? yields('bytes', randomBytes(count))
      : refuseTranslation('randomblob is given no length from 1 to 32');
  }
  if (name === 'random' && operands.length === 0) {
    return yields('integer', `('x' || encode(${randomBytes(8)}, 'hex'))::bit(64)::bigint`);
  }
  const isHex = operand?.tag === 'call' && operand.name === 'hex' ? operand : null;
  if (name === 'lower' && isHex !== null) return hexOf(isHex.operands, scope, 'encode');
  return name === 'hex' ? hexOf(operands, scope, 'upper(encode') : null;
}

function hexOf(operands: readonly Expression[], scope: Scope, call: string): Rendered {
  const [operand] = operands;
  const bytes = operand === undefined || operands.length > 1 ? null : renderExpression(operand, scope);
  if (bytes?.class !== 'bytes') return refuseTranslation('hex needs a blob');
  return yields('text', `${call}(${bytes.sql}, 'hex')${call.includes('(') ? ')' : ''}`);
}

/** SHA-256 spreads the 122 random bits of one UUID, or of two for more than 15 bytes, evenly over 32 bytes. */
function randomBytes(count: number): string {
  const uuid = 'uuid_send(gen_random_uuid())';
  return `substring(sha256(${count > 15 ? `${uuid} || ${uuid}` : uuid}) FROM 1 FOR ${count})`;
}
