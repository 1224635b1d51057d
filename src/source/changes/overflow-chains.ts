import { damagedPage } from '../pages/damage.js';
import type { Leaves } from '../pages/leaf-list.js';
import type { SnapshotFile } from '../pages/page-file.js';
import { localPayload } from '../pages/payload.js';
import { readLength, varintLength } from '../pages/varint.js';

/** The overflow pages of one cell: the first of them, and how many bytes they hold together. */
export interface Chain {
  /** The leaf. */
  readonly from: number;
  readonly first: number;
  readonly bytes: number;
}

/** The chains of the leaf's cells (SQLite file format section 1.6). Error: `data.damaged_page`. */
export function* chainsOf(file: SnapshotFile, table: string, leaf: Leaves): Generator<Chain> {
  const { usableBytes } = file;
  const { bytes } = leaf.run;
  const end = leaf.start + usableBytes;
  const cells = leaf.pointers + 2 * leaf.cellCount;
  for (let pointer = leaf.pointers; pointer < cells; pointer += 2) {
    const cell = leaf.start + bytes.readUInt16BE(pointer);
    if (cell < cells || cell >= end) throw damagedPage(table, leaf.page, 'a cell is outside the page');
    const first = bytes[cell] as number;
    const payloadBytes = first < 0x80 ? first : readLength(bytes, cell);
    if (payloadBytes >= 0 && payloadBytes <= usableBytes - 35) continue;
    const afterLength = cell + varintLength(bytes, cell);
    const local = localPayload(usableBytes, payloadBytes);
    const link = afterLength + varintLength(bytes, afterLength) + local;
    if (payloadBytes < 0 || link + 4 > end) throw damagedPage(table, leaf.page, 'a cell runs over the end of the page');
    yield { from: leaf.page, first: bytes.readUInt32BE(link), bytes: payloadBytes - local };
  }
}

/** The pages of a chain, in order. Error: `data.damaged_page`. */
export function* pagesOf(file: SnapshotFile, table: string, chain: Chain): Generator<number> {
  let { from, first: page } = chain;
  for (let left = chain.bytes; left > 0; left -= file.usableBytes - 4) {
    if (!file.hasPage(page)) throw damagedPage(table, from, `there is no overflow page ${page}`);
    yield page;
    from = page;
    page = file.readLink(page);
  }
}
