import { findJsonFault } from '../../lib/bytes/json-text.js';
import type { CopierError } from '../../model/error.js';
import type { TablePlan } from '../../model/plan.js';
import type { Kind } from '../../model/kind.js';
import { type RowView, Storage } from '../../model/value.js';
import { findHugeNumber } from './json-numbers.js';
import { findInvalidUtf8, countCodePoints } from './utf8.js';
import { valueError, type ValueProblem } from './value-error.js';

/** The longest UTF-8 sequence. Of an invalid one as many bytes are shown. */
const SEQUENCE_BYTES_MAX = 4;

const backslash = 0x5c;

const hint = 'correct the value in the source, or make the target column';

/**
 * Checks a row value by value, after PostgreSQL rejected a row of its chunk: gives an error that names the first value
 * which breaks a rule that the fast pass leaves to the server, or null. Offsets count bytes from the value's first.
 */
export function explainRow(table: Omit<TablePlan, 'chunks'>, view: RowView): CopierError | null {
  for (let index = 0; index < table.columns.length; index += 1) {
    const kind = table.columns[index]?.kind;
    if (kind === undefined || view.storage[index] !== Storage.Text || !hasTextProblems(kind)) continue;
    const problem = textProblem(kind, view.bytes.subarray(view.start[index], view.end[index]));
    if (problem !== null) return valueError(table, view, index, problem);
  }
  return null;
}

/** Whether the server judges the texts of such a column by more than the encoder does. */
export function hasTextProblems(kind: Kind): boolean {
  return ['text', 'char', 'json', 'jsonb', 'enum', 'literal'].includes(kind.tag);
}

/**
 * What the server would refuse in a text, in the order of its checks: encoding, NUL, then what the type itself demands.
 */
export function textProblem(kind: Kind, bytes: Buffer): ValueProblem | null {
  const invalidAt = findInvalidUtf8(bytes, 0, bytes.length);
  if (invalidAt >= 0) return invalidUtf8(bytes, invalidAt);
  const nulAt = bytes.indexOf(0);
  if (nulAt >= 0) return nulByte(nulAt);
  if (kind.tag === 'json' || kind.tag === 'jsonb') return jsonProblem(bytes, kind);
  const charsMax = kind.tag === 'text' ? kind.maxChars : kind.tag === 'char' ? kind.chars : null;
  const chars = countCodePoints(bytes, 0, bytes.length);
  if (charsMax === null || chars <= charsMax) return null;
  return { code: 'data.too_long', reason: `${chars} characters do not fit into ${charsMax}`, hint: `${hint} longer` };
}

function invalidUtf8(bytes: Buffer, at: number): ValueProblem {
  const shown = bytes.toString('hex', at, at + SEQUENCE_BYTES_MAX);
  const reason = `invalid UTF-8 at byte ${at} (hex ${shown})`;
  return {
    code: 'data.invalid_utf8',
    reason,
    hint: 'correct the value in the source, or store it as a blob for a bytea column',
  };
}

function nulByte(at: number): ValueProblem {
  const reason = `a NUL byte at byte ${at}, which no PostgreSQL text can hold`;
  return { code: 'data.nul_byte', reason, hint: `${hint} bytea` };
}

function jsonProblem(bytes: Buffer, kind: Kind): ValueProblem | null {
  const faultAt = findJsonFault(bytes, 0, bytes.length);
  if (faultAt >= 0) {
    const where = faultAt < bytes.length ? ` at byte ${faultAt}` : bytes.length > 0 ? ' (it ends too soon)' : '';
    const reason = `not JSON${where}`;
    return { code: 'data.not_json', reason, hint: `${hint} text` };
  }
  const hasEscapes = bytes.includes(backslash);
  if (kind.tag === 'jsonb') return (hasEscapes ? escapeProblem(bytes.toString('utf8')) : null) ?? numberProblem(bytes);
  return hasEscapes && kind.tag === 'json' && kind.refusesNul === true ? jsonNulProblem(bytes.toString('utf8')) : null;
}

/** jsonb stores numbers as numeric; json as they are written. */
function numberProblem(bytes: Buffer): ValueProblem | null {
  const at = findHugeNumber(bytes);
  if (at < 0) return null;
  const reason = `a number at byte ${at} that numeric, and so jsonb, cannot hold`;
  return { code: 'data.out_of_range', reason, hint: `${hint} json` };
}

/** The first \u0000 of a JSON text. */
export function jsonNulProblem(text: string): ValueProblem | null {
  // In valid JSON a backslash only occurs within a string, and always begins an escape.
  for (const { 0: found, index } of text.matchAll(/\\(?:u[0-9a-f]{4}|.)/gis)) {
    if (found === '\\u0000') return jsonNul(Buffer.byteLength(text.slice(0, index)));
  }
  return null;
}

/**
 * jsonb stores text, not escapes, so it can hold neither U+0000 nor half of a surrogate pair (json stores both as
 * written). In valid JSON a backslash only occurs within a string.
 */
function escapeProblem(text: string): ValueProblem | null {
  let highAt = -1;
  for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', at)) {
    if (highAt >= 0 && at !== highAt + 6) return loneSurrogate(highAt);
    const unit = text[at + 1] === 'u' ? Number.parseInt(text.slice(at + 2, at + 6), 16) : -1;
    if (unit === 0) return jsonNul(Buffer.byteLength(text.slice(0, at)));
    const isLow = unit >= 0xdc00 && unit <= 0xdfff;
    if (isLow !== highAt >= 0) return loneSurrogate(isLow ? at : highAt);
    highAt = unit >= 0xd800 && unit <= 0xdbff ? at : -1;
    at += unit >= 0 ? 6 : 2;
  }
  return highAt >= 0 ? loneSurrogate(highAt) : null;
}

function jsonNul(at: number): ValueProblem {
  return {
    code: 'data.json_nul',
    reason: `\\u0000 at byte ${at}, which no PostgreSQL text can hold`,
    hint: `${hint} text`,
  };
}

function loneSurrogate(at: number): ValueProblem {
  return { code: 'data.not_json', reason: `half of a surrogate pair at character ${at}`, hint: `${hint} text` };
}
