import type { KeyRanges } from '../model/carry.js';
import { rangeOfKey } from './carry/key-ranges.js';
import { sentFormOf } from '../lib/compared-form.js';
import { assert, must } from '../model/error.js';
import type { Sides } from '../model/result.js';
import { type CanonicalRow, cellHeaderBytes, cellSize, Tag } from './canonical-row.js';
import { binaryFormOf, formOf } from './kernel/forms.js';
import { type KeyLines, lineCellsOf } from './kernel/key-lines.js';
import { type PlainWay, type SideLoop, withSideLoop } from './kernel/side-sums.js';
import { printedRow } from './printed-form.js';
import { hashHex } from './row-hash.js';
import {
  type CellBatches,
  cellOrder,
  type ReadyBatch,
  type PlainForms,
  type RowReadOptions,
  readyBatches,
  plainForms,
  type VisitedRow,
  type VerifyTable,
} from './rows.js';

/**
 * How one side of a table is summed up, without any order and in bounded memory: every row falls into the bucket that
 * the hash of its key names, and each bucket keeps its number of rows and the sum of their hashes, mod 2^64. The hash of
 * a row covers its key, so values swapped between rows, doubled rows and lost rows all show. Equal buckets, equal tables.
 */
export interface SideSummary {
  readonly rows: number;
  /** Sum over rows of the key's hash, mod 2^64, 16 lower-case hex digits. */
  readonly keyset: string;
  readonly counts: Uint32Array;
  /** Sum over rows of the row's hash, mod 2^64. */
  readonly sums: BigUint64Array;
  /** In the plan's order of columns. */
  readonly columns: readonly { readonly nulls: number; readonly empties: number }[];
}

/** The quarantined rows of a table: as the source has them, and the converted ones as they arrived. */
export interface QuarantineSummary {
  readonly originals: SideSummary;
  readonly changed: SideSummary;
}

/** Both summaries side by side, in the words of `TableReport`. */
export interface TableComparison {
  readonly table: string;
  readonly equal: boolean;
  /** Empty if and only if the sides are equal. */
  readonly differingBuckets: readonly number[];
  readonly rows: Sides<number>;
  readonly keyset: Sides<string>;
  readonly columns: readonly {
    readonly column: string;
    readonly nulls: Sides<number>;
    readonly empty: Sides<number>;
  }[];
}

const bucketsMin = 64;
const bucketsMax = 2 ** 20;
const rowsPerBucket = 256;
/** Up to so many buckets few rows share one, so that of a table of this size few are read again where some differ. */
const finerMax = 4096;
const rowsPerFiner = 4;

/**
 * How many buckets a table of this many rows gets: a power of two, 12 bytes each, at most 12 MB a side. A small table gets
 * few: with 50 kB a side, 400 of them made a process grow by 40 MB.
 */
export function bucketCountFor(rows: number): number {
  let count = bucketsMin;
  while (count < finerMax && count * rowsPerFiner < rows) count *= 2;
  while (count < bucketsMax && count * rowsPerBucket < rows) count *= 2;
  return count;
}

const finestMax = 2 ** 22;

/**
 * How many buckets tell nearly each row from the others, where the rows that differ shall be read and the others not: 12
 * bytes each, at most 50 MB a side.
 */
export function finestBucketCount(rows: number): number {
  let count = bucketsMin;
  while (count < finestMax && count < 2 * rows) count *= 2;
  return count;
}

/** The bucket of a key, by the low word of its hash. */
export function bucketOf(keyHashLow: number, bucketCount: number): number {
  return (keyHashLow & (bucketCount - 1)) >>> 0;
}

export interface Buckets {
  readonly bucketCount: number;
  /** Where buckets are ranges of a key that is one whole number; else they are by its hash. */
  readonly ranges?: KeyRanges | null | undefined;
}

/** The bucket of a row by its canonical cells and the low word of its key's hash. */
export function bucketIn({ bucketCount, ranges }: Buckets, cells: Buffer, keyHashLow: number): number {
  return ranges == null ? bucketOf(keyHashLow, bucketCount) : rangeOfKey(cells, ranges, bucketCount);
}

/** How one side is summed up. */
export interface SumOptions extends RowReadOptions, Buckets {
  /** Whether the cells are of the target, in the forms of `sentFormOf`. Throws `UnreadBinary` for some rare values. */
  readonly isBinary?: boolean;
  /** Takes the keys as lines of text. */
  readonly keyLines?: KeyLines | undefined;
}

/**
 * Reads one side once, in any order. The result is plain data and may cross threads. The frequent forms of cells are read
 * in WebAssembly; what it does not know is done by the same functions that look for differences.
 */
export async function hashSide(batches: CellBatches, table: VerifyTable, options: SumOptions): Promise<SideSummary> {
  const { bucketCount, ranges = null, side, isBinary = false, keyLines } = options;
  assert(Number.isInteger(Math.log2(bucketCount)), 'the number of buckets is a power of two');
  const order = cellOrder(table);
  const columnsInOrder = order.map((index) => must(table.columns[index], 'column'));
  const forms = columnsInOrder.map((column) => (isBinary ? binaryFormOf(column) : formOf(column, side)));
  const plain = await plainForms(table, side);
  let rows = 0;
  const lines = keyLines === undefined ? null : lineCellsOf(table, side);
  const summed = { order, forms, keyCells: table.key.columns.length, bucketCount, ranges, lines };
  keyLines?.begin();
  const sums = await withSideLoop(summed, async (loop) => {
    for await (const ready of readyBatches(batches, table, options)) {
      rows += ready.batch.rowCount;
      const way = isBinary ? printedWay(plain, ready, table, order) : readWay(plain, ready);
      loop.add(ready.batch, plainWay(way, { loop, bucketCount, ranges }), (added) => keyLines?.add(added));
    }
    keyLines?.end(loop.areLinesWhole);
    return loop.sums;
  });
  const columns = table.columns.map((column, index) => {
    const at = order.indexOf(index);
    return { nulls: sums.nulls[at] ?? 0, empties: column.isTextual ? (sums.empties[at] ?? 0) : 0 };
  });
  const [low = 0, high = 0] = sums.keyset;
  const { counts } = sums;
  return { rows, keyset: hashHex(low, high), counts, sums: new BigUint64Array(sums.sums.buffer), columns };
}

/** Brings a cell or a row of the batch to canonical form in the plain way. */
interface RowWay {
  readonly putCell: (position: number, cell: number) => CanonicalRow;
  readonly visit: (row: number) => VisitedRow;
}

function readWay(plain: PlainForms, ready: ReadyBatch): RowWay {
  return {
    putCell: (position, cell) => plain.putCell(ready, position, cell),
    visit: (row) => plain.visit(ready, row),
  };
}

/** The same for a batch in binary form, over what PostgreSQL prints for it. */
function printedWay(plain: PlainForms, ready: ReadyBatch, table: VerifyTable, order: readonly number[]): RowWay {
  const { batch } = ready;
  const printed = (row: number, wanted: readonly number[]): ReadyBatch => ({
    batch: printedRow(batch, table.columns, { row, wanted }),
    rendered: new Map(),
  });
  return {
    putCell: (position, cell) => {
      const index = must(order[position], 'column');
      const kind = table.columns[index]?.kind;
      // What came as text is text already.
      if (kind !== undefined && sentFormOf(kind) === 'printed') return plain.putCell(ready, position, cell);
      return plain.putCell(printed(Math.floor(cell / batch.columnCount), [index]), position, index);
    },
    visit: (row) => plain.visit(printed(row, order), 0),
  };
}

function plainWay(way: RowWay, { loop, ...buckets }: Buckets & { readonly loop: SideLoop }): PlainWay {
  return {
    putCell: (position, cell, to) => {
      const { bytes, length } = way.putCell(position, cell);
      return length > to.length ? 0 : bytes.copy(to, 0, 0, length);
    },
    sumRow: (row) => {
      const { cells, keyHash, rowHash } = way.visit(row);
      loop.addRow(bucketIn(buckets, cells.bytes, keyHash.low), keyHash, rowHash);
      countEmptiness(cells, loop);
    },
  };
}

/**
 * What the target must hold where the quarantine keeps rows: the source without the originals that did not arrive as they
 * were, and with what those that were converted arrived as.
 */
export function expectedSide(source: SideSummary, { originals, changed }: QuarantineSummary): SideSummary {
  const sum = (from: bigint, less: bigint, more: bigint) => BigInt.asUintN(64, from - less + more);
  const keyset = (side: SideSummary) => BigInt(`0x${side.keyset}`);
  return {
    rows: source.rows - originals.rows + changed.rows,
    keyset: sum(keyset(source), keyset(originals), keyset(changed)).toString(16).padStart(16, '0'),
    counts: source.counts.map((count, i) => count - (originals.counts[i] ?? 0) + (changed.counts[i] ?? 0)),
    sums: source.sums.map((value, i) => sum(value, originals.sums[i] ?? 0n, changed.sums[i] ?? 0n)),
    columns: source.columns.map(({ nulls, empties }, i) => ({
      nulls: nulls - (originals.columns[i]?.nulls ?? 0) + (changed.columns[i]?.nulls ?? 0),
      empties: empties - (originals.columns[i]?.empties ?? 0) + (changed.columns[i]?.empties ?? 0),
    })),
  };
}

function countEmptiness({ bytes, length }: CanonicalRow, loop: SideLoop): void {
  for (let at = 0, position = 0; at < length; position += 1) {
    const size = cellSize(bytes, at);
    if (size === 0) loop.addEmptiness(position, bytes[at] === Tag.Null);
    at += cellHeaderBytes + size;
  }
}

/** Compares two summaries made with the same table and number of buckets. */
export function compareSides(table: VerifyTable, sides: Sides<SideSummary>): TableComparison {
  const { source, target } = sides;
  assert(source.counts.length === target.counts.length, 'both sides have the same number of buckets');
  const differingBuckets: number[] = [];
  for (let i = 0; i < source.counts.length; i += 1) {
    if (source.counts[i] !== target.counts[i] || source.sums[i] !== target.sums[i]) differingBuckets.push(i);
  }
  return {
    table: table.source,
    equal: differingBuckets.length === 0,
    differingBuckets,
    rows: { source: source.rows, target: target.rows },
    keyset: { source: source.keyset, target: target.keyset },
    columns: table.columns.map((column, i) => ({
      column: column.source,
      nulls: { source: source.columns[i]?.nulls ?? 0, target: target.columns[i]?.nulls ?? 0 },
      empty: { source: source.columns[i]?.empties ?? 0, target: target.columns[i]?.empties ?? 0 },
    })),
  };
}
