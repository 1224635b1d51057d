import { type RowView, Storage, type StorageCode } from '../../model/value.js';

/**
 * A row that may be changed without changing the reader's own. It is filled anew for each row that needs it. Memory:
 * the largest row, and its changed values.
 */
export class RowEdit {
  readonly view: RowView;
  #used = 0;

  constructor(columnCount: number) {
    this.view = {
      storage: new Uint8Array(columnCount),
      number: new Float64Array(columnCount),
      wide: new DataView(new ArrayBuffer(8 * columnCount)),
      bytes: Buffer.alloc(0),
      start: new Int32Array(columnCount),
      end: new Int32Array(columnCount),
    };
  }

  /** Loads a row. Its bytes are shared with the reader until a value is set, and are never written to. */
  load(row: RowView): void {
    const { view } = this;
    view.storage.set(row.storage);
    view.number.set(row.number);
    view.start.set(row.start);
    view.end.set(row.end);
    for (let at = 0; at < 8 * view.storage.length; at += 8) view.wide.setBigUint64(at, row.wide.getBigUint64(at));
    view.bytes = row.bytes;
    this.#used = -1;
  }

  /** Empties the row: every cell is NULL. */
  clear(): void {
    this.view.storage.fill(Storage.Null);
    this.view.bytes = Buffer.alloc(0);
    this.#used = 0;
  }

  /** Loads one cell of a row into an emptied one; its bytes are copied. */
  loadCell(row: RowView, index: number): void {
    const { view } = this;
    const storage = row.storage[index] as StorageCode;
    if (storage === Storage.Text || storage === Storage.Blob) {
      this.setBytes(index, bytesOf(row, index), storage);
      return;
    }
    view.storage[index] = storage;
    view.number[index] = row.number[index] as number;
    if (storage === Storage.Wide) view.wide.setBigUint64(8 * index, row.wide.getBigUint64(8 * index));
  }

  /**
   * Loads a quarantined row: a letter for the storage class of each cell, and the cell's bytes (see `quarantineCell`).
   */
  loadQuarantined(storage: string, cells: readonly (Buffer | null)[]): void {
    this.view.bytes = Buffer.alloc(0);
    this.#used = 0;
    this.setQuarantined([...cells.keys()], storage, cells);
  }

  /** Sets some of the columns to cells of the quarantine. */
  setQuarantined(columns: readonly number[], storage: string, cells: readonly (Buffer | null)[]): void {
    const texts: { readonly column: number; readonly bytes: Buffer; readonly storage: StorageCode }[] = [];
    for (const [i, column] of columns.entries()) {
      const cell = cells[i] ?? null;
      const letter = storage[i];
      if (cell === null) this.setNull(column);
      else if (letter === 'i') this.setInteger(column, BigInt(cell.toString('latin1')));
      else if (letter === 'r') this.setNumber(column, cell.readDoubleBE(0), Storage.Real);
      else texts.push({ column, bytes: cell, storage: letter === 't' ? Storage.Text : Storage.Blob });
    }
    if (texts.length === 0) return;
    if (this.#used < 0) this.#own();
    const { view } = this;
    view.bytes = Buffer.concat([view.bytes.subarray(0, this.#used), ...texts.map(({ bytes }) => bytes)]);
    for (const { column, bytes, storage: code } of texts) {
      view.storage[column] = code;
      view.start[column] = this.#used;
      this.#used += bytes.length;
      view.end[column] = this.#used;
    }
  }

  setNull(index: number): void {
    this.view.storage[index] = Storage.Null;
  }

  setNumber(index: number, value: number, storage: typeof Storage.Integer | typeof Storage.Real): void {
    this.view.storage[index] = storage;
    this.view.number[index] = value;
  }

  setInteger(index: number, value: bigint): void {
    const double = Number(value);
    if (Number.isSafeInteger(double)) this.setNumber(index, double, Storage.Integer);
    else {
      this.view.storage[index] = Storage.Wide;
      this.view.wide.setBigInt64(8 * index, value);
    }
  }

  setBytes(index: number, value: Buffer, storage: typeof Storage.Text | typeof Storage.Blob): void {
    const { view } = this;
    if (this.#used < 0) this.#own();
    view.bytes = Buffer.concat([view.bytes.subarray(0, this.#used), value]);
    view.storage[index] = storage;
    view.start[index] = this.#used;
    this.#used += value.length;
    view.end[index] = this.#used;
  }

  /** Copies the row out of the reader's buffer, which is much larger than a row, into a buffer of its own. */
  #own(): void {
    const { view } = this;
    const parts: Buffer[] = [];
    this.#used = 0;
    for (let index = 0; index < view.storage.length; index += 1) {
      if (view.storage[index] !== Storage.Text && view.storage[index] !== Storage.Blob) continue;
      const part = view.bytes.subarray(view.start[index], view.end[index]);
      parts.push(part);
      view.start[index] = this.#used;
      this.#used += part.length;
      view.end[index] = this.#used;
    }
    view.bytes = Buffer.concat(parts);
  }
}

/** The bytes of a Text or Blob value, in the row's own buffer. */
export function bytesOf(view: RowView, index: number): Buffer {
  return view.bytes.subarray(view.start[index], view.end[index]);
}

/** An Integer or Wide value. */
export function integerOf(view: RowView, index: number): bigint {
  return view.storage[index] === Storage.Wide ? view.wide.getBigInt64(8 * index) : BigInt(view.number[index] as number);
}
