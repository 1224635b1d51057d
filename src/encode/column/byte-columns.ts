import type { Block } from '../row/block.js';
import type { ColumnEncoder } from './column-encoder.js';
import { jsonNulProblem } from '../value/explain.js';
import { refuse } from '../value/misfit.js';
import { realText } from '../value/real-text.js';
import { countCodePoints } from '../value/utf8.js';

const JSONB_VERSION = 1;

/** text, varchar(n), name: the bytes as they stand; numbers as SQLite's own CAST to TEXT prints them. */
export function textEncoder(maxChars: number | null, maxBytes?: number): ColumnEncoder {
  return {
    integer: (out, value) => checkLength(writeAscii(out, String(value)), maxChars),
    wide: (out, value) => checkLength(writeAscii(out, String(value)), maxChars),
    real: (out, value) => checkLength(writeAscii(out, realText(value)), maxChars),
    text: (out, bytes, start, end) => {
      if (maxChars !== null && end - start > maxChars) checkLength(countCodePoints(bytes, start, end), maxChars);
      if (maxBytes !== undefined && end - start > maxBytes) tooManyBytes(end - start, maxBytes);
      out.copy(bytes, start, end);
    },
    blob: () => blobInText(),
  };
}

/** char(n): as text; PostgreSQL pads, and trailing spaces beyond n are not cut off here. */
export function charEncoder(chars: number): ColumnEncoder {
  return textEncoder(chars);
}

/** bytea: the bytes of a blob. Text or a number has no one byte form and is refused. */
export function byteaEncoder(): ColumnEncoder {
  return {
    integer: () => numberInBlob(),
    wide: () => numberInBlob(),
    real: () => numberInBlob(),
    text: () =>
      refuse(
        'data.text_in_blob',
        'text in a bytea column',
        'store it as a blob in the source, or make the target column text',
      ),
    blob: (out, bytes, start, end) => out.copy(bytes, start, end),
  };
}

const nulEscape = Buffer.from('\\u0000', 'latin1');

/** json, jsonb: the text as it stands (PostgreSQL rejects what is no JSON), after a version byte for jsonb. */
export function jsonEncoder(isBinary: boolean, refusesNul = false): ColumnEncoder {
  const write = (out: Block, text: string): void => {
    if (isBinary) out.byte(JSONB_VERSION);
    out.ascii(text);
  };
  return {
    integer: (out, value) => write(out, String(value)),
    wide: (out, value) => write(out, String(value)),
    real: (out, value) => write(out, Number.isFinite(value) ? realText(value) : notJson()),
    text: (out, bytes, start, end) => {
      if (refusesNul) refuseNul(bytes.subarray(start, end));
      if (isBinary) out.byte(JSONB_VERSION);
      out.copy(bytes, start, end);
    },
    blob: () => blobInText(),
  };
}

function refuseNul(bytes: Buffer): void {
  const problem = bytes.includes(nulEscape) ? jsonNulProblem(bytes.toString('utf8')) : null;
  if (problem !== null) refuse(problem.code, problem.reason, problem.hint);
}

/** enum: the label's bytes, equal to one of the type's labels. */
export function enumEncoder(labels: readonly string[]): ColumnEncoder {
  const known = labels.map((label) => Buffer.from(label, 'utf8'));
  return {
    integer: () => notALabel(),
    wide: () => notALabel(),
    real: () => notALabel(),
    text: (out, bytes, start, end) => {
      if (!isOneOf(known, bytes, start, end)) notALabel();
      out.copy(bytes, start, end);
    },
    blob: () => blobInText(),
  };
}

function isOneOf(known: readonly Buffer[], bytes: Buffer, start: number, end: number): boolean {
  for (let i = 0; i < known.length; i += 1) {
    const label = known[i] as Buffer;
    if (label.length === end - start && isEqual(label, bytes, start)) return true;
  }
  return false;
}

/** Whether `bytes` holds all of `wanted` at `start`. */
export function isEqual(wanted: Buffer, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < wanted.length; i += 1) if (wanted[i] !== bytes[start + i]) return false;
  return true;
}

/** Returns the number of characters written. */
function writeAscii(out: Block, text: string): number {
  out.ascii(text);
  return text.length;
}

function checkLength(chars: number, maxChars: number | null): void {
  if (maxChars === null || chars <= maxChars) return;
  refuse('data.too_long', `${chars} characters do not fit into ${maxChars}`, 'make the target column longer, or text');
}

function tooManyBytes(bytes: number, maxBytes: number): never {
  refuse('data.too_long', `${bytes} bytes do not fit into ${maxBytes}`, 'make the target column text');
}

function blobInText(): never {
  refuse(
    'data.blob_in_text',
    'a blob in a column of text',
    'store it as text in the source, or make the target column bytea',
  );
}

function numberInBlob(): never {
  refuse(
    'data.number_in_blob',
    'a number in a bytea column',
    'store it as a blob in the source, or make the target column numeric',
  );
}

function notALabel(): never {
  refuse(
    'data.enum_label',
    'not a label of the enum type',
    'add the label to the type in the target, or correct the value',
  );
}

function notJson(): never {
  refuse(
    'data.not_json',
    'JSON has no infinity',
    'correct the value in the source, or make the target column double precision',
  );
}
