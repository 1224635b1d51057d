import { assert } from '../../model/error.js';
import type { LeafCursor } from '../../model/kernel.js';
import type { ChunkRange } from '../../model/plan.js';
import { damagedPage } from './damage.js';
import type { SnapshotFile } from './page-file.js';
import { type OverflowReader, payloadBytesMax } from './overflow.js';
import type { Allocate } from './page-run.js';
import { LeafList, type Leaves } from './leaf-list.js';
import { localPayload } from './payload.js';
import { TableTree } from './tree.js';
import { readLength, readVarint, varintLength } from './varint.js';

/** Which cells to walk over. */
export interface CellSource {
  readonly table: string;
  readonly rootPage: number;
  /** Whole or by rowid. */
  readonly range: ChunkRange;
  /** Only these leaves of the tree, in its order; the range is whole then. */
  readonly leaves?: Uint32Array | undefined;
}

/**
 * The cells of a table's leaves within a range of rowids (https://www.sqlite.org/fileformat2.html section 1.6), pulled
 * one by one. A cell is a varint with the payload's length, a varint with the rowid, the payload, and, where that is
 * too long, the number of the first overflow page. The checks per row are: the cell begins inside the page and behind
 * the pointers, the local payload ends inside the page, the rowid is greater than the one before.
 */
export class PageCells {
  /** The buffer that holds the current payload; the same for all cells. */
  readonly bytes: Buffer;
  readonly numbers: DataView;
  /** First byte of the cell. */
  cell = 0;
  /** First byte of the payload, and one past its last one in this leaf. */
  start = 0;
  end = 0;
  /** Of the whole payload. */
  payloadBytes = 0;
  /** Whether the payload continues on overflow pages: `assemble` joins it. */
  isSplit = false;
  /** The rowid's halves, both as signed 32-bit numbers. */
  high = 0;
  low = 0;
  readonly #table: string;
  readonly #tree: Leaves;
  readonly #usableBytes: number;
  /** X of section 1.6: most bytes of a payload that stay whole in the leaf. */
  readonly #localMax: number;
  readonly #payloadMax: number;
  readonly #after: bigint | null;
  readonly #through: bigint | null;
  #state: 'new' | 'open' | 'last' = 'new';
  /** First byte of the leaf, of its first possible cell, and one past its last usable byte. */
  #start = 0;
  #cells = 0;
  #end = 0;
  /** Next cell pointer and one past the last. */
  #pointer = 0;
  #pointersEnd = 0;
  #hasRow = false;

  /** `prefix` are the bytes that every buffer of payloads begins with. */
  constructor(file: SnapshotFile, source: CellSource, prefix: Uint8Array, allocate?: Allocate) {
    const { table, range, leaves } = source;
    assert(range.tag !== 'key', 'pages are read by rowid');
    assert(range.tag === 'whole' || leaves === undefined, 'listed leaves are read whole');
    this.#table = table;
    if (leaves === undefined) this.#tree = new TableTree(file, source, prefix, allocate);
    else this.#tree = new LeafList(file, table, leaves, prefix, allocate);
    if (leaves?.length === 0) this.#state = 'last';
    this.#usableBytes = file.usableBytes;
    this.#localMax = file.usableBytes - 35;
    this.#payloadMax = Math.min(payloadBytesMax, file.pageCount * file.usableBytes);
    this.#after = range.tag === 'whole' || range.after === null ? null : BigInt(range.after);
    this.#through = range.tag === 'whole' || range.through === null ? null : BigInt(range.through);
    this.bytes = this.#tree.run.bytes;
    this.numbers = this.#tree.run.numbers;
  }

  /** Moves to the next cell; false where there is none. */
  next(): boolean {
    while (this.#pointer === this.#pointersEnd) if (!this.#turnPage()) return false;
    const bytes = this.bytes;
    const cell = this.#nextCell(bytes);
    let at = cell;
    let payloadBytes = bytes[at++] as number;
    if (payloadBytes > 0x7f) {
      const low = bytes[at++] as number;
      if (low < 0x80) payloadBytes = ((payloadBytes & 0x7f) << 7) | low;
      else {
        payloadBytes = readLength(bytes, cell);
        at = cell + varintLength(bytes, cell);
      }
    }
    at = this.#readRowid(bytes, at);
    this.cell = cell;
    this.start = at;
    this.payloadBytes = payloadBytes;
    this.isSplit = payloadBytes > this.#localMax || payloadBytes < 0;
    this.end = at + (this.isSplit ? this.#localBytes(payloadBytes) : payloadBytes);
    if (this.end > this.#end) throw this.damaged('a cell runs over the end of the page');
    return true;
  }

  /** Lends the unread cells of the present leaf, or of the next one where there are none; null at the end. */
  lend(): LeafCursor | null {
    while (this.#pointer === this.#pointersEnd) if (!this.#turnPage()) return null;
    const { high, low } = this;
    return {
      bytes: this.bytes,
      pointer: this.#pointer,
      pointersEnd: this.#pointersEnd,
      page: this.#start,
      cells: this.#cells,
      end: this.#end,
      localMax: this.#localMax,
      hasRow: this.#hasRow,
      high,
      low,
    };
  }

  /** Continues where the reader of lent cells stopped. */
  takeBack({ pointer, hasRow, high, low }: LeafCursor): void {
    this.#pointer = pointer;
    this.#hasRow = hasRow;
    this.high = high;
    this.low = low;
  }

  /** Joins the split payload in the reader's buffer, and returns the position of its first byte there. */
  assemble(overflow: OverflowReader): number {
    const { run, page } = this.#tree;
    const { cell, start, end, payloadBytes } = this;
    overflow.release();
    return overflow.assemble({ leaf: run, leafPage: page, cell, at: start, localBytes: end - start, payloadBytes });
  }

  /** The error for what is wrong with the current cell. */
  damaged(what: string): Error {
    return damagedPage(this.#table, this.#tree.page, what);
  }

  #nextCell(bytes: Buffer): number {
    const pointer = this.#pointer;
    const cell = this.#start + (((bytes[pointer] as number) << 8) | (bytes[pointer + 1] as number));
    if (cell < this.#cells || cell >= this.#end) throw this.damaged('a cell is outside the page');
    this.#pointer = pointer + 2;
    return cell;
  }

  /** Reads the varint into the two halves, and returns where it ends. */
  #readRowid(bytes: Buffer, from: number): number {
    let at = from;
    let high = 0;
    let byte = bytes[at++] as number;
    let low = byte & 0x7f;
    for (let i = 1; i < 8 && byte > 0x7f; i++) {
      byte = bytes[at++] as number;
      high = (high << 7) | (low >>> 25);
      low = (low << 7) | (byte & 0x7f);
    }
    if (byte > 0x7f) {
      high = (high << 8) | (low >>> 24);
      low = (low << 8) | (bytes[at++] as number);
    }
    if (this.#hasRow && (high < this.high || (high === this.high && low >>> 0 <= this.low >>> 0))) {
      throw this.damaged('rowids do not ascend');
    }
    this.#hasRow = true;
    this.high = high;
    this.low = low;
    return at;
  }

  /** The overflow page's number follows the bytes that stay in the leaf. */
  #localBytes(payloadBytes: number): number {
    const localBytes = localPayload(this.#usableBytes, payloadBytes);
    if (payloadBytes < 0 || this.start + localBytes + 4 > this.#end) {
      throw this.damaged('a cell runs over the end of the page');
    }
    if (payloadBytes > this.#payloadMax) throw this.damaged(`a payload of ${payloadBytes} bytes cannot be`);
    return localBytes;
  }

  #turnPage(): boolean {
    if (this.#state === 'last') return false;
    if (this.#state === 'new') this.#tree.seek(this.#after);
    else if (!this.#tree.advance()) {
      this.#state = 'last';
      return false;
    }
    this.#state = 'open';
    this.#enterLeaf();
    return true;
  }

  #enterLeaf(): void {
    const { start, pointers, cellCount } = this.#tree;
    this.#start = start;
    this.#end = start + this.#usableBytes;
    this.#pointer = pointers;
    this.#pointersEnd = pointers + 2 * cellCount;
    this.#cells = this.#pointersEnd;
    if (cellCount > 0) this.#trim();
  }

  /** Leaves out the cells beyond the range, once per leaf, so that no cell needs a check. */
  #trim(): void {
    const bound = this.#tree.bound();
    const last = this.#rowidAt(this.#pointersEnd - 2);
    if (bound !== null && last > bound) throw this.damaged(`rowid ${last} is beyond its parent's key ${bound}`);
    const after = this.#after;
    if (after !== null && !this.#hasRow) {
      while (this.#pointer < this.#pointersEnd && this.#rowidAt(this.#pointer) <= after) this.#pointer += 2;
    }
    const through = this.#through;
    if (through === null || last < through) return;
    this.#state = 'last';
    while (this.#pointer < this.#pointersEnd && this.#rowidAt(this.#pointersEnd - 2) > through) this.#pointersEnd -= 2;
  }

  #rowidAt(pointer: number): bigint {
    const cell = this.#start + this.bytes.readUInt16BE(pointer);
    if (cell < this.#cells || cell >= this.#end) throw this.damaged('a cell is outside the page');
    return readVarint(this.bytes, cell + varintLength(this.bytes, cell));
  }
}
