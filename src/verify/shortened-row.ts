import { type CanonicalRow, cellHeaderBytes, cellSize, type TagCode } from './canonical-row.js';
import { type RowHash, type HashBytes, hashHex } from './row-hash.js';

/** Cells up to this length stay whole. Of longer ones the beginning, the length and a hash suffice to compare and show them. */
const wholeCellBytesMax = 256;
const hashBytesCount = 8;

/** One cell of a shortened row. */
export interface ShortenedCell {
  readonly tag: TagCode;
  /** Of the whole value. */
  readonly length: number;
  /** The value, or its first 256 bytes. */
  readonly head: Buffer;
  /** 16 hex digits where the value is longer than `head`, else ''. */
  readonly hash: string;
}

/** A row of a bucket that differs, and how often the very same row occurred. */
export interface ShortenedRow {
  readonly rowHash: string;
  readonly bytes: Buffer;
  count: number;
}

/** Copies a canonical row, long cells shortened: per cell the header as it was, the first bytes, and a hash if cut. */
export function shortenRow(row: CanonicalRow, rowHash: string, hashBytes: HashBytes): ShortenedRow {
  const parts: Buffer[] = [];
  const hash: RowHash = { low: 0, high: 0 };
  for (let at = 0; at < row.length; ) {
    const length = cellSize(row.bytes, at);
    const next = at + cellHeaderBytes + length;
    parts.push(row.bytes.subarray(at, Math.min(next, at + cellHeaderBytes + wholeCellBytesMax)));
    if (length > wholeCellBytesMax) {
      hashBytes(row.bytes.subarray(at + cellHeaderBytes, next), length, hash);
      parts.push(Buffer.from(hashHex(hash.low, hash.high), 'hex'));
    }
    at = next;
  }
  return { rowHash, bytes: Buffer.concat(parts), count: 1 };
}

/** The cells of a shortened row, in their order. */
export function readShortenedCells(row: ShortenedRow): ShortenedCell[] {
  const { bytes } = row;
  const cells: ShortenedCell[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = cellSize(bytes, at);
    const start = at + cellHeaderBytes;
    const end = start + Math.min(length, wholeCellBytesMax);
    const isCut = length > wholeCellBytesMax;
    const hash = isCut ? bytes.toString('hex', end, end + hashBytesCount) : '';
    cells.push({ tag: bytes[at] as TagCode, length, head: bytes.subarray(start, end), hash });
    at = isCut ? end + hashBytesCount : end;
  }
  return cells;
}

/** Whether two cells are the same canonical value. */
export function isSameCell(a: ShortenedCell, b: ShortenedCell): boolean {
  return a.tag === b.tag && a.length === b.length && a.hash === b.hash && a.head.equals(b.head);
}
