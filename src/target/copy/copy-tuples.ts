import { assert } from '../../model/error.js';
import { type CellBatch, Storage } from '../../model/value.js';

/** A batch is handed on when it holds this many bytes or rows, whichever comes first. */
const batchBytes = 1 << 18;
const batchRows = 1024;
const greatBytes = 8 * batchBytes;

/** Signature of eleven bytes, flags, and the length of an extension, which is empty. */
const headerBytes = 19;
const lengthBytes = 4;
const countBytes = 2;

/**
 * Takes COPY's binary format apart (PostgreSQL manual, COPY, "Binary Format") as it arrives in pieces of any size. A
 * field's bytes are never looked at.
 */
export class CopyTupleParser {
  readonly #batch: CellBatch;
  #filled = 0;
  /** Where the next row begins. */
  #at = 0;
  #hasHeader = false;
  #isEnded = false;
  #isTaken = false;

  constructor(columnCount: number) {
    const cells = columnCount * batchRows;
    this.#batch = {
      rowCount: 0,
      columnCount,
      bytes: Buffer.allocUnsafe(2 * batchBytes),
      start: new Int32Array(cells),
      end: new Int32Array(cells),
      storage: new Uint8Array(cells),
      number: new Float64Array(0),
    };
  }

  append(piece: Buffer): void {
    if (this.#isTaken) this.#restart();
    const needed = this.#filled + piece.length;
    if (needed > this.#batch.bytes.length) this.#moveTo(Math.max(needed, this.#batch.bytes.length * 2), 0);
    piece.copy(this.#batch.bytes, this.#filled);
    this.#filled = needed;
  }

  /** Lends a batch when one is full; it is valid until the next call. */
  takeFull(): CellBatch | null {
    if (this.#isTaken) this.#restart();
    if (!this.#hasHeader) {
      if (this.#filled < headerBytes) return null;
      this.#hasHeader = true;
      this.#at = headerBytes;
    }
    while (this.#batch.rowCount < batchRows && this.#readRow());
    const isFull = this.#batch.rowCount === batchRows || (this.#batch.rowCount > 0 && this.#at >= batchBytes);
    this.#isTaken = isFull;
    return isFull ? this.#batch : null;
  }

  /** Lends what is left at the end of the stream. */
  takeRest(): CellBatch {
    if (this.#isTaken) this.#restart();
    assert(this.#isEnded && this.#at === this.#filled, 'the stream ends where it says');
    return this.#batch;
  }

  /** Begins a batch anew: the bytes of rows that are not whole yet move to the front. */
  #restart(): void {
    const { length } = this.#batch.bytes;
    const from = this.#at;
    this.#isTaken = false;
    this.#batch.rowCount = 0;
    this.#at = 0;
    this.#filled -= from;
    // A single great value must not be held for the rest of the table.
    this.#moveTo(length > greatBytes && this.#filled < batchBytes ? 2 * batchBytes : length, from);
  }

  /** Puts the filled bytes, which begin at `from`, to the front of a buffer of this size. */
  #moveTo(size: number, from: number): void {
    const { bytes } = this.#batch;
    if (size !== bytes.length) this.#batch.bytes = Buffer.allocUnsafe(size);
    bytes.copy(this.#batch.bytes, 0, from, from + this.#filled);
  }

  /** Reads a row where all of it has arrived. */
  #readRow(): boolean {
    const { bytes, start, end, storage, columnCount, rowCount } = this.#batch;
    const filled = this.#filled;
    let at = this.#at;
    if (this.#isEnded || filled - at < countBytes) return false;
    const count = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    at += countBytes;
    // The end is marked by -1 for a number of fields.
    if (count === 0xffff) {
      this.#isEnded = true;
      this.#at = at;
      return false;
    }
    assert(count === columnCount, 'a row of copy has the columns that were asked for');
    const first = rowCount * columnCount;
    for (let cell = first; cell < first + columnCount; cell += 1) {
      if (filled - at < lengthBytes) return false;
      const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16);
      const size = high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
      at += lengthBytes;
      start[cell] = at;
      storage[cell] = size < 0 ? Storage.Null : Storage.Text;
      if (size > 0) at += size;
      if (at > filled) return false;
      end[cell] = at;
    }
    this.#batch.rowCount += 1;
    this.#at = at;
    return true;
  }
}
