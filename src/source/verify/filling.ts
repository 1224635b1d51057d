import { assert } from '../../model/error.js';
import { type CellBatch, type SqliteValue, Storage, type StorageCode } from '../../model/value.js';
import type { Packing } from './packed-sql.js';

/** A batch is handed on when it holds this many bytes or rows, whichever comes first. */
const batchBytes = 1 << 18;
const batchRows = 1024;

const comma = 44;
const minus = 45;
const zero = 48;
const nine = 57;
const colon = 58;

/** A batch and, for each of its rows, the values of the columns by which SQLite finds the row again; integers are bigints. */
export interface AddressedBatch {
  readonly batch: CellBatch;
  readonly addresses: readonly (readonly SqliteValue[])[];
}

/** A batch begins with room for this many bytes, which is enough for a small table, and grows. */
const firstBytes = 32 * 1024;

/** The batch that is being filled, and the position of its next cell. */
export class Filling {
  readonly batch: CellBatch;
  #addresses: (readonly SqliteValue[])[] = [];
  #used = 0;
  #isTaken = false;
  readonly #reals: readonly number[];
  readonly #isUtf16: boolean;
  /** By column: `whole`, which all are here. */
  readonly #areWhole: Uint8Array;

  constructor(columnCount: number, reals: readonly number[], isUtf16: boolean) {
    const cells = columnCount * batchRows;
    this.#reals = reals;
    this.#isUtf16 = isUtf16;
    this.#areWhole = new Uint8Array(columnCount);
    this.batch = {
      rowCount: 0,
      columnCount,
      bytes: Buffer.allocUnsafe(firstBytes),
      start: new Int32Array(cells),
      end: new Int32Array(cells),
      storage: new Uint8Array(cells),
      number: new Float64Array(cells),
    };
  }

  isFull(): boolean {
    return this.batch.rowCount === batchRows || this.#used >= batchBytes;
  }

  /** Lends the batch; the next row begins it anew. */
  take(): AddressedBatch {
    this.#isTaken = true;
    return { batch: this.batch, addresses: this.#addresses };
  }

  add(row: readonly unknown[]): void {
    if (this.#isTaken) this.#restart();
    const [packed] = row;
    const first = this.batch.rowCount * this.batch.columnCount;
    if (typeof packed === 'string') this.#addText(packed, first);
    else if (Buffer.isBuffer(packed)) this.#readCells(packed, first, this.batch.columnCount);
    else assert(false, 'sqlite packs a row into one value');
    for (let i = 0; i < this.#reals.length; i += 1) {
      const value = row[i + 1];
      if (typeof value === 'number') this.batch.number[first + (this.#reals[i] as number)] = value;
    }
    const addressAt = 1 + this.#reals.length;
    if (row.length > addressAt) this.#addresses.push(row.slice(addressAt) as SqliteValue[]);
    this.batch.rowCount += 1;
  }

  /**
   * Adds rows that were packed one after the other. Returns the number of the batch's first row that is theirs. Cells of
   * which nothing was packed are NULL.
   */
  addGroup(packed: Buffer, rows: number, packing: Packing): number {
    if (this.#isTaken) this.#restart();
    const first = this.batch.rowCount;
    assert(first + rows <= batchRows, 'a batch has room for the rows of a group');
    const { columnCount } = this.batch;
    const forms = Uint8Array.from({ length: columnCount }, (_, index) => formOf(packing, index));
    this.#readCells(packed, first * columnCount, rows * columnCount, forms);
    this.batch.rowCount += rows;
    return first;
  }

  /** Whether a group of this many rows has no room before the batch is taken. */
  isFullFor(rows: number): boolean {
    return !this.#isTaken && this.batch.rowCount > 0 && (this.isFull() || this.batch.rowCount + rows > batchRows);
  }

  #restart(): void {
    this.#isTaken = false;
    this.batch.rowCount = 0;
    this.#addresses = [];
    this.#used = 0;
    // A single great value must not be held for the rest of the table.
    if (this.batch.bytes.length > 4 * batchBytes) this.batch.bytes = Buffer.allocUnsafe(batchBytes);
  }

  /** Reads this many packed cells, which become those of the batch from the `first` on. */
  #readCells(packed: Buffer, first: number, count: number, forms = this.#areWhole): void {
    const base = this.#reserve(packed.length);
    const { bytes, start, end, storage, columnCount } = this.batch;
    packed.copy(bytes, base);
    let at = base;
    for (let cell = first, column = 0; cell < first + count; cell += 1) {
      if (forms[column] === apart) {
        storage[cell] = Storage.Null;
        start[cell] = at;
        end[cell] = at;
      } else if (forms[column] === bare) {
        start[cell] = at;
        at = this.#endOfNumber(cell, at);
        end[cell] = at;
        at += 1;
      } else {
        at = forms[column] === text ? this.#readTextHead(cell, at) : this.#readHead(cell, at);
        start[cell] = at;
        at += end[cell] as number;
        end[cell] = at;
      }
      column = column + 1 === columnCount ? 0 : column + 1;
    }
    assert(at === base + packed.length, 'packed cells fill what they came in');
    this.#used = at;
  }

  /** Reads storage class and size, which is left in `end`; returns where the value begins. */
  #readHead(cell: number, from: number): number {
    const { bytes, storage } = this.batch;
    storage[cell] = storageOf(bytes[from] as number);
    return this.#readSize(cell, from + 1);
  }

  /** The same without a class: what has no size is NULL. */
  #readTextHead(cell: number, from: number): number {
    this.batch.storage[cell] = this.batch.bytes[from] === colon ? Storage.Null : Storage.Text;
    return this.#readSize(cell, from);
  }

  #readSize(cell: number, from: number): number {
    const { bytes, end } = this.batch;
    let size = 0;
    let at = from;
    for (; bytes[at] !== colon; at += 1) size = size * 10 + (bytes[at] as number) - zero;
    end[cell] = size;
    return at + 1;
  }

  /** SQLite writes every real with a point, or as Inf, and an integer with neither. */
  #endOfNumber(cell: number, from: number): number {
    const { bytes, storage } = this.batch;
    let isReal = false;
    let at = from;
    for (let byte = bytes[at]; byte !== comma; byte = bytes[at]) {
      isReal ||= byte !== minus && ((byte as number) < zero || (byte as number) > nine);
      at += 1;
    }
    storage[cell] = at === from ? Storage.Null : isReal ? Storage.Real : Storage.Integer;
    return at;
  }

  /** A UTF-16 file: octet_length() counted two bytes for each code unit. */
  #addText(packed: string, first: number): void {
    assert(this.#isUtf16, 'only a utf-16 file packs rows as text');
    const { batch } = this;
    let at = 0;
    for (let cell = first; cell < first + batch.columnCount; cell += 1) {
      const colon = packed.indexOf(':', at);
      const storage = storageOf(packed.charCodeAt(at));
      const size = Number(packed.slice(at + 1, colon)) / 2;
      const value = Buffer.from(packed.slice(colon + 1, colon + 1 + size), storage === Storage.Blob ? 'hex' : 'utf8');
      const base = this.#reserve(value.length);
      value.copy(batch.bytes, base);
      batch.storage[cell] = storage;
      batch.start[cell] = base;
      batch.end[cell] = base + value.length;
      this.#used = base + value.length;
      at = colon + 1 + size;
    }
    assert(at === packed.length, 'the cells of a packed row fill it');
  }

  /** Makes the buffer large enough, and returns where the new bytes begin. */
  #reserve(size: number): number {
    const needed = this.#used + size;
    if (needed > this.batch.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.batch.bytes.length * 2));
      this.batch.bytes.copy(larger, 0, 0, this.#used);
      this.batch.bytes = larger;
    }
    return this.#used;
  }
}

/** How the cells of a column are packed. */
const whole = 0;
const bare = 1;
const apart = 2;
const text = 3;

function formOf({ apart: areApart, bare: areBare, texts }: Packing, index: number): number {
  if (areApart.has(index)) return apart;
  if (areBare.has(index)) return bare;
  return texts.has(index) ? text : whole;
}

function storageOf(initial: number): StorageCode {
  switch (initial) {
    case 110:
      return Storage.Null;
    case 105:
      return Storage.Integer;
    case 114:
      return Storage.Real;
    case 116:
      return Storage.Text;
    default:
      return Storage.Blob;
  }
}
