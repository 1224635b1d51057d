import type { Kind } from '../../model/kind.js';
import type { Block } from '../row/block.js';
import { INT32_MAX, INT32_MIN } from '../column/date-columns.js';
import { type Hash64, hashBytes, hashDouble, hashInt64, type Seed } from './hash.js';
import { writeNumericText } from '../value/numeric-text.js';

/** How the bytes of a field are hashed. */
export const Fold = {
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
export type FoldCode = (typeof Fold)[keyof typeof Fold];

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

/** PostgreSQL's own function gives 0 and −0 the same hash, so these two are hashed by their bytes. */
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

export function isEmpty(fold: FoldCode, row: Block, start: number, length: number): boolean {
  return length === 0 || (fold === Fold.Padded && trimmedLength(row.bytes, start, length) === 0);
}

/** The length without trailing spaces, which are insignificant in char(n). */
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
