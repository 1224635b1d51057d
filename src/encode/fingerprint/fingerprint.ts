import type { ColumnResult, TableFingerprint } from '../../model/copy.js';
import type { FieldPosition, RowSums } from '../row/direct-field.js';
import type { ColumnPlan, TablePlan } from '../../model/plan.js';
import { type Block, scratchBlock } from '../row/block.js';
import { Fold, type FoldCode, foldOf, hashField, isEmpty } from './fold.js';
import { createSeed, type Hash64, hashInt64, hexOf, setSeed } from './hash.js';
import type { RowFields } from '../row/row-fields.js';

const SCRATCH_BYTES = 4096;

/** The fingerprint of the rows folded so far; see `TableFingerprint`. */
export interface Fingerprint {
  /** Adds the row whose fields lie in `row` in binary COPY form. */
  readonly add: (row: Block, fields: RowFields) => void;
  /** Adds the sums of rows that the kernel wrote and summed. */
  readonly addSums: (sums: RowSums) => void;
  /**
   * The hash of one field in binary COPY form; the seed is given in two halves. The same result object is filled each
   * time.
   */
  readonly hashOf: (row: Block, field: FieldPosition, seedHigh: number, seedLow: number) => Hash64;
  readonly rows: () => number;
  /** k of the row added last, as the server's int8. */
  readonly lastKey: () => bigint;
  readonly result: () => TableFingerprint;
}

/**
 * Per row the key hash k begins as 0 and becomes H(value, seed k) for each key column in order, where a NULL counts as
 * the int8 −1. Per column the sum of H(value, seed k) mod 2^64 is added up, without NULLs; and over the rows the sum of
 * k. H is PostgreSQL's own extended hash, so that the server can compute the same. Columns whose stored form cannot be
 * known here (jsonb, literal) add nothing.
 */
export function createFingerprint(table: Omit<TablePlan, 'chunks'>): Fingerprint {
  const { columns } = table;
  const count = columns.length;
  const folds = Uint8Array.from(columns, (column) => foldOf(column.kind));
  // As part of a key a float8 is hashed by its bytes, as on the server.
  const keyFolds = folds.map((fold) => (fold === Fold.Double ? Fold.Bytes : fold));
  const isTextual = Uint8Array.from(columns, (column) => (column.isTextual ? 1 : 0));
  const keyColumns = Int32Array.from(table.key.columns.filter((index) => folds[index] !== Fold.None));
  const nulls = new Float64Array(count);
  const empties = new Float64Array(count);
  // One sum per column, and the keyset's sum at the end.
  const sumHi = new Int32Array(count + 1);
  const sumLo = new Int32Array(count + 1);
  const hash: Hash64 = { hi: 0, lo: 0 };
  const scratch = scratchBlock(SCRATCH_BYTES);
  let rows = 0;

  const seed = createSeed();

  const addTo = (index: number): void => {
    const low = ((sumLo[index] as number) + hash.lo) | 0;
    sumLo[index] = low;
    sumHi[index] = (sumHi[index] as number) + hash.hi + (low >>> 0 < hash.lo >>> 0 ? 1 : 0);
  };

  /** Adds the row's key hash k to the keyset, and leaves k in `seed`. */
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
      if (fold === Fold.None) continue;
      hashField(hash, fold, row, start, length, seed, scratch);
      addTo(index);
    }
    rows += 1;
  };

  const seedAside = createSeed();
  const hashOf = (row: Block, field: FieldPosition, seedHigh: number, seedLow: number): Hash64 => {
    const { column, start, length, isKey } = field;
    if (seedAside.hi !== seedHigh || seedAside.lo !== seedLow) setSeed(seedAside, seedHigh, seedLow);
    const fold = (isKey ? keyFolds : folds)[column] as FoldCode;
    hashField(hash, fold, row, start, length, seedAside, scratch);
    return hash;
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
  return { add, addSums, hashOf, rows: () => rows, lastKey, result };
}
