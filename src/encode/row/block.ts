import { hashOverreadBytes } from '../fingerprint/hash.js';

/** Bytes behind the filled ones that may be read, since the last of them are read as whole words. */
const OVERREAD_BYTES = hashOverreadBytes;

/** Spare memory behind the nominal size, so that the last row of a full block rarely makes it grow. */
const SLACK_BYTES = 65_536;

/** Texts up to this length are copied by a loop: a call into native code costs more than the bytes do (measured). */
const LOOP_COPY_BYTES = 160;

const TWO_TO_32 = 4_294_967_296;

/**
 * A run of bytes that grows at its end, big-endian as PostgreSQL's wire is. `take` returns the filled bytes and goes on
 * in a second run, so that one is on the wire while the other is filled. The returned bytes stay untouched until the
 * next `take` returns. A run that had to grow for a big row is dropped once it has been taken.
 */
export class Block {
  bytes: Buffer;
  /** A view of exactly the same memory as `bytes`. */
  view: DataView;
  length = 0;
  /** How many bytes may be filled. */
  limit: number;
  readonly #allocate: (bytes: number) => Buffer;
  readonly #capacity: number;
  #spare: Buffer | null = null;
  /** The run of normal size that a bigger one replaces for the moment. */
  #shelved: Buffer | null = null;
  /** The buffer that texts were last copied from, and a view of it. */
  #source: Buffer | null = null;
  #sourceView: DataView = new DataView(new ArrayBuffer(0));

  /** Its two runs of bytes come from `allocate`. A run that grows becomes ordinary memory. */
  constructor(
    blockBytes: number,
    allocate: (bytes: number) => Buffer = Buffer.allocUnsafeSlow,
    capacity = blockCapacity(blockBytes),
  ) {
    this.#allocate = allocate;
    this.#capacity = capacity;
    this.bytes = allocate(this.#capacity);
    this.view = viewOf(this.bytes);
    this.limit = this.#capacity - OVERREAD_BYTES;
  }

  /** Makes sure that `count` more bytes fit. */
  reserve(count: number): void {
    if (this.length + count > this.limit) this.#grow(this.length + count);
  }

  take(): Buffer {
    const taken = this.bytes.subarray(0, this.length);
    const next = this.#spare ?? this.#allocate(this.#capacity);
    this.#spare = this.#hasGrown() ? this.#shelved : this.bytes;
    this.#use(next);
    this.length = 0;
    return taken;
  }

  /** Empties a block that is never handed over. One that grew for a big row goes back to its size. */
  clear(): void {
    if (this.#shelved !== null && this.#hasGrown()) this.#use(this.#shelved);
    this.length = 0;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length] = value;
    this.length += 1;
  }

  int16(value: number): void {
    this.reserve(2);
    this.view.setInt16(this.length, value);
    this.length += 2;
  }

  int32(value: number): void {
    this.reserve(4);
    this.view.setInt32(this.length, value);
    this.length += 4;
  }

  /** A whole number of at most 2^53 − 1 either way, as eight bytes. */
  int64(value: number): void {
    this.reserve(8);
    const high = Math.floor(value / TWO_TO_32);
    this.view.setInt32(this.length, high);
    this.view.setUint32(this.length + 4, value - high * TWO_TO_32);
    this.length += 8;
  }

  bigInt64(value: bigint): void {
    this.reserve(8);
    this.view.setBigInt64(this.length, value);
    this.length += 8;
  }

  float32(value: number): void {
    this.reserve(4);
    this.view.setFloat32(this.length, value);
    this.length += 4;
  }

  float64(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value);
    this.length += 8;
  }

  /** Text of ASCII characters only. */
  ascii(text: string): void {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i += 1) this.bytes[this.length + i] = text.charCodeAt(i);
    this.length += text.length;
  }

  copy(source: Buffer, start: number, end: number): void {
    const count = end - start;
    this.reserve(count);
    const at = this.length;
    if (count > LOOP_COPY_BYTES) source.copy(this.bytes, at, start, end);
    else this.#copyWords(source, start, count);
    this.length = at + count;
  }

  #copyWords(source: Buffer, start: number, count: number): void {
    if (source !== this.#source) {
      this.#source = source;
      this.#sourceView = viewOf(source);
    }
    const { view: to, length: at } = this;
    const from = this.#sourceView;
    const words = count & ~3;
    let i = 0;
    for (; i < words; i += 4) to.setInt32(at + i, from.getInt32(start + i));
    for (; i < count; i += 1) to.setInt8(at + i, from.getInt8(start + i));
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.limit) + OVERREAD_BYTES);
    this.bytes.copy(grown, 0, 0, this.length);
    if (!this.#hasGrown()) this.#shelved = this.bytes;
    this.#use(grown);
  }

  #hasGrown(): boolean {
    return this.bytes.length > this.#capacity;
  }

  #use(bytes: Buffer): void {
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.limit = bytes.length - OVERREAD_BYTES;
  }
}

/** The memory that one run of bytes takes, for blocks of this nominal size. */
export function blockCapacity(blockBytes: number): number {
  return blockBytes + SLACK_BYTES;
}

/**
 * A block of this size that is never handed over, such as one for a single field. Made for each table, so it has no spare
 * memory: that of many small tables would keep the garbage collector busy.
 */
export function scratchBlock(bytes: number): Block {
  return new Block(bytes, Buffer.allocUnsafeSlow, bytes + OVERREAD_BYTES);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
