import { assert } from '../../model/error.js';
import type { CellBatch } from '../../model/value.js';

/** A batch is handed on when it holds this many bytes or rows, whichever comes first. */
const batchBytes = 1 << 18;
const batchRows = 1024;
const greatBytes = 8 * batchBytes;
/** A batch begins with room for this many bytes, which is enough for a small table, and grows. */
const firstBytes = 32 * 1024;

/**
 * Takes the bytes of a COPY, as they arrive in pieces of any size, apart into batches of cells; how a row is read says the
 * format. One batch is filled again each time.
 */
export abstract class BatchParser {
  protected readonly batch: CellBatch;
  /** End of the bytes that have arrived. */
  protected filled = 0;
  /** Where the row begins that is not whole yet. */
  protected rowStart = 0;
  #isTaken = false;

  constructor(columnCount: number) {
    const cells = columnCount * batchRows;
    this.batch = {
      rowCount: 0,
      columnCount,
      bytes: Buffer.allocUnsafe(firstBytes),
      start: new Int32Array(cells),
      end: new Int32Array(cells),
      storage: new Uint8Array(cells),
      number: new Float64Array(0),
    };
  }

  append(piece: Buffer): void {
    if (this.#isTaken) this.#restart();
    const needed = this.filled + piece.length;
    if (needed > this.batch.bytes.length) this.#moveTo(Math.max(needed, this.batch.bytes.length * 2), 0);
    piece.copy(this.batch.bytes, this.filled);
    this.filled = needed;
  }

  /** Lends a batch when one is full; it is valid until the next call. */
  takeFull(): CellBatch | null {
    if (this.#isTaken) this.#restart();
    while (this.batch.rowCount < batchRows && this.readRow());
    const isFull = this.batch.rowCount === batchRows || (this.batch.rowCount > 0 && this.rowStart >= batchBytes);
    this.#isTaken = isFull;
    return isFull ? this.batch : null;
  }

  /** Lends what is left at the end of the stream. */
  takeRest(): CellBatch {
    if (this.#isTaken) this.#restart();
    assert(this.isAtEnd(), 'the stream ends with a whole row, where it says');
    return this.batch;
  }

  /** Reads on to the end of a row; false where the bytes end before it. */
  protected abstract readRow(): boolean;

  /** Whether the stream may end here. */
  protected isAtEnd(): boolean {
    return this.rowStart === this.filled;
  }

  /** Keeps what is known of the row that is not whole yet: it becomes the first one, and its bytes move `by` to the front. */
  protected keepOpenRow(_by: number): void {}

  /** Begins a batch anew with the row that is not whole yet. */
  #restart(): void {
    const { length } = this.batch.bytes;
    const from = this.rowStart;
    this.keepOpenRow(from);
    this.#isTaken = false;
    this.batch.rowCount = 0;
    this.rowStart = 0;
    this.filled -= from;
    // A single great value must not be held for the rest of the table.
    this.#moveTo(length > greatBytes && this.filled < batchBytes ? 2 * batchBytes : length, from);
  }

  /** Puts the filled bytes, which begin at `from`, to the front of a buffer of this size. */
  #moveTo(size: number, from: number): void {
    const { bytes } = this.batch;
    if (size !== bytes.length) this.batch.bytes = Buffer.allocUnsafe(size);
    bytes.copy(this.batch.bytes, 0, from, from + this.filled);
  }
}
