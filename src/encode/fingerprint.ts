import type { ColumnPlan, ColumnResult, Kind, TableFingerprint, TablePlan } from '../model.js';
import { Block } from './block.js';
import { INT32_MAX, INT32_MIN } from './date-columns.js';
import { type Hash64, hashBytes, hashInt64, hexOf } from './hash.js';
import { writeNumericText } from './numeric-text.js';
import type { RowFields } from './row-fields.js';

/** How the bytes of a field are hashed. */
const Fold = { None: 0, Byte: 1, Int16: 2, Int32: 3, Int64: 4, Bytes: 5, Padded: 6, Numeric: 7, Date: 8 } as const;
type FoldCode = (typeof Fold)[keyof typeof Fold];

const SCRATCH_BYTES = 4096;
const TWO_TO_32 = 4_294_967_296;

/** The fingerprint of the rows folded so far; see `TableFingerprint`. */
export interface Fingerprint {
  /** Adds the row whose fields stand in `row` in binary COPY form. */
  readonly add: (row: Block, fields: RowFields) => void;
  readonly rows: () => number;
  readonly result: () => TableFingerprint;
}

/**
 * Per row, the key hash k begins as 0 and becomes H(value, seed k) for each key column in order, a NULL counting as the
 * int8 −1. Per column Σ H(value, seed k) mod 2^64 is kept, NULLs adding nothing, and Σ k over the rows. H is PostgreSQL's own
 * extended hash, so that the server can compute the same. Columns whose stored form cannot be known here (jsonb,
 * literal) add nothing.
 */
export function createFingerprint(table: Omit<TablePlan, 'chunks'>): Fingerprint {
  const { columns } = table;
  const count = columns.length;
  const folds = Uint8Array.from(columns, (column) => foldOf(column.kind));
  const isTextual = Uint8Array.from(columns, (column) => (column.isTextual ? 1 : 0));
  const keyColumns = Int32Array.from(table.key.columns.filter((index) => folds[index] !== Fold.None));
  const nulls = new Float64Array(count);
  const empties = new Float64Array(count);
  // One more than the columns: the last sum is the keyset's. Halves as unsigned numbers.
  const sumHi = new Uint32Array(count + 1);
  const sumLo = new Uint32Array(count + 1);
  const hash: Hash64 = { hi: 0, lo: 0 };
  const scratch = new Block(SCRATCH_BYTES);
  let rows = 0;

  const addTo = (index: number): void => {
    const low = (sumLo[index] as number) + (hash.lo >>> 0);
    sumLo[index] = low;
    sumHi[index] = (sumHi[index] as number) + (hash.hi >>> 0) + (low >= TWO_TO_32 ? 1 : 0);
  };

  const add = (row: Block, fields: RowFields): void => {
    hash.hi = 0;
    hash.lo = 0;
    for (let i = 0; i < keyColumns.length; i += 1) {
      const index = keyColumns[i] as number;
      const length = fields.length[index] as number;
      const fold = folds[index] as FoldCode;
      if (length < 0) hashInt64(hash, -1, -1, hash.hi, hash.lo);
      else hashField(hash, fold, row, fields.start[index] as number, length, hash.hi, hash.lo, scratch);
    }
    addTo(count);
    const seedHi = hash.hi;
    const seedLo = hash.lo;
    for (let index = 0; index < count; index += 1) {
      const length = fields.length[index] as number;
      if (length < 0) {
        nulls[index] = (nulls[index] as number) + 1;
        continue;
      }
      const start = fields.start[index] as number;
      const fold = folds[index] as FoldCode;
      if (isTextual[index] === 1 && isEmpty(fold, row, start, length)) empties[index] = (empties[index] as number) + 1;
      if (fold === Fold.None) continue;
      hashField(hash, fold, row, start, length, seedHi, seedLo, scratch);
      addTo(index);
    }
    rows += 1;
  };

  const columnResult = (column: ColumnPlan, index: number): ColumnResult => ({
    column: column.target,
    nulls: nulls[index] as number,
    empties: empties[index] as number,
    fingerprint: hexOf(sumHi[index] as number, sumLo[index] as number),
  });
  const result = (): TableFingerprint => ({
    rows,
    keyset: hexOf(sumHi[count] as number, sumLo[count] as number),
    columns: columns.map(columnResult),
  });
  return { add, rows: () => rows, result };
}

/** Hashes one field, given in binary COPY form. `scratch` is used for numerics. */
export function hashField(
  out: Hash64,
  fold: FoldCode,
  row: Block,
  start: number,
  length: number,
  seedHi: number,
  seedLo: number,
  scratch: Block,
): void {
  const { view } = row;
  switch (fold) {
    case Fold.Bytes:
      hashBytes(out, view, start, length, seedHi, seedLo);
      break;
    case Fold.Int64:
      hashInt64(out, view.getInt32(start), view.getInt32(start + 4), seedHi, seedLo);
      break;
    case Fold.Int32:
      hashSmall(out, view.getInt32(start), seedHi, seedLo);
      break;
    case Fold.Date:
      hashDate(out, view.getInt32(start), seedHi, seedLo);
      break;
    case Fold.Int16:
      hashSmall(out, view.getInt16(start), seedHi, seedLo);
      break;
    case Fold.Byte:
      hashSmall(out, view.getUint8(start), seedHi, seedLo);
      break;
    case Fold.Padded:
      hashBytes(out, view, start, trimmedLength(row.bytes, start, length), seedHi, seedLo);
      break;
    case Fold.Numeric:
      scratch.clear();
      writeNumericText(scratch, view, start, true);
      hashBytes(out, scratch.view, 0, scratch.length, seedHi, seedLo);
      break;
    default:
  }
}

function hashSmall(out: Hash64, value: number, seedHi: number, seedLo: number): void {
  hashInt64(out, value < 0 ? -1 : 0, value, seedHi, seedLo);
}

/** Days as an int8; the infinite dates are the ends of int8, since SQL cannot count their days. */
function hashDate(out: Hash64, days: number, seedHi: number, seedLo: number): void {
  if (days === INT32_MAX) hashInt64(out, INT32_MAX, -1, seedHi, seedLo);
  else if (days === INT32_MIN) hashInt64(out, INT32_MIN, 0, seedHi, seedLo);
  else hashSmall(out, days, seedHi, seedLo);
}

function isEmpty(fold: FoldCode, row: Block, start: number, length: number): boolean {
  return length === 0 || (fold === Fold.Padded && trimmedLength(row.bytes, start, length) === 0);
}

/** The length without trailing spaces, which do not count in char(n). */
function trimmedLength(bytes: Buffer, start: number, length: number): number {
  let trimmed = length;
  while (trimmed > 0 && bytes[start + trimmed - 1] === 0x20) trimmed -= 1;
  return trimmed;
}

/** How the fields of a kind are hashed. */
export function foldOf(kind: Kind): FoldCode {
  switch (kind.tag) {
    case 'bool':
      return Fold.Byte;
    case 'int2':
      return Fold.Int16;
    case 'int4':
      return Fold.Int32;
    case 'date':
      return Fold.Date;
    case 'int8':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return Fold.Int64;
    case 'char':
      return Fold.Padded;
    case 'numeric':
      return Fold.Numeric;
    case 'jsonb':
    case 'literal':
      return Fold.None;
    default:
      return Fold.Bytes;
  }
}
