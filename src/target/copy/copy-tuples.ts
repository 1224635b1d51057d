import { assert } from '../../model/error.js';
import { Storage } from '../../model/value.js';
import { BatchParser } from './batch-parser.js';

/** Signature of eleven bytes, flags, and the length of an extension, which is empty. */
const headerBytes = 19;
const lengthBytes = 4;
const countBytes = 2;

/**
 * Takes COPY's binary format apart (PostgreSQL manual, COPY, "Binary Format") as it arrives in pieces of any size. A
 * field's bytes are never looked at.
 */
export class CopyTupleParser extends BatchParser {
  #hasHeader = false;
  #isEnded = false;

  protected override isAtEnd(): boolean {
    return this.#isEnded && super.isAtEnd();
  }

  protected readRow(): boolean {
    const { bytes, start, end, storage, columnCount, rowCount } = this.batch;
    const { filled } = this;
    let at = this.rowStart;
    if (!this.#hasHeader) {
      if (filled < headerBytes) return false;
      this.#hasHeader = true;
      at = headerBytes;
      this.rowStart = at;
    }
    if (this.#isEnded || filled - at < countBytes) return false;
    const count = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    at += countBytes;
    // The end is marked by -1 for a number of fields.
    if (count === 0xffff) {
      this.#isEnded = true;
      this.rowStart = at;
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
    this.batch.rowCount += 1;
    this.rowStart = at;
    return true;
  }
}
