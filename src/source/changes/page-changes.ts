import { readOwners } from './overflow-owners.js';
import type { SnapshotFile } from '../pages/page-file.js';

/** Bytes of each file that are compared at once. */
const windowBytes = 1024 * 1024;

/** Pages from `first` on, `count` of them; `first` − 1 is a multiple of 8, so that the bits of parts can be joined. */
export interface PageSpan {
  readonly first: number;
  readonly count: number;
}

/** The pages whose bytes differ between two files, and those that only one of them has. One bit per page. */
export class PageChanges {
  readonly #bits: Uint8Array;

  constructor(bits: Uint8Array) {
    this.#bits = bits;
  }

  /** Whether the page differs; a page beyond what was compared does. */
  has(page: number): boolean {
    const byte = this.#bits[(page - 1) >> 3];
    return byte === undefined || (byte & (1 << ((page - 1) & 7))) !== 0;
  }

  /** How many differ; without the first page, which counts transactions and so differs always. */
  get count(): number {
    let count = 0;
    for (let byte of this.#bits) for (; byte !== 0; byte &= byte - 1) count++;
    return count - (this.has(1) ? 1 : 0);
  }
}

/** Whether pages of the two files can be compared by number at all. */
export function hasSamePages(old: SnapshotFile, now: SnapshotFile): boolean {
  return old.pageSize === now.pageSize && old.usableBytes === now.usableBytes;
}

/** All pages of both files, in at most `parts` spans. */
export function spansOf(old: SnapshotFile, now: SnapshotFile, parts: number): PageSpan[] {
  const total = Math.max(old.pageCount, now.pageCount);
  const size = 8 * Math.ceil(total / (8 * parts));
  const spans: PageSpan[] = [];
  for (let first = 1; first <= total; first += size) spans.push({ first, count: Math.min(size, total - first + 1) });
  return spans;
}

/** One bit for each page of the span, the lowest first: 1 where the page differs. Memory: two windows of 1 MiB. */
export function comparePages(old: SnapshotFile, now: SnapshotFile, span: PageSpan): Uint8Array {
  const { pageSize } = old;
  const bits = new Uint8Array(Math.ceil(span.count / 8));
  const pagesMax = Math.max(1, Math.floor(windowBytes / pageSize));
  const window = { old: Buffer.allocUnsafeSlow(pagesMax * pageSize), now: Buffer.allocUnsafeSlow(pagesMax * pageSize) };
  const inBoth = Math.min(old.pageCount, now.pageCount);
  const mark = (page: number): void => {
    const at = page - span.first;
    bits[at >> 3] = (bits[at >> 3] as number) | (1 << (at & 7));
  };
  const end = span.first + span.count;
  for (let first = span.first; first < end; first += pagesMax) {
    const last = Math.min(end, first + pagesMax) - 1;
    const count = Math.max(0, Math.min(last, inBoth) - first + 1);
    for (let page = first + count; page <= last; page++) mark(page);
    if (count === 0) continue;
    old.readPages(first, count, window.old, 0);
    now.readPages(first, count, window.now, 0);
    if (window.old.compare(window.now, 0, count * pageSize, 0, count * pageSize) === 0) continue;
    for (let i = 0; i < count; i++) {
      const [from, to] = [i * pageSize, (i + 1) * pageSize];
      if (window.old.compare(window.now, from, to, from, to) !== 0) mark(first + i);
    }
  }
  return bits;
}

/**
 * The bits of all pages of both files where only `pages` can differ: those of them that do, and the leaves to which they
 * belong as overflow pages of the older file, by the owners at `ownersPath`. Memory: a bit per page, and two pages.
 */
export function compareListed(
  old: SnapshotFile,
  now: SnapshotFile,
  { pages, ownersPath }: { readonly pages: Uint32Array; readonly ownersPath: string },
): Uint8Array {
  const { pageSize } = old;
  const bits = new Uint8Array(Math.ceil(Math.max(old.pageCount, now.pageCount) / 8));
  const mark = (page: number): void => {
    bits[(page - 1) >> 3] = (bits[(page - 1) >> 3] as number) | (1 << ((page - 1) & 7));
  };
  const inBoth = Math.min(old.pageCount, now.pageCount);
  const [before, after] = [Buffer.allocUnsafe(pageSize), Buffer.allocUnsafe(pageSize)];
  const changed = [...pages].filter((page) => {
    if (page > inBoth) return page <= Math.max(old.pageCount, now.pageCount);
    old.readPages(page, 1, before, 0);
    now.readPages(page, 1, after, 0);
    return !before.equals(after);
  });
  for (const page of changed) mark(page);
  for (const leaf of readOwners(ownersPath, changed)) if (leaf > 0) mark(leaf);
  // What the file lost at its end stands in no log.
  for (let page = inBoth + 1; page <= old.pageCount; page++) mark(page);
  return bits;
}
