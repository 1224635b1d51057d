import { assert } from '../../model/error.js';
import { Storage } from '../../model/value.js';
import { BatchParser } from './batch-parser.js';

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
export class CopyTextParser extends BatchParser {
  /** End of the bytes that have been looked at. */
  #at = 0;
  #cell = 0;
  #cellStart = 0;
  #hasEscape = false;

  protected override keepOpenRow(by: number): void {
    const { columnCount, rowCount, start, end, storage } = this.batch;
    const first = rowCount * columnCount;
    for (let cell = first; cell < this.#cell; cell += 1) {
      start[cell - first] = (start[cell] as number) - by;
      end[cell - first] = (end[cell] as number) - by;
      storage[cell - first] = storage[cell] as number;
    }
    this.#cell -= first;
    this.#cellStart -= by;
    this.#at -= by;
  }

  protected readRow(): boolean {
    const { bytes } = this.batch;
    const { filled } = this;
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
    const { bytes, start, end, storage } = this.batch;
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
    this.batch.rowCount += 1;
    assert(
      this.#cell === this.batch.rowCount * this.batch.columnCount,
      'a row of copy has the columns that were asked for',
    );
    this.rowStart = next;
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
