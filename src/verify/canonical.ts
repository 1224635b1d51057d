import type { ColumnPlan } from '../model/plan.js';
import { type CellBatch, Storage } from '../model/value.js';
import { type Canonize, type ComparedSide, numberOf, putAsIs, putRaw, safeDigits, textOf } from './canonical-cell.js';
import { type CanonicalRow, Tag } from './canonical-row.js';
import { localDater, putTime, stamper } from './canonical-time.js';
import { hasAllDigits, normalizeDecimal, scaleToInteger } from './decimal.js';
import { canonicalJson } from './json.js';

const doublePattern = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;
const infinityPattern = /^\s*([+-]?)inf(inity)?\s*$/i;
const truths = new Set(['1', 't', 'true', 'y', 'yes', 'on']);
const untruths = new Set(['0', 'f', 'false', 'n', 'no', 'off']);
const zero = 48;
const one = 49;
const letterF = 102;
const letterT = 116;

/** How the values of a column are read on one side, by the column's kind. */
export function canonizerOf(column: Pick<ColumnPlan, 'kind'>, side: ComparedSide): Canonize {
  const { kind } = column;
  switch (kind.tag) {
    case 'bool':
      return putBool;
    case 'int2':
    case 'int4':
    case 'int8':
      return side === 'target' ? putAsIs : putInteger;
    case 'float4':
      return putFloat(Math.fround);
    case 'float8':
      return putFloat((value) => value);
    case 'numeric':
      return putNumeric;
    case 'text':
    case 'enum':
    case 'json':
    case 'literal':
      return putAsIs;
    case 'char':
      return putUnpadded;
    case 'bytea':
      return side === 'target' ? putBytea : putAsIs;
    case 'uuid':
      return putUuid(side === 'source' && kind.bytes !== undefined);
    case 'jsonb':
      return putJsonb;
    case 'date':
      // A number in a column of dates is a date only if it is a midnight.
      return side === 'source' && kind.zone !== undefined
        ? localDater({ unit: 'ms', ...kind }, kind.zone)
        : stamper({ unit: 'ms', ...kind }, side);
    case 'time':
      return putTime(side === 'source' ? kind.pattern : undefined);
    case 'timestamp':
    case 'timestamptz':
      return stamper(kind, side);
  }
}

function putInteger(batch: CellBatch, cell: number, row: CanonicalRow): void {
  if (batch.storage[cell] === Storage.Integer) putAsIs(batch, cell, row);
  else putWhole(wholeOf(batch, cell), batch, cell, row);
}

/** A whole real is exactly the integer it stands for, which above 2^53 is not its shortest decimal. */
function wholeOf(batch: CellBatch, cell: number): bigint | null {
  if (batch.storage[cell] === Storage.Real) {
    const value = numberOf(batch, cell);
    return Number.isInteger(value) ? BigInt(value) : null;
  }
  const plain = normalizeDecimal(textOf(batch, cell));
  return plain === null ? null : scaleToInteger(plain, 0);
}

function putWhole(whole: bigint | null, batch: CellBatch, cell: number, row: CanonicalRow): void {
  if (whole === null) putRaw(batch, cell, row);
  else row.putLatin(Tag.Value, whole.toString());
}

/** The one-letter forms, which nearly all values have, need no string. */
function putBool(batch: CellBatch, cell: number, row: CanonicalRow): void {
  const start = batch.start[cell] as number;
  const letter = (batch.end[cell] as number) - start === 1 ? batch.bytes[start] : undefined;
  if (letter === one || letter === letterT) row.putLatin(Tag.Value, '1');
  else if (letter === zero || letter === letterF) row.putLatin(Tag.Value, '0');
  else putWordedBool(batch, cell, row);
}

function putWordedBool(batch: CellBatch, cell: number, row: CanonicalRow): void {
  const text = textOf(batch, cell).trim().toLowerCase();
  const plain = batch.storage[cell] === Storage.Real ? (normalizeDecimal(text) ?? text) : text;
  if (truths.has(plain)) row.putLatin(Tag.Value, '1');
  else if (untruths.has(plain)) row.putLatin(Tag.Value, '0');
  else putRaw(batch, cell, row);
}

/** `narrow` is the rounding of the target's type to its own width; PostgreSQL prints the shortest text that reads back. */
function putFloat(narrow: (value: number) => number): Canonize {
  return (batch, cell, row) => {
    const value = floatOf(batch, cell);
    if (value === null) putRaw(batch, cell, row);
    else row.putDouble(narrow(value));
  };
}

function floatOf(batch: CellBatch, cell: number): number | null {
  if (batch.storage[cell] === Storage.Real) return numberOf(batch, cell);
  const text = textOf(batch, cell);
  if (batch.storage[cell] === Storage.Integer) {
    const value = Number(text);
    return text.length <= safeDigits || BigInt(value) === BigInt(text) ? value : null;
  }
  if (doublePattern.test(text)) return hasAllDigits(text) ? Number(text) : null;
  const infinity = infinityPattern.exec(text);
  if (infinity !== null) return infinity[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return text === 'NaN' ? Number.NaN : null;
}

function putNumeric(batch: CellBatch, cell: number, row: CanonicalRow): void {
  const plain = batch.storage[cell] === Storage.Integer ? textOf(batch, cell) : decimalOf(batch, cell);
  if (plain === null) putEndlessNumber(batch, cell, row);
  else row.putLatin(Tag.Value, plain);
}

function putEndlessNumber(batch: CellBatch, cell: number, row: CanonicalRow): void {
  const value = floatOf(batch, cell);
  if (value === null || Number.isFinite(value)) putRaw(batch, cell, row);
  else row.putLatin(Tag.Special, String(value));
}

/** A real is the shortest decimal that reads back as the same double. */
function decimalOf(batch: CellBatch, cell: number): string | null {
  const isReal = batch.storage[cell] === Storage.Real;
  return normalizeDecimal(isReal ? String(numberOf(batch, cell)) : textOf(batch, cell));
}

function putUnpadded(batch: CellBatch, cell: number, row: CanonicalRow): void {
  const start = batch.start[cell] as number;
  let end = batch.end[cell] as number;
  while (end > start && batch.bytes[end - 1] === 32) end -= 1;
  row.putBytes(Tag.Value, batch.bytes, start, end);
}

function putBytea(batch: CellBatch, cell: number, row: CanonicalRow): void {
  const start = batch.start[cell] as number;
  // `\x`: the hex form, which the reader's session asks for.
  row.putHex(batch.bytes, start + 2, batch.end[cell] as number);
}

/** `isTurned`: blobs are in the byte order of .NET. */
function putUuid(isTurned: boolean): Canonize {
  return (batch, cell, row) => {
    const start = batch.start[cell] as number;
    const end = batch.end[cell] as number;
    const isBinary = batch.storage[cell] === Storage.Blob && end - start === 16;
    const hex = isBinary ? batch.bytes.toString('hex', start, end) : '';
    const text = isBinary ? (isTurned ? turned(hex) : hex) : batch.bytes.toString('latin1', start, end);
    const digits = text
      .toLowerCase()
      .replace(/^urn:uuid:/, '')
      .replaceAll(/[-{}]/g, '');
    if (/^[0-9a-f]{32}$/.test(digits)) row.putLatin(Tag.Value, digits);
    else putRaw(batch, cell, row);
  };
}

/** Its own account of .NET's order: the digits of the first three groups, byte by byte from behind. */
function turned(hex: string): string {
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16)];
  return groups.map((group) => (group.match(/../g) ?? []).reverse().join('')).join('') + hex.slice(16);
}

function putJsonb(batch: CellBatch, cell: number, row: CanonicalRow): void {
  const canonical = canonicalJson(textOf(batch, cell));
  if (canonical === null) putRaw(batch, cell, row);
  else row.putText(Tag.Value, canonical);
}
