import { assert, must } from '../../model/error.js';
import type { KernelMemory } from '../../lib/kernel/memory.js';
import type { LeafCursor, RecordShape } from '../../model/kernel.js';
import type { ByteRun, DirectField, FieldAside, FieldPosition, RowSums } from '../row/direct-field.js';
import { type RowView, Storage } from '../../model/value.js';
import * as at from './layout.js';
import { createMemory } from './memory.js';

/** Key bytes of many rows are gathered in this much memory. */
const keysBytes = 32 * 1024;
/** Memory that a chunk needs beside its blocks and keys: the window of pages, and tables for its columns. */
const otherBytes = 1024 * 1024;
/** A label of the enum fits whatever its length, so its length has no bound here. */
const labelBytesMax = 0x7fffffff;

const codes: Readonly<Record<DirectField['tag'], number>> = {
  int2: at.codeInt2,
  int4: at.codeInt4,
  int8: at.codeInt8,
  float8: at.codeFloat8,
  bool: at.codeBool,
  moment: at.codeMoment,
  text: at.codeText,
  blob: at.codeBlob,
  jsonb: at.codeJsonb,
  label: at.codeLabel,
  day: at.codeDay,
  uuid: at.codeUuid,
  aside: at.codeAside,
};

/**
 * Why `fill` stopped: the leaf is at its end; a buffer is full; or the next cell must go through the row reader and the
 * encoder.
 */
export type KernelStop = 'done' | 'full' | 'not mine';
const stops: readonly KernelStop[] = ['done', 'full', 'not mine'];

/**
 * The WebAssembly loop from leaf cells to COPY rows and their fingerprint, with the memory that it works on. Its life,
 * again for each chunk: `restart`; `allocate` the buffers that it reads and writes, and `load` the table; `fill` leaf
 * by leaf; `takeSums`. A buffer that does not fit into its memory is allocated as ordinary memory, which the loop
 * cannot use; `holds` says which it is.
 */
export class Kernel {
  readonly #memory: KernelMemory;
  readonly #words: DataView;
  #state = 0;
  #columns = 0;
  #columnCount = 0;
  #keys: Buffer = Buffer.alloc(0);
  #aside: FieldAside | null = null;
  #view: RowView = viewOf(0, Buffer.alloc(0));
  #block: ByteRun | null = null;
  readonly #asideField: FieldPosition = { column: 0, start: 0, length: 0, isKey: false };

  constructor(memoryBytes: number) {
    this.#memory = createMemory(memoryBytes, {
      writeAside: (column, to) => this.#writeAside(column, to),
      hashAside: (column, isKey, seedHigh, seedLow) => this.#hashAside(column, isKey !== 0, seedHigh, seedLow),
    });
    this.#words = this.#memory.words;
  }

  /** Forgets the chunk before, and frees all that was allocated for it. */
  restart(): void {
    this.#memory.restart();
  }

  /** Loads a table. False where the table is so wide that it does not fit into the memory. */
  load({ record, fields, key, aside }: KernelTable): boolean {
    const positionsBytes = record.slots.length * at.positionBytes;
    const columnsBytes = fields.length * at.columnBytes;
    const stateBytes = this.allocate(at.stateBytes + positionsBytes + columnsBytes + 4 * key.length);
    this.#keys = this.allocate(keysBytes);
    if (!this.holds(stateBytes) || !this.holds(this.#keys)) return false;
    stateBytes.fill(0);
    const state = stateBytes.byteOffset;
    const columns = state + at.stateBytes;
    const positions = columns + columnsBytes;
    const keyColumns = positions + positionsBytes;
    this.#state = state;
    this.#columns = columns;
    this.#columnCount = fields.length;
    this.#aside = aside;
    this.#view = viewOf(fields.length, this.#memory.bytes);
    this.#put(state + at.statePositionCount, record.slots.length);
    this.#put(state + at.stateColumnCount, fields.length);
    this.#put(state + at.stateKeyCount, key.length);
    this.#put(state + at.stateRowidColumn, record.rowidSlot);
    this.#put(state + at.statePositions, positions);
    this.#put(state + at.stateColumns, columns);
    this.#put(state + at.stateKeyColumns, keyColumns);
    for (const [i, slot] of record.slots.entries()) {
      this.#put(positions + i * at.positionBytes, slot);
      this.#put(positions + i * at.positionBytes + at.positionAbsentIsNull, record.absentIsNull[i] === true ? 1 : 0);
    }
    for (const [i, index] of key.entries()) this.#put(keyColumns + 4 * i, index);
    return fields.every((field, i) =>
      this.#putField(columns + i * at.columnBytes, field, record.integerIsReal[i] === true),
    );
  }

  get allocate(): (bytes: number) => Buffer {
    return this.#memory.allocate;
  }

  holds(bytes: Buffer): boolean {
    return this.#memory.holds(bytes);
  }

  /**
   * Writes the rows of the cursor's cells behind `block.length`, until the block is `full` bytes long. Moves the cursor
   * and the block's length. `keys` then holds the key fields of these rows in COPY form. Of the cell that it stops at
   * nothing has been written or summed.
   */
  fill(cursor: LeafCursor, block: ByteRun, full: number): KernelStop {
    const state = this.#state;
    assert(this.holds(cursor.bytes) && this.holds(block.bytes), 'the kernel works on its own memory');
    const out = block.bytes.byteOffset;
    this.#memory.putCursor(state, cursor);
    this.#put(state + at.stateOut, out + block.length);
    this.#put(state + at.stateFull, out + full);
    this.#put(state + at.stateLimit, out + block.limit);
    this.#put(state + at.stateKeys, this.#keys.byteOffset);
    this.#put(state + at.stateKeysEnd, this.#keys.byteOffset + this.#keys.length);
    this.#block = block;
    const stop = stops[this.#memory.fill(state)];
    assert(stop !== undefined, 'the kernel says why it stopped');
    block.length = this.#get(state + at.stateOut) - out;
    this.#memory.takeCursor(state, cursor);
    return stop;
  }

  /** The key fields of the rows of the last `fill`; valid until the next one. */
  get keys(): Buffer {
    return this.#keys.subarray(0, this.#get(this.#state + at.stateKeys) - this.#keys.byteOffset);
  }

  /** The sums of the rows written since the last call. */
  takeSums(): RowSums {
    const state = this.#state;
    const sums: RowSums = {
      rows: this.#words.getUint32(state + at.stateRows, true),
      keyset: this.#takeSum(state + at.stateKeyset),
      columns: Array.from({ length: this.#columnCount }, (_, i) =>
        this.#takeColumn(this.#columns + i * at.columnBytes),
      ),
    };
    this.#put(state + at.stateRows, 0);
    return sums;
  }

  #takeColumn(column: number): RowSums['columns'][number] {
    const nulls = this.#words.getUint32(column + at.columnNulls, true);
    const empties = this.#words.getUint32(column + at.columnEmpties, true);
    this.#put(column + at.columnNulls, 0);
    this.#put(column + at.columnEmpties, 0);
    return { sum: this.#takeSum(column + at.columnSum), nulls, empties };
  }

  #takeSum(address: number): bigint {
    const sum = this.#words.getBigUint64(address, true);
    this.#words.setBigUint64(address, 0n, true);
    return sum;
  }

  /** Returns false where the labels of the field do not fit into the memory. */
  #putField(column: number, field: DirectField, isReal: boolean): boolean {
    const isHashed = field.tag === 'aside' ? field.isHashed : field.tag !== 'jsonb';
    this.#put(column + at.columnCode, codes[field.tag]);
    this.#put(column + at.columnIsReal, isReal ? 1 : 0);
    this.#put(column + at.columnIsHashed, isHashed ? 1 : 0);
    switch (field.tag) {
      case 'text':
      case 'blob':
      case 'jsonb':
        this.#put(column + at.columnGuardBytes, field.guardBytes ?? -1);
        this.#put(column + at.columnBytesMax, field.bytesMax);
        return true;
      case 'label':
        this.#put(column + at.columnGuardBytes, field.guardBytes ?? -1);
        this.#put(column + at.columnBytesMax, labelBytesMax);
        return this.#putLabels(column, field.labels);
      case 'moment':
        this.#words.setFloat64(column + at.columnFactor, field.factor, true);
        this.#words.setFloat64(column + at.columnShift, field.shift, true);
        this.#put(column + at.columnGrain, field.grainMicros);
        this.#put(column + at.columnNeedsOffset, field.needsOffset ? 1 : 0);
        return true;
      default:
        return true;
    }
  }

  #putLabels(column: number, labels: readonly string[]): boolean {
    const texts = labels.map((label) => Buffer.from(label, 'utf8'));
    const memory = this.allocate(texts.reduce((sum, text) => sum + 4 + text.length, 0));
    if (!this.holds(memory)) return false;
    let end = 0;
    for (const text of texts) {
      memory.writeInt32LE(text.length, end);
      text.copy(memory, end + 4);
      end += 4 + text.length;
    }
    this.#put(column + at.columnLabels, memory.byteOffset);
    this.#put(column + at.columnLabelsEnd, memory.byteOffset + end);
    return true;
  }

  /** Encodes a value by the column's own encoder. The view's texts and blobs are ranges of the whole memory. */
  #writeAside(column: number, to: number): number {
    const block = must(this.#block, 'block');
    const words = this.#words;
    const view = this.#view;
    const index = (column - this.#columns) / at.columnBytes;
    const storage = words.getInt32(column + at.columnStorage, true);
    view.storage[index] = storage;
    if (storage === at.storageReal) view.number[index] = words.getFloat64(column + at.columnValue, true);
    else if (storage === at.storageInteger) this.#viewInteger(column, index);
    else {
      const start = words.getInt32(column + at.columnStart, true);
      view.start[index] = start;
      view.end[index] = start + words.getInt32(column + at.columnLength, true);
    }
    block.length = to - block.bytes.byteOffset;
    const length = must(this.#aside, 'aside').write(view, index);
    // A block that had to grow is no longer in the kernel's memory, so the row loop must go on.
    return this.holds(block.bytes) ? length : -1;
  }

  #viewInteger(column: number, index: number): void {
    const high = this.#words.getInt32(column + at.columnValue + 4, true);
    const low = this.#words.getInt32(column + at.columnValue, true);
    const value = high * 4_294_967_296 + (low >>> 0);
    this.#view.number[index] = value;
    if (Number.isSafeInteger(value)) return;
    this.#view.storage[index] = Storage.Wide;
    this.#view.wide.setInt32(8 * index, high);
    this.#view.wide.setInt32(8 * index + 4, low);
  }

  #hashAside(column: number, isKey: boolean, seedHigh: number, seedLow: number): void {
    const block = must(this.#block, 'block');
    const field = this.#asideField;
    field.column = (column - this.#columns) / at.columnBytes;
    field.start = this.#get(column + at.columnField) - block.bytes.byteOffset;
    field.length = this.#get(column + at.columnLength);
    field.isKey = isKey;
    const { hi, lo } = must(this.#aside, 'aside').hash(field, seedHigh, seedLow);
    this.#put(this.#state + at.stateHashHigh, hi);
    this.#put(this.#state + at.stateHashLow, lo);
  }

  #put(address: number, value: number): void {
    this.#memory.put(address, value);
  }

  #get(address: number): number {
    return this.#memory.get(address);
  }
}

/** A table as the kernel reads and writes it. */
export interface KernelTable {
  readonly record: RecordShape;
  readonly fields: readonly DirectField[];
  readonly aside: FieldAside;
  /** Indexes into `fields`. */
  readonly key: readonly number[];
}

/** Creates a kernel for blocks that hold at most this many bytes. */
export function createKernel(blockCapacityBytes: number): Kernel {
  return new Kernel(otherBytes + keysBytes + 2 * blockCapacityBytes);
}

function viewOf(count: number, bytes: Buffer): RowView {
  return {
    storage: new Uint8Array(count),
    number: new Float64Array(count),
    wide: new DataView(new ArrayBuffer(8 * count)),
    bytes,
    start: new Int32Array(count),
    end: new Int32Array(count),
  };
}
