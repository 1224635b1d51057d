import { damagedPage } from './damage.js';
import { headerBytes, type SnapshotFile } from './page-file.js';
import { type Allocate, PageRun } from './page-run.js';

/** Bytes of leaves read in one go, and pages of others that a window may span rather than begin anew. */
const windowBytes = 256 * 1024;
const gapPagesMax = 8;

const leafTable = 0x0d;

/** Leaves of a table's b-tree, one after the other. Before `seek` there is no current leaf. */
export interface Leaves {
  readonly run: PageRun;
  /** Page number of the leaf. */
  readonly page: number;
  /** First byte of the leaf in `run.bytes`. */
  readonly start: number;
  /** First byte of its array of cell pointers. */
  readonly pointers: number;
  readonly cellCount: number;
  /** Moves to the first leaf that may hold a rowid greater than `after`; null moves to the first leaf. */
  seek(after: bigint | null): void;
  /** Moves to the next leaf; false where there is none. */
  advance(): boolean;
  /** The greatest rowid that the leaf may have by its parents' keys, or null where nothing says so. */
  bound(): bigint | null;
}

/** Named leaves of one tree, in the tree's order; read without their parents. */
export class LeafList implements Leaves {
  readonly run: PageRun;
  page = 0;
  start = 0;
  pointers = 0;
  cellCount = 0;
  readonly #file: SnapshotFile;
  readonly #table: string;
  readonly #pages: Uint32Array;
  #next = 0;

  /** `pages` has at least one page. */
  constructor(file: SnapshotFile, table: string, pages: Uint32Array, prefix: Uint8Array, allocate?: Allocate) {
    this.#file = file;
    this.#table = table;
    this.#pages = pages;
    this.run = new PageRun(file, Math.max(4, Math.floor(windowBytes / file.pageSize)), prefix, allocate);
  }

  /** Moves to the first leaf of the list: a list is always read from its beginning. */
  seek(): void {
    this.#next = 0;
    this.advance();
  }

  advance(): boolean {
    if (this.#next === this.#pages.length) return false;
    this.#enter(this.#pages[this.#next] as number);
    this.#next += 1;
    return true;
  }

  bound(): bigint | null {
    return null;
  }

  #enter(page: number): void {
    if (!this.#file.hasPage(page)) throw damagedPage(this.#table, page, 'there is no such page');
    if (!this.run.holds(page)) this.run.load(page, this.#countAhead(page));
    this.page = page;
    this.start = this.run.startOf(page);
    const header = this.start + (page === 1 ? headerBytes : 0);
    const type = this.run.bytes.readUInt8(header);
    if (type !== leafTable) throw damagedPage(this.#table, page, `page type ${type} is not that of a leaf`);
    this.cellCount = this.run.bytes.readUInt16BE(header + 3);
    this.pointers = header + 8;
    if (this.pointers + 2 * this.cellCount > this.start + this.#file.usableBytes)
      throw damagedPage(this.#table, page, `${this.cellCount} cells do not fit`);
  }

  /** How many pages from `page` on are worth reading at once: up to the last of the next leaves close by. */
  #countAhead(page: number): number {
    let last = page;
    for (let i = this.#next + 1; i < this.#pages.length; i++) {
      const next = this.#pages[i] as number;
      if (next <= last || next - last > gapPagesMax || next - page >= this.run.pagesMax) break;
      last = next;
    }
    return last - page + 1;
  }
}
