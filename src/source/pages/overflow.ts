import type { LeafCursor } from '../../model/kernel.js';
import { damagedPage } from './damage.js';
import type { SnapshotFile } from './page-file.js';
import { type Allocate, PageRun } from './page-run.js';

/** At most this many bytes of overflow pages are read ahead, since the chain of a big value mostly is contiguous. */
const aheadBytesMax = 128 * 1024;

/** A buffer larger than this is dropped after its row, so that one huge value does not stay in memory. */
const reusedBytesMax = 4 * 1024 * 1024;

/** Payloads up to this length are put together in memory from the caller, where there is any. */
const lentBytesMax = 64 * 1024;

const slackBytes = 16;

/** Before the payload lie a cell pointer of two bytes and the cell's two varints. */
const pointerBytes = 2;
const headBytes = pointerBytes + 2 * 9;

/** Longest payload that is asked for: RowView counts bytes in 31 bits. SQLite's own default limit is 10^9. */
export const payloadBytesMax = 2 ** 31 - 2 ** 20;

/** Where a payload that does not fit its leaf begins. */
export interface SplitPayload {
  readonly leaf: PageRun;
  /** Page number of the leaf, to name it. */
  readonly leafPage: number;
  /** First byte of the cell in the leaf's run. */
  readonly cell: number;
  /** First byte of the local part in the leaf's run. The number of the first overflow page follows the local part. */
  readonly at: number;
  readonly localBytes: number;
  readonly payloadBytes: number;
}

/**
 * Puts payloads that spill onto overflow pages together again (https://www.sqlite.org/fileformat2.html sections 1.6
 * and 1.7) in a buffer that grows as needed and begins with `prefix`, as the leaves' buffer does. With `allocate`, what
 * is not too long comes together in memory from there, and can be lent as a leaf.
 */
export class OverflowReader {
  bytes: Buffer = Buffer.alloc(0);
  numbers: DataView = new DataView(new ArrayBuffer(0));
  readonly #file: SnapshotFile;
  readonly #table: string;
  readonly #prefix: Uint8Array;
  /** Where the payload begins. */
  readonly #start: number;
  readonly #lent: Buffer | null;
  /** For what is longer. */
  #own: Buffer = Buffer.alloc(0);
  #run: PageRun | null = null;

  constructor(file: SnapshotFile, table: string, prefix: Uint8Array, allocate?: Allocate) {
    this.#file = file;
    this.#table = table;
    this.#prefix = prefix;
    this.#start = prefix.length + headBytes;
    this.#lent = allocate === undefined ? null : allocate(this.#start + lentBytesMax + slackBytes);
    this.#use(this.#lent ?? this.#own);
  }

  /**
   * Fills `bytes` with the whole payload, and returns the position of its first byte there. Error: `data.damaged_page`.
   */
  assemble(payload: SplitPayload): number {
    const { leaf, cell, at, localBytes, payloadBytes } = payload;
    this.#reserve(payloadBytes);
    leaf.bytes.copy(this.bytes, this.#start - (at - cell), cell, at + localBytes);
    this.#follow(payload, leaf.bytes.readUInt32BE(at + localBytes));
    return this.#start;
  }

  /** The cell that was put together last, as a leaf that holds it whole and nothing else. */
  asLeaf({ cell, at, payloadBytes }: Pick<SplitPayload, 'cell' | 'at' | 'payloadBytes'>): LeafCursor {
    const page = this.#prefix.length;
    this.bytes.writeUInt16BE(headBytes - (at - cell), page);
    const pointersEnd = page + pointerBytes;
    const end = this.#start + payloadBytes;
    const bounds = { page, cells: pointersEnd, end, localMax: payloadBytes };
    return { bytes: this.bytes, pointer: page, pointersEnd, ...bounds, hasRow: false, high: 0, low: 0 };
  }

  /** Drops a buffer that grew beyond what is worth keeping. */
  release(): void {
    if (this.#own.length <= reusedBytesMax) return;
    this.#own = Buffer.alloc(0);
    this.#use(this.#lent ?? this.#own);
  }

  #reserve(payloadBytes: number): void {
    const needed = this.#start + payloadBytes + slackBytes;
    if (this.#lent !== null && this.#lent.length >= needed) {
      this.#use(this.#lent);
      return;
    }
    if (this.#own.length < needed) {
      this.#own = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(2 * this.#own.length, reusedBytesMax)));
    }
    this.#use(this.#own);
  }

  #use(bytes: Buffer): void {
    if (this.bytes === bytes) return;
    this.bytes = bytes;
    this.numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length > 0) bytes.set(this.#prefix, 0);
  }

  /** Section 1.7: each page begins with the number of the next one, 0 in the last. The payload's length bounds the walk. */
  #follow({ leaf, leafPage, localBytes, payloadBytes }: SplitPayload, firstPage: number): void {
    const contentBytes = this.#file.usableBytes - 4;
    const end = this.#start + payloadBytes;
    let to = this.#start + localBytes;
    let from = leafPage;
    let page = firstPage;
    let ahead = 1;
    while (to < end) {
      this.#check(page, from);
      const run = leaf.holds(page) ? leaf : this.#load(page, Math.min(ahead, Math.ceil((end - to) / contentBytes)));
      const start = run.startOf(page);
      to += run.bytes.copy(this.bytes, to, start + 4, start + 4 + Math.min(contentBytes, end - to));
      from = page;
      page = run.bytes.readUInt32BE(start);
      ahead = page === from + 1 ? ahead * 2 : 1;
    }
    if (page !== 0) throw damagedPage(this.#table, from, 'the overflow chain is longer than its payload');
  }

  #check(page: number, from: number): void {
    if (page === 0) throw damagedPage(this.#table, from, 'the overflow chain ends before its payload');
    if (!this.#file.hasPage(page)) throw damagedPage(this.#table, from, `there is no overflow page ${page}`);
  }

  #load(page: number, count: number): PageRun {
    const pagesMax = Math.max(1, Math.floor(aheadBytesMax / this.#file.pageSize));
    this.#run ??= new PageRun(this.#file, pagesMax, new Uint8Array(0));
    if (!this.#run.holds(page)) this.#run.load(page, count);
    return this.#run;
  }
}
