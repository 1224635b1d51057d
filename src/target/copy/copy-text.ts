import { assert } from '../../model/error.js';
import { type CellBatch, Storage } from '../../model/value.js';

/** A batch is handed on when it holds this many bytes or rows, whichever comes first. */
const batchBytes = 1 << 18;
const batchRows = 1024;
const greatBytes = 8 * batchBytes;

const tab = 9;
const newline = 10;
const backslash = 92;
const capitalN = 78;

/** The letters that COPY writes after a backslash. Any other byte represents itself. */
const escapes: ReadonlyMap<number, number> = new Map([
  [98, 8],
  [102, 12],
  [110, 10],
  [114, 13],
  [116, 9],
  [118, 11],
]);

/**
 * Takes COPY's text format apart (PostgreSQL manual, COPY, "Text Format") as it arrives in pieces of any size. No byte
 * is looked at twice, however long a row is.
 */
export class CopyTextParser {
  readonly #batch: CellBatch;
  /** End of the bytes that have arrived, and of those that have been looked at. */
  #filled = 0;
  #at = 0;
  #cell = 0;
  #cellStart = 0;
  #hasEscape = false;
  #rowStart = 0;
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

  append(chunk: Buffer): void {
    if (this.#isTaken) this.#restart();
    const needed = this.#filled + chunk.length;
    if (needed > this.#batch.bytes.length) this.#moveTo(Math.max(needed, this.#batch.bytes.length * 2), 0);
    chunk.copy(this.#batch.bytes, this.#filled);
    this.#filled = needed;
  }

  /** Lends a batch when one is full; it is valid until the next call. */
  takeFull(): CellBatch | null {
    if (this.#isTaken) this.#restart();
    while (this.#batch.rowCount < batchRows && this.#readRow());
    const isFull = this.#batch.rowCount === batchRows || (this.#batch.rowCount > 0 && this.#rowStart >= batchBytes);
    this.#isTaken = isFull;
    return isFull ? this.#batch : null;
  }

  /** Lends what is left at the end of the stream. */
  takeRest(): CellBatch {
    assert(!this.#isTaken && this.#rowStart === this.#filled, 'the stream ends with a whole row');
    return this.#batch;
  }

  /** Begins a batch anew with the row that is still open: its bytes and cells move to the front. */
  #restart(): void {
    const { columnCount, bytes, start, end, storage } = this.#batch;
    const from = this.#rowStart;
    const first = this.#batch.rowCount * columnCount;
    for (let cell = first; cell < this.#cell; cell += 1) {
      start[cell - first] = (start[cell] as number) - from;
      end[cell - first] = (end[cell] as number) - from;
      storage[cell - first] = storage[cell] as number;
    }
    this.#isTaken = false;
    this.#batch.rowCount = 0;
    this.#cell -= first;
    this.#cellStart -= from;
    this.#at -= from;
    this.#rowStart = 0;
    this.#filled -= from;
    // A single great value must not be held for the rest of the table.
    this.#moveTo(bytes.length > greatBytes && this.#filled < batchBytes ? 2 * batchBytes : bytes.length, from);
  }

  /** Puts the filled bytes, which begin at `from`, to the front of a buffer of this size. */
  #moveTo(size: number, from: number): void {
    const { bytes } = this.#batch;
    if (size !== bytes.length) this.#batch.bytes = Buffer.allocUnsafe(size);
    bytes.copy(this.#batch.bytes, 0, from, from + this.#filled);
  }

  /** Reads on to the end of a row; false where the bytes end before it. */
  #readRow(): boolean {
    const { bytes } = this.#batch;
    const filled = this.#filled;
    for (let at = this.#at; at < filled; at += 1) {
      const byte = bytes[at] as number;
      if (byte > backslash || (byte > newline && byte < backslash)) continue;
      if (byte === backslash) {
        if (at + 1 === filled) {
          this.#at = at;
          return false;
        }
        this.#hasEscape = true;
        at += 1;
      } else if (byte === tab) this.#endCell(at);
      else if (byte === newline) {
        this.#endCell(at);
        this.#endRow(at + 1);
        return true;
      }
    }
    this.#at = filled;
    return false;
  }

  #endCell(at: number): void {
    const { bytes, start, end, storage } = this.#batch;
    const first = this.#cellStart;
    const isNull = this.#hasEscape && at - first === 2 && bytes[first + 1] === capitalN;
    start[this.#cell] = first;
    end[this.#cell] = this.#hasEscape ? unescapeBytes(bytes, first, at) : at;
    storage[this.#cell] = isNull ? Storage.Null : Storage.Text;
    this.#cell += 1;
    this.#cellStart = at + 1;
    this.#hasEscape = false;
  }

  #endRow(next: number): void {
    this.#batch.rowCount += 1;
    assert(
      this.#cell === this.#batch.rowCount * this.#batch.columnCount,
      'a row of copy has the columns that were asked for',
    );
    this.#rowStart = next;
    this.#at = next;
  }
}

/** Resolves the backslashes of [start, end) in place, and returns the new end. */
function unescapeBytes(bytes: Buffer, start: number, end: number): number {
  let to = start;
  for (let from = start; from < end; from += 1) {
    let byte = bytes[from] as number;
    if (byte === backslash) {
      from += 1;
      byte = bytes[from] as number;
      byte = escapes.get(byte) ?? byte;
    }
    bytes[to++] = byte;
  }
  return to;
}
