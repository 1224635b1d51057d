import { assert } from '../../model/error.js';
import type { KeyRanges } from '../../model/carry.js';
import type { CellBatch } from '../../model/value.js';
import type { RowHash } from '../row-hash.js';
import type { LineCell } from './key-lines.js';
import * as at from './layout.js';
import { memoryLayoutOf, rowBytes, sliceBytes, sliceCells } from './memory-layout.js';
import { type LoopMemory, openLoop } from './memory.js';

/** What is needed to sum up a side: how the columns are read, in the order of the cells of a canonical row. */
export interface SummedTable {
  /** Indexes of the columns in a batch. */
  readonly order: readonly number[];
  readonly forms: readonly number[];
  readonly keyCells: number;
  readonly bucketCount: number;
  /** Where buckets are ranges of keys. */
  readonly ranges: KeyRanges | null;
  /** How the cells of the key stand in lines, one for each of `keyCells`; null where no lines are wanted. */
  readonly lines: readonly LineCell[] | null;
}

/** Takes the lines of a batch's keys. */
export type TakeLines = (lines: Buffer) => void;

/** The plain way, for what the loop does not know. */
export interface PlainWay {
  /** Puts one cell, the `position`-th of a canonical row, into `to`, and returns its length; 0 where it is longer than that. */
  readonly putCell: (position: number, cell: number, to: Buffer) => number;
  /** Adds one row of the batch, whose canonical form is too long for the loop, by `add`. */
  readonly sumRow: (row: number) => void;
}

/** The sums of a side so far: views of the memory, which `release` takes back. */
export interface Sums {
  readonly counts: Uint32Array;
  /** Pairs of low and high words. */
  readonly sums: Uint32Array;
  readonly keyset: Uint32Array;
  readonly nulls: number[];
  readonly empties: number[];
}

const free: SideLoop[] = [];

/** Lends a loop of this thread; its memory serves one side after another. */
export async function withSideLoop<T>(table: SummedTable, use: (loop: SideLoop) => Promise<T>): Promise<T> {
  const loop = free.pop() ?? new SideLoop();
  loop.begin(table);
  const done = await use(loop);
  free.push(loop);
  return done;
}

/** Sums up batches of one side in WebAssembly. */
export class SideLoop {
  readonly #loop: LoopMemory;
  #table: SummedTable = { order: [], forms: [], keyCells: 0, bucketCount: 0, ranges: null, lines: null };
  #bytes = Buffer.alloc(0);
  #words = new DataView(this.#bytes.buffer);
  #layout = memoryLayoutOf(0, 0, false);
  #plain: PlainWay | null = null;
  #take: TakeLines = () => {};
  #firstCell = 0;

  constructor() {
    this.#loop = openLoop({
      putCell: (position, cell, to, last) => {
        assert(this.#plain !== null, 'the loop asks while it sums');
        const length = this.#plain.putCell(position, this.#firstCell + cell, this.#bytes.subarray(to, last));
        return length === 0 ? 0 : to + length;
      },
    });
  }

  /** Begins a side with nothing summed. */
  begin(table: SummedTable): void {
    this.#table = table;
    const { order, forms, keyCells, bucketCount, ranges, lines } = table;
    const layout = memoryLayoutOf(order.length, bucketCount, lines !== null);
    this.#layout = layout;
    this.#bytes = Buffer.from(this.#loop.reserve(layout.end));
    this.#words = new DataView(this.#bytes.buffer);
    this.#bytes.fill(0, 0, layout.text);
    this.#bytes.fill(0, layout.counts, layout.end);
    const put = (address: number, value: number) => this.#words.setUint32(address, value, true);
    put(at.sideColumnCount, order.length);
    put(at.sideKeyCells, keyCells);
    put(at.sideColumns, layout.columns);
    put(at.sideStart, layout.start);
    put(at.sideEnd, layout.ends);
    put(at.sideStorage, layout.storage);
    put(at.sideNumber, layout.number);
    put(at.sideRow, layout.row);
    put(at.sideRowMax, rowBytes);
    put(at.sideCounts, layout.counts);
    put(at.sideSums, layout.sums);
    put(at.sideBucketMask, bucketCount - 1);
    this.#words.setBigInt64(at.sideRangeFirst, BigInt(ranges?.first ?? 0), true);
    this.#words.setBigInt64(at.sideRangeWidth, BigInt(ranges?.width ?? 0), true);
    for (const [i, index] of order.entries()) {
      put(layout.columns + i * at.slotBytes + at.slotIndex, index);
      put(layout.columns + i * at.slotBytes + at.slotForm, forms[i] ?? at.formAsk);
    }
    if (lines !== null) this.#beginLines(lines);
  }

  #beginLines(cells: readonly LineCell[]): void {
    const put = (address: number, value: number) => this.#words.setUint32(address, value, true);
    const { columns, lines, last } = this.#layout;
    put(at.sideLinesEnd, lines);
    put(at.sideLast, last);
    put(at.sideLineState, at.linesInOrder);
    for (const [i, { storage, order }] of cells.entries()) {
      put(columns + i * at.slotBytes + at.slotLineStorage, storage);
      put(columns + i * at.slotBytes + at.slotOrder, order);
    }
  }

  /** Whether the rows so far had their keys in order, and lines of them could be written. */
  get areLinesWhole(): boolean {
    return this.#words.getUint32(at.sideLineState, true) === at.linesInOrder;
  }

  /** Adds the rows of a batch; `take` gets the lines of their keys for as long as these are whole. */
  add(batch: CellBatch, plain: PlainWay, take: TakeLines): void {
    this.#plain = plain;
    this.#take = take;
    const rowsMax = Math.max(1, Math.floor(sliceCells / Math.max(1, batch.columnCount)));
    for (let row = 0; row < batch.rowCount; )
      row += this.#addSlice(batch, row, Math.min(rowsMax, batch.rowCount - row));
    this.#plain = null;
  }

  /** What has been summed so far, as copies. */
  get sums(): Sums {
    const { counts, sums, columns } = this.#layout;
    const { buffer } = this.#bytes;
    const { bucketCount, order } = this.#table;
    const ofColumns = (offset: number) =>
      order.map((_, i) => this.#words.getUint32(columns + i * at.slotBytes + offset, true));
    return {
      counts: new Uint32Array(buffer, counts, bucketCount).slice(),
      sums: new Uint32Array(buffer, sums, 2 * bucketCount).slice(),
      keyset: new Uint32Array(buffer, at.sideKeyset, 2).slice(),
      nulls: ofColumns(at.slotNulls),
      empties: ofColumns(at.slotEmpties),
    };
  }

  /** Adds up to this many rows from the `first` on, and returns how many. */
  #addSlice(batch: CellBatch, first: number, rowsMax: number): number {
    let rows = rowsMax;
    let range = rangeOf(batch, first, rows);
    while (range.to - range.from > sliceBytes && rows > 1) {
      rows = rows >> 1;
      range = rangeOf(batch, first, rows);
    }
    if (range.to - range.from > sliceBytes) {
      this.#sumPlainly(first);
      return 1;
    }
    this.#load(batch, first, rows, range);
    while (this.#loop.sum(0) === 0) {
      const row = this.#words.getUint32(at.sideNextRow, true);
      this.#sumPlainly(first + row);
      this.#words.setUint32(at.sideNextRow, row + 1, true);
    }
    this.#giveLines();
    return rows;
  }

  /** A row that the loop has not seen has no line. */
  #sumPlainly(row: number): void {
    this.#words.setUint32(at.sideLineState, at.linesGivenUp, true);
    this.#plain?.sumRow(row);
  }

  #giveLines(): void {
    if (!this.areLinesWhole) return;
    const { lines } = this.#layout;
    this.#take(this.#bytes.subarray(lines, this.#words.getUint32(at.sideLinesEnd, true)));
    this.#words.setUint32(at.sideLinesEnd, lines, true);
  }

  #load(batch: CellBatch, first: number, rows: number, { from, to }: ByteRange): void {
    const { buffer } = this.#bytes;
    const { text, start, ends, storage, number } = this.#layout;
    const cell = first * batch.columnCount;
    const cellEnd = cell + rows * batch.columnCount;
    batch.bytes.copy(this.#bytes, text, from, to);
    new Int32Array(buffer, start, cellEnd - cell).set(batch.start.subarray(cell, cellEnd));
    new Int32Array(buffer, ends, cellEnd - cell).set(batch.end.subarray(cell, cellEnd));
    this.#bytes.set(batch.storage.subarray(cell, cellEnd), storage);
    if (batch.number.length > 0) {
      new Float64Array(buffer, number, cellEnd - cell).set(batch.number.subarray(cell, cellEnd));
    }
    this.#words.setUint32(at.sideText, (text - from) >>> 0, true);
    this.#words.setUint32(at.sideRows, rows, true);
    this.#words.setUint32(at.sideNextRow, 0, true);
    this.#firstCell = cell;
  }

  /** Adds a row that was hashed in the plain way. */
  addRow(bucket: number, keyHash: RowHash, rowHash: RowHash): void {
    const { counts, sums } = this.#layout;
    const words = this.#words;
    words.setUint32(counts + 4 * bucket, words.getUint32(counts + 4 * bucket, true) + 1, true);
    this.#addTo(sums + 8 * bucket, rowHash);
    this.#addTo(at.sideKeyset, keyHash);
  }

  /** Counts a cell of such a row that is NULL or empty. */
  addEmptiness(position: number, isNull: boolean): void {
    const counter = this.#layout.columns + position * at.slotBytes + (isNull ? at.slotNulls : at.slotEmpties);
    this.#words.setUint32(counter, this.#words.getUint32(counter, true) + 1, true);
  }

  #addTo(address: number, { low, high }: RowHash): void {
    const sum = this.#words.getBigUint64(address, true) + ((BigInt(high) << 32n) | BigInt(low));
    this.#words.setBigUint64(address, BigInt.asUintN(64, sum), true);
  }
}

interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** The bytes of a batch in which all cells of these rows are. */
function rangeOf({ start, end, storage, columnCount }: CellBatch, first: number, rows: number): ByteRange {
  let from = 0x7fff_ffff;
  let to = 0;
  for (let cell = first * columnCount; cell < (first + rows) * columnCount; cell += 1) {
    if (storage[cell] === 0) continue;
    if ((start[cell] as number) < from) from = start[cell] as number;
    if ((end[cell] as number) > to) to = end[cell] as number;
  }
  return to === 0 ? { from: 0, to: 0 } : { from, to };
}
