/**
 * What a canonical cell is. Tags keep apart what bytes alone could confuse: NULL is never a text, and a source value
 * that means nothing under its kind (`Raw`) is never equal to anything that the target can hold.
 */
export const Tag = { Null: 0, Value: 1, Special: 2, Raw: 3 } as const;
export type TagCode = (typeof Tag)[keyof typeof Tag];

/** Bytes before each cell: the tag, then the length of the cell as a little-endian u32. */
export const cellHeaderBytes = 5;

/** Length of the cell whose header begins at `at`. Written out because Buffer's own readers cost more than the hash. */
export function cellSize(bytes: Buffer, at: number): number {
  const low = (bytes[at + 1] as number) | ((bytes[at + 2] as number) << 8);
  return (low | ((bytes[at + 3] as number) << 16) | ((bytes[at + 4] as number) << 24)) >>> 0;
}

const copiedByHandMax = 32;

/**
 * One row in canonical form, filled cell by cell and then hashed: for each cell its tag, its length and its bytes.
 * Since the length comes before the bytes, no byte can count for a neighbouring value. Cleared and filled again for
 * each row.
 */
export class CanonicalRow {
  bytes = Buffer.allocUnsafe(4096);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  putNull(): void {
    this.#open(Tag.Null, 0);
  }

  /** Appends bytes [start, end) of another buffer as one cell. */
  putBytes(tag: TagCode, from: Buffer, start: number, end: number): void {
    const size = end - start;
    let at = this.#open(tag, size);
    // For short cells the call into Buffer.copy costs more than the bytes.
    if (size > copiedByHandMax) from.copy(this.bytes, at, start, end);
    else for (let i = start; i < end; i += 1) this.bytes[at++] = from[i] as number;
  }

  /** Appends a string as UTF-8. */
  putText(tag: TagCode, text: string): void {
    const at = this.#open(tag, Buffer.byteLength(text));
    this.bytes.write(text, at);
  }

  /** Appends a string of Latin-1 characters. */
  putLatin(tag: TagCode, text: string): void {
    const at = this.#open(tag, text.length);
    this.bytes.write(text, at, 'latin1');
  }

  /** Appends the eight bytes of a double: −0 and 0 differ, as do neighbours by one unit in the last place. */
  putDouble(value: number): void {
    // The cell first: it may have to move the row.
    const at = this.#open(Tag.Value, 8);
    this.bytes.writeDoubleLE(value, at);
  }

  /** Appends a point in time: whole seconds (floored) since 1970 as a double, then 0 to 999 999 microseconds as u32. */
  putMoment(seconds: number, micros: number): void {
    const at = this.#open(Tag.Value, 12);
    this.bytes.writeDoubleLE(seconds, at);
    this.bytes.writeUInt32LE(micros, at + 8);
  }

  /** Appends the bytes that hexadecimal digits [start, end) stand for. */
  putHex(from: Buffer, start: number, end: number): void {
    const size = (end - start) >> 1;
    const at = this.#open(Tag.Value, size);
    this.bytes.write(from.toString('latin1', start, end), at, size, 'hex');
  }

  #open(tag: TagCode, size: number): number {
    const at = this.length + cellHeaderBytes;
    if (at + size > this.bytes.length) this.#grow(at + size);
    const bytes = this.bytes;
    bytes[at - 5] = tag;
    bytes[at - 4] = size;
    bytes[at - 3] = size >>> 8;
    bytes[at - 2] = size >>> 16;
    bytes[at - 1] = size >>> 24;
    this.length = at + size;
    return at;
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafe(Math.max(size, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
