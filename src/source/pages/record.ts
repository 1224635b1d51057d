import { type RowView, Storage } from '../../model/value.js';
import type { AbsentValue, RecordPlan } from './slots.js';
import { readLength, varintLength } from './varint.js';
import { readWord, word } from './word.js';

/**
 * Turns records (https://www.sqlite.org/fileformat2.html section 2.1) into rows: a header of varints, one serial type
 * per column, then the values in the same order; integers big-endian two's complement, reals IEEE 754 big-endian.
 * Fills the one `view` again for each record; texts and blobs are not copied, `view` points at them.
 */
export class RecordReader {
  readonly view: RowView;
  readonly #slots: Int32Array;
  readonly #integerStorage: Uint8Array;
  readonly #rowidSlot: number;
  readonly #absent: readonly AbsentValue[];

  constructor(plan: RecordPlan) {
    const count = plan.integerStorage.length;
    this.view = {
      storage: new Uint8Array(count),
      number: new Float64Array(count),
      wide: new DataView(new ArrayBuffer(8 * count)),
      bytes: Buffer.alloc(0),
      start: new Int32Array(count),
      end: new Int32Array(count),
    };
    this.#slots = plan.slots;
    this.#integerStorage = plan.integerStorage;
    this.#rowidSlot = plan.rowidSlot;
    this.#absent = plan.absent;
  }

  /** Puts the rowid, given as its two halves, where the plan reads it. */
  fillRowid(high: number, low: number): void {
    if (this.#rowidSlot >= 0) this.#fillLong(this.#rowidSlot, high, low);
  }

  /**
   * Fills the view from the record in bytes[start, end); `numbers` is a view of the same bytes. Returns null, or what
   * is wrong with the record; the filled view is then invalid. Values are checked once, at the end: until then a wrong
   * length can only have moved positions inside the buffer's bounds, or read zeros beyond them.
   */
  fill(bytes: Buffer, numbers: DataView, start: number, end: number): string | null {
    const { storage, number, start: starts, end: ends } = this.view;
    const slots = this.#slots;
    const integerStorage = this.#integerStorage;
    const count = slots.length;
    this.view.bytes = bytes;
    let at = start;
    let headerSize = bytes[at++] as number;
    if (headerSize > 0x7f) {
      headerSize = readLength(bytes, start);
      at = start + varintLength(bytes, start);
    }
    const headerEnd = start + headerSize;
    if (headerEnd > end || headerEnd < at) return `a record header of ${headerSize} bytes cannot be`;
    let body = headerEnd;
    let position = 0;
    while (position < count && at < headerEnd) {
      const slot = slots[position++] as number;
      let type = bytes[at++] as number;
      if (type > 0x7f) {
        const low = bytes[at++] as number;
        if (low < 0x80) type = ((type & 0x7f) << 7) | low;
        else {
          type = readLength(bytes, at - 2);
          at += varintLength(bytes, at - 2) - 2;
        }
      }
      if (type > 11) {
        const from = body;
        body += type > 0x7fffffff ? Math.floor((type - 12) / 2) : (type - 12) >> 1;
        if (slot < 0) continue;
        storage[slot] = 5 - (type & 1);
        starts[slot] = from;
        ends[slot] = body;
        continue;
      }
      switch (type) {
        case 0:
          if (slot >= 0) storage[slot] = 0;
          break;
        case 1:
          if (slot >= 0) {
            storage[slot] = integerStorage[slot] as number;
            number[slot] = ((bytes[body] as number) << 24) >> 24;
          }
          body += 1;
          break;
        case 2:
          if (slot >= 0) {
            storage[slot] = integerStorage[slot] as number;
            number[slot] = (((bytes[body] as number) << 24) >> 16) | (bytes[body + 1] as number);
          }
          body += 2;
          break;
        case 3:
          if (slot >= 0) {
            storage[slot] = integerStorage[slot] as number;
            number[slot] =
              (((bytes[body] as number) << 24) >> 8) | ((bytes[body + 1] as number) << 8) | (bytes[body + 2] as number);
          }
          body += 3;
          break;
        case 4:
          if (slot >= 0) {
            storage[slot] = integerStorage[slot] as number;
            number[slot] = readWord(bytes, body);
          }
          body += 4;
          break;
        case 5:
          if (slot >= 0) {
            storage[slot] = integerStorage[slot] as number;
            const high = (((bytes[body] as number) << 24) >> 16) | (bytes[body + 1] as number);
            number[slot] = high * word + (readWord(bytes, body + 2) >>> 0);
          }
          body += 6;
          break;
        case 6:
          if (slot >= 0) this.#fillLong(slot, readWord(bytes, body), readWord(bytes, body + 4));
          body += 8;
          break;
        case 7:
          // The one read that throws beyond the buffer.
          if (body + 8 > end) return 'the values of a record are longer than its payload';
          if (slot >= 0) this.#fillReal(slot, numbers.getFloat64(body));
          body += 8;
          break;
        case 8:
        case 9:
          if (slot >= 0) {
            storage[slot] = integerStorage[slot] as number;
            number[slot] = type - 8;
          }
          break;
        default:
          return `serial type ${type} is reserved`;
      }
    }
    if (at > headerEnd) return 'a serial type runs over the end of its record header';
    if (body > end) return 'the values of a record are longer than its payload';
    if (at === headerEnd && body !== end) return 'the values of a record are shorter than its payload';
    if (position < count) this.#fillAbsent(position);
    return null;
  }

  /** A NaN, which SQLite never writes, reads as NULL. */
  #fillReal(slot: number, value: number): void {
    const { storage, number } = this.view;
    storage[slot] = Number.isNaN(value) ? Storage.Null : Storage.Real;
    number[slot] = value;
  }

  /** An integer from its two halves; as a real, the sum of the two exact parts is rounded once, as a cast in C is. */
  #fillLong(slot: number, high: number, low: number): void {
    const { storage, number, wide } = this.view;
    const value = high * word + (low >>> 0);
    number[slot] = value;
    storage[slot] = this.#integerStorage[slot] as number;
    if (Number.isSafeInteger(value) || storage[slot] === Storage.Real) return;
    storage[slot] = Storage.Wide;
    wide.setInt32(8 * slot, high);
    wide.setInt32(8 * slot + 4, low);
  }

  /** Columns added after the record was written take their defaults (section 2.1, last paragraph). */
  #fillAbsent(from: number): void {
    const { storage, number, wide, start, end } = this.view;
    for (let position = from; position < this.#slots.length; position++) {
      const slot = this.#slots[position] as number;
      const value = this.#absent[position];
      if (slot < 0 || value === undefined) continue;
      storage[slot] = value.storage;
      number[slot] = value.number;
      wide.setBigInt64(8 * slot, value.wide);
      start[slot] = value.start;
      end[slot] = value.end;
    }
  }
}
