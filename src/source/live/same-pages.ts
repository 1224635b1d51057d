import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { unlinkedFile } from '../../platform/file-flags.js';
import { openSnapshotFile, type SnapshotFile } from '../pages/page-file.js';

/*
 * Whether two private files of one schema hold the same rows, told by their pages: what a table holds is in the pages that its
 * root leads to, so that tables are equal where all these pages are. Only pages that lead to no row may differ: those of
 * sqlite_schema, which got the triggers that close a file, and those that are free. Reading them costs a tenth of what
 * comparing the rows does. No says nothing: the rows may be the same all the same.
 * https://www.sqlite.org/fileformat2.html
 */

const pieceBytes = 1024 * 1024;
/** More pages of a schema, or free ones, are not worth remembering. */
const pagesMax = 100_000;

/** True where the copy holds what the snapshot does in every table, both having the same objects at the same roots. */
export function holdsPagesOf(copyPath: string, snapshotPath: string): boolean {
  let snapshot: SnapshotFile | null = null;
  try {
    snapshot = openSnapshotFile(snapshotPath);
    const rowless = rowlessPages(snapshot);
    return rowless !== null && differOnlyIn(rowless, copyPath, snapshot);
  } catch {
    // Such as a file of UTF-16, or one that is reached through a link: SQLite says more about it.
    return false;
  } finally {
    snapshot?.close();
  }
}

const interiorTable = 0x05;
const leafTable = 0x0d;

/** The pages of the schema's own table and the free ones; null where the file moves pages, is damaged, or has too many of them. */
function rowlessPages(file: SnapshotFile): ReadonlySet<number> | null {
  const page = Buffer.alloc(file.pageSize);
  const read = (number: number) => {
    file.readPages(number, 1, page, 0);
    return page;
  };
  const header = read(1);
  const largestRoot = header.readUInt32BE(52);
  if (largestRoot !== 0) return null;
  const found = new Set<number>();
  const firstTrunk = header.readUInt32BE(32);
  const toVisit = [1];
  for (let number = toVisit.pop(); number !== undefined; number = toVisit.pop()) {
    if (!file.hasPage(number) || found.has(number) || found.size > pagesMax) return null;
    found.add(number);
    const bytes = read(number);
    const at = number === 1 ? 100 : 0;
    const kind = bytes.readUInt8(at);
    if (kind === leafTable) continue;
    if (kind !== interiorTable) return null;
    for (let cell = 0; cell < bytes.readUInt16BE(at + 3); cell++)
      toVisit.push(bytes.readUInt32BE(bytes.readUInt16BE(at + 12 + 2 * cell)));
    toVisit.push(bytes.readUInt32BE(at + 8));
  }
  for (let trunk = firstTrunk; trunk !== 0; ) {
    if (!file.hasPage(trunk) || found.has(trunk) || found.size > pagesMax) return null;
    found.add(trunk);
    const bytes = read(trunk);
    const count = bytes.readUInt32BE(4);
    if (count > file.pageSize / 4 - 2) return null;
    for (let leaf = 0; leaf < count; leaf++) found.add(bytes.readUInt32BE(8 + 4 * leaf));
    trunk = bytes.readUInt32BE(0);
  }
  return found;
}

/** What of the header says how pages are read: page size, reserved bytes and fractions, schema format, auto-vacuum, encoding. */
const meaningful: readonly (readonly [from: number, to: number])[] = [
  [16, 18],
  [20, 24],
  [44, 48],
  [52, 60],
];

function differOnlyIn(
  rowless: ReadonlySet<number>,
  copyPath: string,
  { path, pageSize, pageCount }: SnapshotFile,
): boolean {
  const files = [openSync(copyPath, unlinkedFile), openSync(path, unlinkedFile)] as const;
  const pieces = [Buffer.alloc(pieceBytes), Buffer.alloc(pieceBytes)] as const;
  try {
    if (fstatSync(files[0]).size < pageCount * pageSize) return false;
    for (let at = 0; at < pageCount * pageSize; at += pieceBytes) {
      const length = Math.min(pieceBytes, pageCount * pageSize - at);
      const [copied, held] = pieces.map((piece, i) => {
        const bytes = piece.subarray(0, length);
        return readSync(files[i] ?? -1, bytes, 0, length, at) === length ? bytes : null;
      });
      if (!copied || !held) return false;
      if (at === 0 && meaningful.some(([from, to]) => copied.compare(held, from, to, from, to) !== 0)) return false;
      if (copied.equals(held)) continue;
      for (let page = 0; page < length; page += pageSize) {
        const end = page + pageSize;
        if (copied.compare(held, page, end, page, end) !== 0 && !rowless.has((at + page) / pageSize + 1)) return false;
      }
    }
    return true;
  } finally {
    for (const file of files) closeSync(file);
  }
}
