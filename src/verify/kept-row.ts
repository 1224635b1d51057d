import { type CanonicalRow, cellHeaderBytes, cellSize, type TagCode } from './canonical-row.js';
import { type Hash64, type HashBytes, hashHex } from './row-hash.js';

/** Cells up to this length are kept whole; of longer ones the beginning, the length and a hash are enough to tell and show. */
const keptCellBytes = 256;
const hashBytesCount = 8;

/** One cell of a kept row. */
export interface KeptCell {
  readonly tag: TagCode;
  /** Of the whole value. */
  readonly length: number;
  /** The value, or its first 256 bytes. */
  readonly head: Buffer;
  /** 16 hex digits where the value is longer than `head`, else ''. */
  readonly hash: string;
}

/** A row of a bucket that differs, and how often the very same row occurred. */
export interface KeptRow {
  readonly rowHash: string;
  readonly bytes: Buffer;
  count: number;
}

/** Copies a canonical row, long cells shortened: per cell the header as it was, the first bytes, and a hash if cut. */
export function keepRow(row: CanonicalRow, rowHash: string, hashBytes: HashBytes): KeptRow {
  const parts: Buffer[] = [];
  const hash: Hash64 = { low: 0, high: 0 };
  for (let at = 0; at < row.length; ) {
    const length = cellSize(row.bytes, at);
    const next = at + cellHeaderBytes + length;
    parts.push(row.bytes.subarray(at, Math.min(next, at + cellHeaderBytes + keptCellBytes)));
    if (length > keptCellBytes) {
      hashBytes(row.bytes.subarray(at + cellHeaderBytes, next), length, hash);
      parts.push(Buffer.from(hashHex(hash.low, hash.high), 'hex'));
    }
    at = next;
  }
  return { rowHash, bytes: Buffer.concat(parts), count: 1 };
}

/** The cells of a kept row, in the order in which they stand there. */
export function keptCells(row: KeptRow): KeptCell[] {
  const { bytes } = row;
  const cells: KeptCell[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = cellSize(bytes, at);
    const start = at + cellHeaderBytes;
    const end = start + Math.min(length, keptCellBytes);
    const isCut = length > keptCellBytes;
    const hash = isCut ? bytes.toString('hex', end, end + hashBytesCount) : '';
    cells.push({ tag: bytes[at] as TagCode, length, head: bytes.subarray(start, end), hash });
    at = isCut ? end + hashBytesCount : end;
  }
  return cells;
}

/** Whether two cells are the same canonical value. */
export function isSameCell(a: KeptCell, b: KeptCell): boolean {
  return a.tag === b.tag && a.length === b.length && a.hash === b.hash && a.head.equals(b.head);
}
