import { isUtf8 } from 'node:buffer';
import type { Allocate } from '../pages/page-run.js';
import { countChars } from './chars.js';
import { longBlob, longText, typeCounters } from './kernel/layout.js';
import { lentArrays } from './lent-arrays.js';
import { NumberRanges, WideRanges } from './ranges.js';
import { readLength, varintLength } from '../pages/varint.js';
import { readWord, word } from '../pages/word.js';

/** Bytes of a value per serial type below 12. */
const valueBytes: readonly number[] = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0];

/**
 * Counts the values in records (https://www.sqlite.org/fileformat2.html section 2.1) per column, by position. A serial
 * type alone gives storage class and byte length, so for most values one counter is raised and the bytes are skipped.
 * Integers and reals are read, for their range, and texts of more bytes than the longest text so far has characters.
 * `readColumns` says what the counts mean under the column's affinity and default.
 */
export class RecordTally {
  readonly columnCount: number;
  /** `typeCounters` per column. */
  readonly types: Float64Array;
  /** For each number of columns, the records that have as many. The last counter also counts longer records. */
  readonly widths: Float64Array;
  readonly integers: NumberRanges;
  /** Integers of eight bytes. */
  readonly wides: WideRanges;
  readonly reals: NumberRanges;
  /** NaNs, which SQLite never writes and reads as NULL. */
  readonly nans: Float64Array;
  readonly charsMax: Float64Array;
  /** Of long texts and long blobs. */
  readonly longBytesMax: Float64Array;
  /** 1 for a column that has a text which no text of PostgreSQL can be. */
  readonly badTexts: Uint8Array;

  /** `allocate` lends the memory of the counters. */
  constructor(columnCount: number, allocate: Allocate = Buffer.allocUnsafeSlow) {
    const arrays = lentArrays(allocate);
    this.columnCount = columnCount;
    this.types = arrays.floats(typeCounters * columnCount);
    this.widths = arrays.floats(columnCount + 1);
    this.integers = new NumberRanges(columnCount, arrays);
    this.wides = new WideRanges(columnCount, arrays);
    this.reals = new NumberRanges(columnCount, arrays);
    this.nans = arrays.floats(columnCount);
    this.charsMax = arrays.floats(columnCount);
    this.longBytesMax = arrays.floats(columnCount);
    this.badTexts = arrays.bytes(columnCount);
  }

  get rows(): number {
    return this.widths.reduce((total, count) => total + count, 0);
  }

  /**
   * Counts the record in bytes[start, end), of which the bytes from `localEnd` on are not there; `numbers` is a view of the
   * same bytes. Returns null, or what is wrong with the record; the tally is then invalid.
   */
  add(bytes: Buffer, numbers: DataView, start: number, end: number, localEnd = end): string | null {
    const { columnCount, types, charsMax } = this;
    let at = start;
    let headerSize = bytes[at++] as number;
    if (headerSize > 0x7f) {
      headerSize = readLength(bytes, start);
      at = start + varintLength(bytes, start);
    }
    const headerEnd = start + headerSize;
    if (headerEnd > end || headerEnd < at) return `a record header of ${headerSize} bytes cannot be`;
    let body = headerEnd;
    let column = 0;
    for (; column < columnCount && at < headerEnd; column++) {
      let type = bytes[at++] as number;
      if (type > 0x7f) {
        const low = bytes[at++] as number;
        if (low < 0x80) type = ((type & 0x7f) << 7) | low;
        else {
          type = readLength(bytes, at - 2);
          at += varintLength(bytes, at - 2) - 2;
        }
      }
      const counter = column * typeCounters + type;
      if (type > 11) {
        const from = body;
        const length = type > 0x7fffffff ? Math.floor((type - 12) / 2) : (type - 12) >> 1;
        body += length;
        if (type < typeCounters) types[counter] = (types[counter] as number) + 1;
        else this.#addLong(column, type, length);
        if ((type & 1) === 1 && length > (charsMax[column] as number) && body <= end) {
          this.#addChars(column, countChars(bytes, from, body));
        }
        if (
          (type & 1) === 1 &&
          this.badTexts[column] === 0 &&
          body <= localEnd &&
          isBadText(bytes, numbers, from, body)
        ) {
          this.badTexts[column] = 1;
        }
        continue;
      }
      types[counter] = (types[counter] as number) + 1;
      switch (type) {
        case 0:
          break;
        case 6:
          this.wides.add(column, readWord(bytes, body), readWord(bytes, body + 4) >>> 0);
          break;
        case 7:
          // The one read that throws beyond the buffer.
          if (body + 8 > end) return 'the values of a record are longer than its payload';
          this.#addReal(column, numbers.getFloat64(body));
          break;
        case 1:
        case 2:
        case 3:
        case 4:
        case 5:
        case 8:
        case 9:
          this.integers.add(column, readInteger(bytes, body, type));
          break;
        default:
          return `serial type ${type} is reserved`;
      }
      body += valueBytes[type] as number;
    }
    if (at > headerEnd) return 'a serial type runs over the end of its record header';
    if (body > end) return 'the values of a record are longer than its payload';
    if (at === headerEnd && body !== end) return 'the values of a record are shorter than its payload';
    this.widths[column] = (this.widths[column] as number) + 1;
    return null;
  }

  /**
   * Whether `add` would read bytes at or behind `localEnd` of the record that begins at `start`. For a payload that
   * continues on overflow pages it mostly does not, and the pages need not be fetched.
   */
  readsBeyond(bytes: Buffer, start: number, localEnd: number): boolean {
    const headerEnd = start + readLength(bytes, start);
    if (headerEnd > localEnd) return true;
    let at = start + varintLength(bytes, start);
    let body = headerEnd;
    for (let column = 0; column < this.columnCount && at < headerEnd; column++) {
      const type = readLength(bytes, at);
      at += varintLength(bytes, at);
      const length = type > 11 ? Math.floor((type - 12) / 2) : (valueBytes[type] ?? 0);
      const isRead = type > 11 ? type % 2 === 1 && length > (this.charsMax[column] as number) : length > 0;
      body += length;
      if (isRead && body > localEnd) return true;
    }
    return false;
  }

  #addReal(column: number, value: number): void {
    if (Number.isNaN(value)) this.nans[column] = (this.nans[column] as number) + 1;
    else this.reals.add(column, value);
  }

  #addLong(column: number, type: number, length: number): void {
    const counter = column * typeCounters + ((type & 1) === 1 ? longText : longBlob);
    this.types[counter] = (this.types[counter] as number) + 1;
    if (length > (this.longBytesMax[column] as number)) this.longBytesMax[column] = length;
  }

  #addChars(column: number, chars: number): void {
    if (chars > (this.charsMax[column] as number)) this.charsMax[column] = chars;
  }
}

/** From this length on a call costs less than a look at each byte. */
const longTextBytes = 128;

/** The lowest and the highest bit of each byte of a word. */
const lowBits = 0x01010101;
const highBits = 0x80808080;

/**
 * Whether a text has a NUL, or is no UTF-8. Four bytes at a time: taking 1 from each byte of a word makes the highest bit
 * appear in one that was 0, and below the first such byte no other is mistaken for one.
 */
function isBadText(bytes: Buffer, numbers: DataView, from: number, to: number): boolean {
  if (to - from >= longTextBytes) {
    const text = bytes.subarray(from, to);
    return text.includes(0) || !isUtf8(text);
  }
  let bits = 0;
  let at = from;
  for (const end = to - 3; at < end; at += 4) {
    const four = numbers.getInt32(at, true);
    if (((four - lowBits) & ~four & highBits) !== 0) return true;
    bits |= four;
  }
  for (; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte === 0) return true;
    bits |= byte;
  }
  return (bits & highBits) !== 0 && !isUtf8(bytes.subarray(from, to));
}

/** An integer of up to six bytes, or one that its serial type says. */
function readInteger(bytes: Buffer, at: number, type: number): number {
  switch (type) {
    case 1:
      return ((bytes[at] as number) << 24) >> 24;
    case 2:
      return (((bytes[at] as number) << 24) >> 16) | (bytes[at + 1] as number);
    case 3:
      return (((bytes[at] as number) << 24) >> 8) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    case 4:
      return readWord(bytes, at);
    case 5: {
      const high = (((bytes[at] as number) << 24) >> 16) | (bytes[at + 1] as number);
      return high * word + (readWord(bytes, at + 2) >>> 0);
    }
    default:
      return type - 8;
  }
}
