import { closeSync, openSync, readSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import type { SnapshotFile } from '../pages/page-file.js';
import { TableTree } from '../pages/tree.js';
import { chainsOf, pagesOf } from './overflow-chains.js';

/*
 * To which leaf each overflow page of a snapshot belongs. A page tells its next one and not its leaf, so finding the leaf
 * of a changed page costs a reading of the whole table. It is done ahead: four bytes per page of the snapshot stand in a
 * file beside it, little-endian, 0 where the page is no overflow page of a table. The file is sparse, and memory is not
 * touched.
 */

const wordBytes = 4;

/** Makes the empty file for a snapshot of so many pages. */
export function createOwners(path: string, pageCount: number): void {
  writeFileSync(path, '', { mode: 0o600, flag: 'wx' });
  truncateSync(path, pageCount * wordBytes);
}

/** Enters the overflow pages of one table. Error: `data.damaged_page`. */
export function writeOwners(
  path: string,
  file: SnapshotFile,
  { table, rootPage }: { readonly table: string; readonly rootPage: number },
): void {
  const owners = openSync(path, 'r+');
  try {
    const tree = new TableTree(file, { table, rootPage }, new Uint8Array(0));
    tree.seek(null);
    do {
      for (const chain of chainsOf(file, table, tree)) {
        let first = 0;
        let count = 0;
        for (const page of pagesOf(file, table, chain)) {
          if (page !== first + count) {
            enter(owners, first, count, chain.from);
            first = page;
            count = 0;
          }
          count++;
        }
        enter(owners, first, count, chain.from);
      }
    } while (tree.advance());
  } finally {
    closeSync(owners);
  }
}

/** Pages that follow each other belong to one chain more often than not. */
function enter(owners: number, first: number, count: number, leaf: number): void {
  if (count === 0) return;
  const words = Buffer.alloc(count * wordBytes);
  for (let i = 0; i < count; i++) words.writeUInt32LE(leaf, i * wordBytes);
  writeSync(owners, words, 0, words.length, (first - 1) * wordBytes);
}

/** The leaf of each of these pages, 0 where it belongs to none. */
export function readOwners(path: string, pages: readonly number[]): number[] {
  const owners = openSync(path, 'r');
  const word = Buffer.alloc(wordBytes);
  try {
    return pages.map((page) =>
      readSync(owners, word, 0, wordBytes, (page - 1) * wordBytes) === wordBytes ? word.readUInt32LE(0) : 0,
    );
  } finally {
    closeSync(owners);
  }
}
