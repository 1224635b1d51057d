import type { SnapshotFile } from './page-file.js';

/** Spare bytes behind the last page, so that reading a varint at the very end stays inside the buffer. */
const slackBytes = 16;

/** Lends memory of any content. */
export type Allocate = (bytes: number) => Buffer;

/**
 * A window over adjacent pages of the snapshot, read in one go. Its buffer begins with `prefix`, the same bytes in
 * every window (the texts and blobs of column defaults), so that a row can point at them too.
 */
export class PageRun {
  readonly bytes: Buffer;
  readonly numbers: DataView;
  /** Most pages that the window holds. */
  readonly pagesMax: number;
  readonly #file: SnapshotFile;
  readonly #prefixBytes: number;
  #first = 0;
  #count = 0;

  constructor(file: SnapshotFile, pagesMax: number, prefix: Uint8Array, allocate: Allocate = Buffer.allocUnsafeSlow) {
    this.#file = file;
    this.pagesMax = pagesMax;
    this.#prefixBytes = prefix.length;
    this.bytes = allocate(prefix.length + pagesMax * file.pageSize + slackBytes);
    this.bytes.set(prefix, 0);
    this.bytes.fill(0, this.bytes.length - slackBytes);
    this.numbers = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  }

  holds(page: number): boolean {
    return page >= this.#first && page < this.#first + this.#count;
  }

  /** The first byte in `bytes` of a page that it holds. */
  startOf(page: number): number {
    return this.#prefixBytes + (page - this.#first) * this.#file.pageSize;
  }

  /** Replaces the window by `count` pages, at most `pagesMax`, of which the file may have fewer. */
  load(first: number, count: number): void {
    this.#count = 0;
    const fits = Math.min(count, this.pagesMax, this.#file.pageCount - first + 1);
    this.#file.readPages(first, fits, this.bytes, this.#prefixBytes);
    this.#first = first;
    this.#count = fits;
  }
}
