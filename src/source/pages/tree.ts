import { must } from '../../model/error.js';
import { damagedPage } from './damage.js';
import { headerBytes, type SnapshotFile } from './page-file.js';
import type { Leaves } from './leaf-list.js';
import { type Allocate, PageRun } from './page-run.js';
import { readVarint, varintLength } from './varint.js';

/** SQLite itself fails beyond twenty levels. Even with the smallest pages that is more rows than a file can hold. */
const depthMax = 20;

/** Bytes of leaves read in one go. 64 KiB to 1 MiB were equally fast; this keeps system calls and memory few. */
const windowBytes = 256 * 1024;

/** Pages of others (overflow, interior) that a window of leaves may span rather than begin anew. */
const gapPagesMax = 8;

const interiorTable = 0x05;
const leafTable = 0x0d;

/** An interior page on the way from the root to the leaf. */
interface Level {
  page: number;
  readonly bytes: Buffer;
  /** First byte of the b-tree header: 100 on page 1, else 0. */
  header: number;
  cellCount: number;
  /** The child that we are in; `cellCount` means the right-most. */
  child: number;
}

/**
 * The leaves of one table b-tree in order (https://www.sqlite.org/fileformat2.html section 1.6). Its life: `seek`, then
 * `advance` until that returns false; in between `run` holds the current leaf. Interior pages are copied, one per
 * level; leaves are not. At most as many pages are visited as the file has, so that the walk also ends in a damaged
 * tree with a cycle.
 */
export class TableTree implements Leaves {
  readonly run: PageRun;
  /** Page number of the leaf. */
  page = 0;
  /** First byte of the leaf in `run.bytes`. */
  start = 0;
  /** First byte of its array of cell pointers. */
  pointers = 0;
  cellCount = 0;
  readonly #file: SnapshotFile;
  readonly #table: string;
  readonly #root: number;
  readonly #levels: Level[] = [];
  #depth = 0;
  #pagesEntered = 0;

  constructor(
    file: SnapshotFile,
    tableRoot: { readonly table: string; readonly rootPage: number },
    prefix: Uint8Array,
    allocate?: Allocate,
  ) {
    this.#file = file;
    this.#table = tableRoot.table;
    this.#root = tableRoot.rootPage;
    this.run = new PageRun(file, Math.max(4, Math.floor(windowBytes / file.pageSize)), prefix, allocate);
  }

  /** Moves to the leaf that would hold the first rowid greater than `after`; null moves to the first leaf. */
  seek(after: bigint | null): void {
    this.#depth = 0;
    this.#descend(this.#root, after);
  }

  /** Moves to the next leaf; false where there is none. */
  advance(): boolean {
    while (this.#depth > 0) {
      const level = this.#top();
      if (level.child < level.cellCount) {
        level.child++;
        this.#descend(this.#childPage(level, level.child), null);
        return true;
      }
      this.#depth--;
    }
    return false;
  }

  /** The greatest rowid that the leaf may have by its parents' keys, or null. */
  bound(): bigint | null {
    for (let i = this.#depth - 1; i >= 0; i--) {
      const level = must(this.#levels[i], 'level');
      if (level.child < level.cellCount) return this.#key(level, level.child);
    }
    return null;
  }

  #descend(from: number, after: bigint | null): void {
    let page = from;
    while (this.#enter(page) === interiorTable) {
      const level = this.#push(page);
      level.child = after === null ? 0 : this.#find(level, after);
      page = this.#childPage(level, level.child);
    }
    this.pointers = this.start + headerOf(page) + 8;
    this.#checkPointers(page, this.pointers - this.start);
  }

  /** Makes `run` hold the page, and returns its type, which must be that of a table b-tree. */
  #enter(page: number): number {
    if (!this.#file.hasPage(page)) throw this.#damaged(`there is no page ${page} to descend to`);
    if (++this.#pagesEntered > this.#file.pageCount) throw damagedPage(this.#table, page, 'the b-tree has a cycle');
    if (!this.run.holds(page)) this.run.load(page, this.#countAhead(page));
    this.page = page;
    this.start = this.run.startOf(page);
    const type = this.run.bytes.readUInt8(this.start + headerOf(page));
    if (type !== interiorTable && type !== leafTable) {
      throw damagedPage(this.#table, page, `page type ${type} is not that of a table`);
    }
    this.cellCount = this.run.bytes.readUInt16BE(this.start + headerOf(page) + 3);
    return type;
  }

  /** How many pages from `page` on are worth reading at once: up to the last of the next children close by. */
  #countAhead(page: number): number {
    if (this.#depth === 0) return 1;
    const level = this.#top();
    let last = page;
    for (let child = level.child + 1; child <= level.cellCount; child++) {
      const next = this.#childPage(level, child);
      if (next <= last || next - last > gapPagesMax || next - page >= this.run.pagesMax) break;
      last = next;
    }
    return last - page + 1;
  }

  #push(page: number): Level {
    if (this.#depth === depthMax) throw damagedPage(this.#table, page, `the b-tree is deeper than ${depthMax} levels`);
    const level = this.#levels[this.#depth] ?? this.#createLevel();
    this.#depth++;
    this.run.bytes.copy(level.bytes, 0, this.start, this.start + this.#file.pageSize);
    level.page = page;
    level.header = headerOf(page);
    level.cellCount = this.cellCount;
    this.#checkPointers(page, level.header + 12);
    return level;
  }

  #createLevel(): Level {
    const level = { page: 0, bytes: Buffer.alloc(this.#file.pageSize), header: 0, cellCount: 0, child: 0 };
    this.#levels.push(level);
    return level;
  }

  #top(): Level {
    return must(this.#levels[this.#depth - 1], 'level');
  }

  /** The array of cell pointers, two bytes each, begins at `from` and must end inside the page. */
  #checkPointers(page: number, from: number): void {
    if (from + 2 * this.cellCount <= this.#file.usableBytes) return;
    throw damagedPage(this.#table, page, `${this.cellCount} cells do not fit`);
  }

  /** An interior cell is a four-byte page number and a varint key: the left child's rowids are at most that key. */
  #cell(level: Level, index: number): number {
    const pointers = level.header + 12;
    const at = level.bytes.readUInt16BE(pointers + 2 * index);
    if (at >= pointers + 2 * level.cellCount && at + 4 < this.#file.usableBytes) {
      if (at + 4 + varintLength(level.bytes, at + 4) <= this.#file.usableBytes) return at;
    }
    throw damagedPage(this.#table, level.page, `cell ${index} is outside the page`);
  }

  #key(level: Level, index: number): bigint {
    return readVarint(level.bytes, this.#cell(level, index) + 4);
  }

  #childPage(level: Level, index: number): number {
    return level.bytes.readUInt32BE(index === level.cellCount ? level.header + 8 : this.#cell(level, index));
  }

  /** The first child whose key is greater than `after`, by bisection; keys ascend. */
  #find(level: Level, after: bigint): number {
    let low = 0;
    let high = level.cellCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#key(level, middle) > after) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #damaged(what: string): Error {
    return damagedPage(this.#table, this.#depth === 0 ? this.#root : this.#top().page, what);
  }
}

/** On page 1 the b-tree header follows the database header (section 1.6). */
function headerOf(page: number): number {
  return page === 1 ? headerBytes : 0;
}
