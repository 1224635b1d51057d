import { constants } from 'node:buffer';
import { CopierError } from '../../model/error.js';
import { type RowView, Storage } from '../../model/value.js';

/**
 * The size of the buffer that serves nearly every row, and how many rows in sequence must fit into it before a larger
 * one is dropped.
 */
const retainedBytes = 256 * 1024;
const rowsBeforeShrink = 256;
/** start and end are 32-bit, and Postgres takes no row above 1 GB anyway. */
const rowBytesMax = Math.min(constants.MAX_LENGTH, 2 ** 31 - 1);

/** Owns one RowView and writes values into it. Lives as long as one chunk is read. */
export class RowFiller {
  readonly view: RowView;
  readonly #table: string;
  #used = 0;
  #smallRows = 0;

  constructor(table: string, columnCount: number) {
    this.#table = table;
    this.view = {
      storage: new Uint8Array(columnCount),
      number: new Float64Array(columnCount),
      wide: new DataView(new ArrayBuffer(8 * columnCount)),
      bytes: Buffer.allocUnsafeSlow(retainedBytes),
      start: new Int32Array(columnCount),
      end: new Int32Array(columnCount),
    };
  }

  /** Fills the view from a row of safe-integer mode; false where a text may not be what is stored (U+FFFD in it). */
  fill(row: readonly unknown[]): boolean {
    this.begin();
    const { storage } = this.view;
    const count = storage.length;
    for (let i = 0; i < count; i++) {
      const value = row[i];
      if (typeof value === 'string') {
        if (!this.#putText(i, value)) return false;
      } else this.put(i, value);
    }
    return true;
  }

  /** Begins a new row. After a run of small rows it drops an outsized buffer. */
  begin(): void {
    if (this.view.bytes.length > retainedBytes) {
      this.#smallRows = this.#used <= retainedBytes ? this.#smallRows + 1 : 0;
      if (this.#smallRows > rowsBeforeShrink) this.view.bytes = Buffer.allocUnsafeSlow(retainedBytes);
    }
    this.#used = 0;
  }

  /** Writes a value that is no text. */
  put(i: number, value: unknown): void {
    const { storage, number, wide } = this.view;
    if (typeof value === 'bigint') {
      const double = Number(value);
      if (Number.isSafeInteger(double)) {
        storage[i] = Storage.Integer;
        number[i] = double;
      } else {
        storage[i] = Storage.Wide;
        wide.setBigInt64(8 * i, value);
      }
    } else if (typeof value === 'number') {
      storage[i] = Storage.Real;
      number[i] = value;
    } else if (value === null) {
      storage[i] = Storage.Null;
    } else this.putBytes(i, value as Buffer, Storage.Blob);
  }

  /** Copies the bytes of a text (UTF-8) or a blob in. */
  putBytes(i: number, value: Buffer, storage: typeof Storage.Text | typeof Storage.Blob): void {
    this.#reserve(value.length);
    value.copy(this.view.bytes, this.#used);
    this.#end(i, value.length, storage);
  }

  #putText(i: number, value: string): boolean {
    // No character takes more than three bytes per UTF-16 unit; only a large text is worth counting exactly.
    const bytesMax = 3 * value.length;
    this.#reserve(bytesMax > retainedBytes ? Buffer.byteLength(value) : bytesMax);
    const length = this.view.bytes.write(value, this.#used);
    this.#end(i, length, Storage.Text);
    return length === value.length || !value.includes('\ufffd');
  }

  #end(i: number, length: number, storage: typeof Storage.Text | typeof Storage.Blob): void {
    const { view } = this;
    view.storage[i] = storage;
    view.start[i] = this.#used;
    this.#used += length;
    view.end[i] = this.#used;
  }

  #reserve(length: number): void {
    const needed = this.#used + length;
    if (needed <= this.view.bytes.length) return;
    if (needed > rowBytesMax) throw tooLarge(this.#table, needed);
    const larger = Buffer.allocUnsafeSlow(
      Math.min(rowBytesMax, Math.max(needed, Math.floor(1.5 * this.view.bytes.length))),
    );
    this.view.bytes.copy(larger, 0, 0, this.#used);
    this.view.bytes = larger;
    this.#smallRows = 0;
  }
}

function tooLarge(table: string, bytes: number): CopierError {
  return new CopierError('data.row_too_large', `table ${table}: a row of more than ${bytes} bytes`, {
    table,
    hint: 'Postgres takes no row above 1 GB: keep values of this size outside the database',
  });
}
