import type { ColumnPlan, ColumnResult, Kind, RowSums, TableFingerprint, TablePlan } from '../model.js';
import { Block } from './block.js';
import { INT32_MAX, INT32_MIN } from './date-columns.js';
import {
  createSeed,
  finish,
  type Hash64,
  hashBytes,
  hashDouble,
  hashInt64,
  hexOf,
  type Seed,
  setSeed,
} from './hash.js';
import { writeNumericText } from './numeric-text.js';
import type { RowFields } from './row-fields.js';

/** How the bytes of a field are hashed. */
const Fold = {
  None: 0,
  Byte: 1,
  Int16: 2,
  Int32: 3,
  Int64: 4,
  Bytes: 5,
  Padded: 6,
  Numeric: 7,
  Date: 8,
  Double: 9,
} as const;
type FoldCode = (typeof Fold)[keyof typeof Fold];

const SCRATCH_BYTES = 4096;

/** The fingerprint of the rows folded so far; see `TableFingerprint`. */
export interface Fingerprint {
  /** Adds the row whose fields stand in `row` in binary COPY form. */
  readonly add: (row: Block, fields: RowFields) => void;
  /** Adds what other rows were found to come to. */
  readonly addSums: (sums: RowSums) => void;
  readonly rows: () => number;
  /** k of the row added last, as the server's int8. */
  readonly lastKey: () => bigint;
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
  // In a key a float8 counts by its bytes, as on the server.
  const keyFolds = folds.map((fold) => (fold === Fold.Double ? Fold.Bytes : fold));
  const isTextual = Uint8Array.from(columns, (column) => (column.isTextual ? 1 : 0));
  const keyColumns = Int32Array.from(table.key.columns.filter((index) => folds[index] !== Fold.None));
  const nulls = new Float64Array(count);
  const empties = new Float64Array(count);
  // One more than the columns: the last sum is the keyset's.
  const sumHi = new Int32Array(count + 1);
  const sumLo = new Int32Array(count + 1);
  const hash: Hash64 = { hi: 0, lo: 0 };
  const scratch = new Block(SCRATCH_BYTES);
  let rows = 0;

  const seed = createSeed();

  const addTo = (index: number): void => {
    const low = ((sumLo[index] as number) + hash.lo) | 0;
    sumLo[index] = low;
    sumHi[index] = (sumHi[index] as number) + hash.hi + (low >>> 0 < hash.lo >>> 0 ? 1 : 0);
  };

  /** Leaves k in `seed`, and adds it to the keyset. */
  const addKey = (row: Block, { start, length }: RowFields): void => {
    setSeed(seed, 0, 0);
    for (let i = 0; i < keyColumns.length; i += 1) {
      const index = keyColumns[i] as number;
      const count = length[index] as number;
      if (count < 0) hashInt64(hash, -1, -1, seed);
      else hashField(hash, keyFolds[index] as FoldCode, row, start[index] as number, count, seed, scratch);
      setSeed(seed, hash.hi, hash.lo);
    }
    hash.hi = seed.hi;
    hash.lo = seed.lo;
    addTo(count);
  };

  const add = (row: Block, fields: RowFields): void => {
    addKey(row, fields);
    const { view } = row;
    const { start: starts, length: lengths } = fields;
    for (let index = 0; index < count; index += 1) {
      const length = lengths[index] as number;
      if (length < 0) {
        nulls[index] = (nulls[index] as number) + 1;
        continue;
      }
      const start = starts[index] as number;
      const fold = folds[index] as FoldCode;
      if (isTextual[index] === 1 && isEmpty(fold, row, start, length)) empties[index] = (empties[index] as number) + 1;
      // The commonest are written out here: a call per value costs as much as the hash of an integer (measured).
      switch (fold) {
        case Fold.Int64: {
          const high = view.getInt32(start);
          finish(hash, (seed.a + (view.getInt32(start + 4) ^ (high >= 0 ? high : ~high))) | 0, seed.b, seed.c);
          break;
        }
        case Fold.Int32:
          finish(hash, (seed.a + view.getInt32(start)) | 0, seed.b, seed.c);
          break;
        case Fold.Bytes:
          hashBytes(hash, view, start, length, seed);
          break;
        case Fold.Double:
          hashFloat8(hash, view, start, seed);
          break;
        case Fold.None:
          continue;
        default:
          hashField(hash, fold, row, start, length, seed, scratch);
      }
      addTo(index);
    }
    rows += 1;
  };

  const addSum = (index: number, sum: bigint): void => {
    hash.hi = Number(BigInt.asIntN(32, sum >> 32n));
    hash.lo = Number(BigInt.asIntN(32, sum));
    addTo(index);
  };

  const addSums = (sums: RowSums): void => {
    rows += sums.rows;
    addSum(count, sums.keyset);
    for (const [index, column] of sums.columns.entries()) {
      nulls[index] = (nulls[index] as number) + column.nulls;
      if (isTextual[index] === 1) empties[index] = (empties[index] as number) + column.empties;
      addSum(index, column.sum);
    }
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
  const lastKey = () => BigInt.asIntN(64, (BigInt(seed.hi >>> 0) << 32n) | BigInt(seed.lo >>> 0));
  return { add, addSums, rows: () => rows, lastKey, result };
}

/** Hashes one field, given in binary COPY form. `scratch` is used for numerics. */
export function hashField(
  out: Hash64,
  fold: FoldCode,
  row: Block,
  start: number,
  length: number,
  seed: Seed,
  scratch: Block,
): void {
  const { view } = row;
  switch (fold) {
    case Fold.Bytes:
      hashBytes(out, view, start, length, seed);
      break;
    case Fold.Double:
      hashFloat8(out, view, start, seed);
      break;
    case Fold.Int64:
      hashInt64(out, view.getInt32(start), view.getInt32(start + 4), seed);
      break;
    case Fold.Int32:
      hashSmall(out, view.getInt32(start), seed);
      break;
    case Fold.Date:
      hashDate(out, view.getInt32(start), seed);
      break;
    case Fold.Int16:
      hashSmall(out, view.getInt16(start), seed);
      break;
    case Fold.Byte:
      hashSmall(out, view.getUint8(start), seed);
      break;
    case Fold.Padded:
      hashBytes(out, view, start, trimmedLength(row.bytes, start, length), seed);
      break;
    case Fold.Numeric:
      scratch.clear();
      writeNumericText(scratch, view, start, true);
      hashBytes(out, scratch.view, 0, scratch.length, seed);
      break;
    default:
  }
}

/** The server's own function does not tell 0 and −0 apart: they are hashed by their bytes. */
function hashFloat8(out: Hash64, view: DataView, start: number, seed: Seed): void {
  const high = view.getInt32(start);
  const low = view.getInt32(start + 4);
  if ((high & 0x7fffffff) === 0 && low === 0) hashBytes(out, view, start, 8, seed);
  else hashDouble(out, high, low, seed);
}

function hashSmall(out: Hash64, value: number, seed: Seed): void {
  hashInt64(out, value < 0 ? -1 : 0, value, seed);
}

/** Days as an int8; the infinite dates are the ends of int8, since SQL cannot count their days. */
function hashDate(out: Hash64, days: number, seed: Seed): void {
  if (days === INT32_MAX) hashInt64(out, INT32_MAX, -1, seed);
  else if (days === INT32_MIN) hashInt64(out, INT32_MIN, 0, seed);
  else hashSmall(out, days, seed);
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
    case 'float8':
      return Fold.Double;
    case 'jsonb':
    case 'literal':
      return Fold.None;
    default:
      return Fold.Bytes;
  }
}
