import type { Leaves } from '../pages/leaf-list.js';
import type { SnapshotFile } from '../pages/page-file.js';
import { TableTree } from '../pages/tree.js';
import { listLeafNumbers } from './leaf-numbers.js';
import { chainsOf, pagesOf } from './overflow-chains.js';
import type { PageChanges } from './page-changes.js';

/** A table's tree in both files. */
export interface TreePair {
  readonly table: string;
  readonly old: { readonly file: SnapshotFile; readonly rootPage: number };
  readonly now: { readonly file: SnapshotFile; readonly rootPage: number };
}

/** Page numbers of leaves in the order of each tree. */
export interface TouchedLeaves {
  readonly old: Uint32Array;
  readonly now: Uint32Array;
}

/**
 * The leaves that the two trees of a table do not share. A leaf is shared if it is a leaf of both trees under the same
 * page number, has the same bytes, and so has every overflow page of its cells: SQLite reuses freed overflow pages, so
 * a changed long value can leave its leaf byte for byte the same. Shared leaves hold the same rows in both files,
 * wherever they are in their trees, so every difference is in the other leaves. Both trees are walked, since a page may
 * move from one table to another. Memory: four bytes per leaf of each tree, and a bit per page. Error:
 * `data.damaged_page`.
 */
export function findTouchedLeaves(pair: TreePair, changes: PageChanges): TouchedLeaves {
  const old = listLeaves(pair.old.file, pair.table, pair.old.rootPage);
  const inOld = new PageSet(pair.old.file.pageCount);
  for (const page of old) inOld.add(page);
  const shared = new PageSet(pair.old.file.pageCount);
  const now = new PageList();
  const { file, rootPage } = pair.now;
  const tree = new TableTree(file, { table: pair.table, rootPage }, new Uint8Array(0));
  tree.seek(null);
  do {
    const { page } = tree;
    const isShared = inOld.has(page) && !changes.has(page) && !isAnyChainChanged(file, pair.table, tree, changes);
    if (isShared) shared.add(page);
    else now.add(page);
  } while (tree.advance());
  return { old: old.filter((page) => !shared.has(page)), now: now.take() };
}

/** All leaves of a tree, in order. */
export function listLeaves(file: SnapshotFile, table: string, rootPage: number): Uint32Array {
  const list = new PageList();
  const tree = new TableTree(file, { table, rootPage }, new Uint8Array(0));
  tree.seek(null);
  do list.add(tree.page);
  while (tree.advance());
  return list.take();
}

/** Whether any overflow page of the leaf's cells differs. As long as none does, the chain is the same in both files. */
function isAnyChainChanged(file: SnapshotFile, table: string, leaf: Leaves, changes: PageChanges): boolean {
  for (const chain of chainsOf(file, table, leaf)) {
    for (const page of pagesOf(file, table, chain)) if (changes.has(page)) return true;
  }
  return false;
}

/**
 * The same without reading a leaf, for changes in which the leaf of every changed overflow page counts as changed itself
 * (`markOwners`). Costs the interior pages of both trees.
 */
export function findMarkedLeaves(pair: TreePair, changes: PageChanges): TouchedLeaves {
  const old = listLeafNumbers(pair.old.file, pair.table, pair.old.rootPage);
  const now = listLeafNumbers(pair.now.file, pair.table, pair.now.rootPage);
  const inOld = new PageSet(pair.old.file.pageCount);
  for (const page of old) inOld.add(page);
  const shared = new PageSet(pair.old.file.pageCount);
  const touched = now.filter((page) => !inOld.has(page) || changes.has(page));
  for (const page of now) if (inOld.has(page) && !changes.has(page)) shared.add(page);
  return { old: old.filter((page) => !shared.has(page)), now: touched };
}

class PageSet {
  readonly #bits: Uint8Array;

  constructor(pageCount: number) {
    this.#bits = new Uint8Array((pageCount >> 3) + 1);
  }

  add(page: number): void {
    this.#bits[page >> 3] = (this.#bits[page >> 3] as number) | (1 << (page & 7));
  }

  has(page: number): boolean {
    return ((this.#bits[page >> 3] ?? 0) & (1 << (page & 7))) !== 0;
  }
}

class PageList {
  #pages = new Uint32Array(1024);
  #length = 0;

  add(page: number): void {
    if (this.#length === this.#pages.length) {
      const larger = new Uint32Array(2 * this.#length);
      larger.set(this.#pages);
      this.#pages = larger;
    }
    this.#pages[this.#length++] = page;
  }

  take(): Uint32Array {
    return this.#pages.slice(0, this.#length);
  }
}
