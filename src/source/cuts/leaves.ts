import { closeSync, openSync, readSync } from 'node:fs';
import { CopierError } from '../../model/error.js';
import { readDatabaseHeader } from '../pages/header.js';
import { readVarint } from '../pages/varint.js';
import { readWord } from '../pages/word.js';

/**
 * Walks the interior pages of one b-tree of a snapshot and lists its leaf pages in key order without reading them
 * (SQLite file format sections 1.5 and 1.6; numbers are big-endian). All leaves of a b-tree are equally deep, so the
 * left edge shows at which depth a child is a leaf. One leaf in `sampleEvery` is read after all, for the bytes that its
 * rows have on overflow pages, so that a table of large values does not count as a small one.
 */

/** A tree of depth 20 cannot fit into the largest file SQLite allows: deeper is a loop. */
const depthMax = 20;
const sampleEvery = 32;

/** A rowid, exact: a number where seven bytes of a varint are enough, which nearly all are and which costs far less. */
export type Key = number | bigint;

export interface Leaf {
  /**
   * The largest rowid that the leaf may hold: the key right of it. Null for the last leaf, and in the tree of a WITHOUT
   * ROWID table.
   */
  readonly through: Key | null;
  /** Its own bytes and an estimate of its rows' overflow pages. */
  readonly bytes: number;
}

const pageTypes = { indexInterior: 2, tableInterior: 5, indexLeaf: 10, tableLeaf: 13 } as const;

interface Tree {
  readonly file: number;
  readonly pageSize: number;
  readonly usableSize: number;
  readonly pageCount: number;
  readonly table: string;
  /** Depth of the leaves; the root has 0. */
  readonly leafDepth: number;
  readonly interiorType: number;
  readonly leafType: number;
  /** One bit per page. A page belongs to one tree only once, so a second visit means a loop. */
  readonly seen: Uint8Array;
  /** The page that was read last. */
  readonly bytes: Buffer;
  leavesSeen: number;
  overflowBytes: number;
  lastKey: Key | null;
}

/** Lists the leaves of a table's b-tree, those of one interior page at a time. Error: data.damaged_page with the page number. Memory: a page, the cells of one per level, and a bit per page of the file. */
export function* readLeaves(
  snapshotPath: string,
  table: { readonly name: string; readonly rootPage: number; readonly isWithoutRowid: boolean },
): Generator<readonly Leaf[]> {
  const { pageSize, reservedBytes, pageCount } = readDatabaseHeader(snapshotPath);
  const file = openSync(snapshotPath, 'r');
  try {
    const tree: Tree = {
      file,
      pageSize,
      usableSize: pageSize - reservedBytes,
      pageCount,
      table: table.name,
      leafDepth: 0,
      interiorType: table.isWithoutRowid ? pageTypes.indexInterior : pageTypes.tableInterior,
      leafType: table.isWithoutRowid ? pageTypes.indexLeaf : pageTypes.tableLeaf,
      // Ten bytes behind the page stay zero, so that a cell at its very end is read within bounds.
      bytes: Buffer.alloc(pageSize + 10),
      leavesSeen: 0,
      seen: new Uint8Array(Math.ceil((pageCount + 1) / 8)),
      overflowBytes: 0,
      lastKey: null,
    };
    yield* walk({ ...tree, leafDepth: findLeafDepth(tree, table.rootPage) }, table.rootPage, 0, null);
  } finally {
    closeSync(file);
  }
}

function findLeafDepth(tree: Tree, rootPage: number): number {
  let page = rootPage;
  for (let depth = 0; depth <= depthMax; depth++) {
    const bytes = readPage(tree, page);
    if (bytes[0] === tree.leafType) return depth;
    page = readInterior(tree, page, bytes).children[0] ?? 0;
  }
  throw damaged(tree, rootPage, 'its tree is too deep');
}

function* walk(tree: Tree, page: number, depth: number, through: Key | null): Generator<readonly Leaf[]> {
  markSeen(tree, page);
  if (depth === tree.leafDepth) {
    yield [weighLeaf(tree, page, through)];
    return;
  }
  const { children, keys } = readInterior(tree, page, readPage(tree, page));
  const leaves: Leaf[] = [];
  for (const [at, child] of children.entries()) {
    const key = keys[at];
    const upTo = key ?? (at === children.length - 1 ? through : null);
    if (depth + 1 === tree.leafDepth) {
      markSeen(tree, child);
      leaves.push(weighLeaf(tree, child, upTo));
    } else yield* walk(tree, child, depth + 1, upTo);
    if (key !== undefined) checkAscending(tree, page, key);
  }
  yield leaves;
}

function markSeen(tree: Tree, page: number): void {
  checkNumber(tree, page);
  const bits = tree.seen[page >> 3] ?? 0;
  const bit = 1 << (page & 7);
  if ((bits & bit) !== 0) throw damaged(tree, page, 'it is reached twice');
  tree.seen[page >> 3] = bits | bit;
}

function checkAscending(tree: Tree, page: number, key: Key): void {
  if (tree.lastKey !== null && key <= tree.lastKey) throw damaged(tree, page, 'its keys do not ascend');
  tree.lastKey = key;
}

function weighLeaf(tree: Tree, page: number, through: Key | null): Leaf {
  if (tree.leavesSeen++ % sampleEvery === 0) tree.overflowBytes = readOverflowBytes(tree, page, readPage(tree, page));
  return { through, bytes: tree.pageSize + tree.overflowBytes };
}

interface Interior {
  /** Left to right; one more than the keys. */
  readonly children: readonly number[];
  /** Key right of each child but the last; empty in the tree of a WITHOUT ROWID table. */
  readonly keys: readonly Key[];
}

function readInterior(tree: Tree, page: number, bytes: Buffer): Interior {
  if (bytes[0] !== tree.interiorType) throw damaged(tree, page, `its type is ${bytes[0]}`);
  const children: number[] = [];
  const keys: Key[] = [];
  for (const cell of cellOffsets(tree, page, bytes, 12)) {
    children.push(readWord(bytes, cell) >>> 0);
    if (tree.interiorType === pageTypes.tableInterior) keys.push(readKey(bytes, cell + 4));
  }
  children.push(readWord(bytes, 8) >>> 0);
  return { children, keys };
}

/** Offsets of a page's cells. */
function cellOffsets(tree: Tree, page: number, bytes: Buffer, headerBytes: number): number[] {
  const count = bytes.readUInt16BE(3);
  const contentStart = headerBytes + 2 * count;
  if (contentStart > tree.usableSize) throw damaged(tree, page, `it counts ${count} cells`);
  const offsets: number[] = [];
  for (let at = headerBytes; at < contentStart; at += 2) {
    const cell = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    if (cell < contentStart || cell + 4 > tree.usableSize) throw damaged(tree, page, `a cell begins at byte ${cell}`);
    offsets.push(cell);
  }
  return offsets;
}

/** Bytes of the overflow pages of a leaf's rows (file format section 1.6: U, X, M and K are its names). */
function readOverflowBytes(tree: Tree, page: number, bytes: Buffer): number {
  if (bytes[0] !== tree.leafType) throw damaged(tree, page, `its type is ${bytes[0]}`);
  const U = tree.usableSize;
  const X = tree.leafType === pageTypes.tableLeaf ? U - 35 : Math.floor(((U - 12) * 64) / 255) - 23;
  const M = Math.floor(((U - 12) * 32) / 255) - 23;
  let pages = 0;
  for (const cell of cellOffsets(tree, page, bytes, 8)) {
    const P = readKey(bytes, cell);
    if (typeof P === 'bigint' || P > 0x7fffffff) throw damaged(tree, page, `a row of ${P} bytes`);
    const K = M + ((P - M) % (U - 4));
    if (P > X) pages += Math.ceil((P - (K <= X ? K : M)) / (U - 4));
  }
  return pages * tree.pageSize;
}

/** A varint (file format section 1.6): seven bits per byte, eight in the ninth; two's complement. */
function readKey(bytes: Buffer, at: number): Key {
  let value = 0;
  for (let i = 0; i < 7; i++) {
    const byte = bytes[at + i] as number;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return value;
  }
  return readVarint(bytes, at);
}

/** The page's bytes, until the next one is read. */
function readPage(tree: Tree, page: number): Buffer {
  checkNumber(tree, page);
  const { bytes } = tree;
  const length = readSync(tree.file, bytes, 0, tree.pageSize, (page - 1) * tree.pageSize);
  if (length !== tree.pageSize) throw damaged(tree, page, 'it lies behind the end of the file');
  return bytes;
}

/** Page 1 is the schema's root; the page at 2^30 holds the lock bytes (file format section 1.4) and no tree. */
function checkNumber(tree: Tree, page: number): void {
  const lockPage = 2 ** 30 / tree.pageSize + 1;
  if (page < 2 || page > tree.pageCount || page === lockPage) throw damaged(tree, page, 'there is no such tree page');
}

function damaged(tree: Tree, page: number, what: string): CopierError {
  return new CopierError('data.damaged_page', `table ${tree.table}: page ${page} is damaged: ${what}`, {
    table: tree.table,
    hint: 'take the snapshot again; if it happens again run `PRAGMA integrity_check` on the source',
  });
}
