import { damagedPage } from '../pages/damage.js';
import type { SnapshotFile } from '../pages/page-file.js';

/*
 * The leaves of a table's b-tree by number, without reading one (SQLite file format section 1.6; numbers are big-endian).
 * All leaves of a tree are equally deep, so the left edge tells at which depth a child is a leaf.
 */

/** No file that SQLite allows has a deeper tree. */
const depthMax = 20;
const interiorTable = 5;
const leafTable = 13;
/** On page 1 the header of the b-tree follows that of the database. */
const databaseHeaderBytes = 100;

/** Numbers of the leaves in key order. Reads interior pages alone. Error: `data.damaged_page`. Memory: four bytes per leaf. */
export function listLeafNumbers(file: SnapshotFile, table: string, rootPage: number): Uint32Array {
  let level: Uint32Array = Uint32Array.of(rootPage);
  for (let depth = 0; depth <= depthMax; depth++) {
    const first = level[0] as number;
    const page = new InteriorPage(file, table);
    if (page.read(first) === leafTable) return level;
    level = childrenOf(page, level, file.pageCount);
  }
  throw damagedPage(table, rootPage, `the b-tree is deeper than ${depthMax} levels`);
}

function childrenOf(page: InteriorPage, level: Uint32Array, pagesMax: number): Uint32Array {
  const children: number[] = [];
  for (const number of level) {
    page.read(number);
    page.addChildren(number, children);
    if (children.length > pagesMax) throw page.damaged(number, 'the b-tree has a cycle');
  }
  return Uint32Array.from(children);
}

class InteriorPage {
  readonly #file: SnapshotFile;
  readonly #table: string;
  readonly #bytes: Buffer;

  constructor(file: SnapshotFile, table: string) {
    this.#file = file;
    this.#table = table;
    this.#bytes = Buffer.allocUnsafe(file.pageSize);
  }

  /** Reads a page, and gives its type. */
  read(page: number): number {
    if (!this.#file.hasPage(page)) throw this.damaged(page, 'there is no such page');
    this.#file.readPages(page, 1, this.#bytes, 0);
    return this.#bytes.readUInt8(headerOf(page));
  }

  /** The children of the page that was read last. */
  addChildren(page: number, children: number[]): void {
    const header = headerOf(page);
    if (this.#bytes[header] !== interiorTable)
      throw this.damaged(page, `page type ${this.#bytes[header]} is not that of an interior page`);
    const cells = this.#bytes.readUInt16BE(header + 3);
    const pointers = header + 12;
    if (pointers + 2 * cells > this.#file.usableBytes) throw this.damaged(page, `${cells} cells do not fit`);
    for (let i = 0; i < cells; i++) {
      const cell = this.#bytes.readUInt16BE(pointers + 2 * i);
      if (cell + 4 > this.#file.usableBytes) throw this.damaged(page, `cell ${i} is outside the page`);
      children.push(this.#bytes.readUInt32BE(cell));
    }
    children.push(this.#bytes.readUInt32BE(header + 8));
  }

  damaged(page: number, what: string): Error {
    return damagedPage(this.#table, page, what);
  }
}

function headerOf(page: number): number {
  return page === 1 ? databaseHeaderBytes : 0;
}
