import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';

/*
 * The frames of a write-ahead log (https://www.sqlite.org/fileformat2.html section 4), read from a private copy of it. A
 * header of 32 bytes is followed by frames: 24 bytes of header, and a page. All numbers are big-endian; the checksums
 * add up 32-bit words in the byte order that the magic number names, and go on from frame to frame, so the first frame
 * that does not fit ends the log.
 */

const headerBytes = 32;
const frameHeaderBytes = 24;
const magicLittle = 0x377f0682;
const magicBig = 0x377f0683;

/** Frames read at once. */
const framesPerRead = 256;

/** What a log holds up to its last commit. */
export interface WalContent {
  /** Frames up to the last commit. What stands behind belongs to a transaction that never ended, or to an older log. */
  readonly frames: number;
  /** Numbers of the pages that these frames hold, each once. */
  readonly pages: ReadonlySet<number>;
  /** Pages of the database after the last commit; 0 where there is none. */
  readonly pageCount: number;
}

const nothing: WalContent = { frames: 0, pages: new Set(), pageCount: 0 };

/** Reads the log at `path`; one that is empty or has no valid header holds nothing. Memory: 256 frames, and a number per page. */
export function readWal(path: string): WalContent {
  const file = openSync(path, 'r');
  try {
    return readFrames(file);
  } finally {
    closeSync(file);
  }
}

function readFrames(file: number): WalContent {
  const header = Buffer.alloc(headerBytes);
  if (readAt(file, header, 0) < headerBytes) return nothing;
  const magic = header.readUInt32BE(0);
  if (magic !== magicLittle && magic !== magicBig) return nothing;
  const sum = new Checksum(magic === magicLittle);
  sum.add(header, 0, 24);
  if (!sum.is(header, 24)) return nothing;
  const pageSize = header.readUInt32BE(8);
  const frameBytes = frameHeaderBytes + pageSize;
  const buffer = Buffer.alloc(framesPerRead * frameBytes);
  const total = Math.floor((fstatSync(file).size - headerBytes) / frameBytes);
  let committed: WalContent = nothing;
  const pages = new Set<number>();
  let pending: number[] = [];
  for (let first = 0; first < total; first += framesPerRead) {
    const read = readAt(file, buffer, headerBytes + first * frameBytes);
    for (let at = 0; at + frameBytes <= read; at += frameBytes) {
      // Salts of another log: what follows was written before this one began.
      if (header.compare(buffer, at + 8, at + 16, 16, 24) !== 0) return committed;
      sum.add(buffer, at, 8);
      sum.add(buffer, at + frameHeaderBytes, pageSize);
      if (!sum.is(buffer, at + 16)) return committed;
      pending.push(buffer.readUInt32BE(at));
      const pageCount = buffer.readUInt32BE(at + 4);
      if (pageCount === 0) continue;
      for (const page of pending) pages.add(page);
      pending = [];
      committed = { frames: first + at / frameBytes + 1, pages, pageCount };
    }
  }
  return committed;
}

function readAt(file: number, target: Buffer, position: number): number {
  let filled = 0;
  while (filled < target.length) {
    const count = readSync(file, target, filled, target.length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

/** The running checksum (section 4.2): two words of 32 bits. */
class Checksum {
  readonly #isNative: boolean;
  #first = 0;
  #second = 0;

  constructor(isLittle: boolean) {
    this.#isNative = isLittle === (endianness() === 'LE');
  }

  /** `length` is a multiple of 8, `from` one of 4. */
  add(bytes: Buffer, from: number, length: number): void {
    const words = this.#words(bytes, from, length);
    let first = this.#first;
    let second = this.#second;
    for (let i = 0; i < words.length; i += 2) {
      first = (first + (words[i] as number) + second) | 0;
      second = (second + (words[i + 1] as number) + first) | 0;
    }
    this.#first = first;
    this.#second = second;
  }

  /** Whether the eight bytes at `at` are this checksum. */
  is(bytes: Buffer, at: number): boolean {
    return bytes.readInt32BE(at) === this.#first && bytes.readInt32BE(at + 4) === this.#second;
  }

  #words(bytes: Buffer, from: number, length: number): Int32Array {
    if (this.#isNative && (bytes.byteOffset + from) % 4 === 0)
      return new Int32Array(bytes.buffer, bytes.byteOffset + from, length / 4);
    const copy = Buffer.from(bytes.subarray(from, from + length));
    if (!this.#isNative) copy.swap32();
    const aligned = new Int32Array(length / 4);
    Buffer.from(aligned.buffer).set(copy);
    return aligned;
  }
}
