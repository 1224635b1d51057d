import type { KeyBounds, KeyRanges } from '../../model/carry.js';
import { cellHeaderBytes, cellSize } from '../canonical-row.js';

/*
 * Buckets of a table whose key is one whole number: each holds a range of keys, so that the rows of a bucket can be asked for
 * by an index, where those of hashes can only be found among all rows.
 */

/** Keys that are further apart would leave most ranges empty, and their rows in a few of them. */
const sparsenessMax = 8;

/** The ranges for keys from `first` to `last`; null where keys are no numbers that are exact here, or lie too far apart. */
export function rangesFor(
  { first, last }: { readonly first: number; readonly last: number },
  { rows, bucketCount }: { readonly rows: number; readonly bucketCount: number },
): KeyRanges | null {
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || last < first) return null;
  const keys = last - first + 1;
  if (!Number.isSafeInteger(keys) || keys > sparsenessMax * Math.max(rows, bucketCount)) return null;
  const width = Math.ceil(keys / bucketCount);
  // Keys behind the last range may be no exact numbers, and are in it all the same.
  return Number.isSafeInteger(first + bucketCount * width) ? { first, width } : null;
}

const zero = 48;
const minus = 45;

/** The bucket of a row by its first canonical cell, the decimal digits of its key. */
export function rangeOfKey(cells: Buffer, { first, width }: KeyRanges, bucketCount: number): number {
  const end = cellHeaderBytes + cellSize(cells, 0);
  const isNegative = cells[cellHeaderBytes] === minus;
  let key = 0;
  for (let at = isNegative ? cellHeaderBytes + 1 : cellHeaderBytes; at < end; at += 1) {
    key = key * 10 + (cells[at] as number) - zero;
  }
  const range = Math.floor(((isNegative ? -key : key) - first) / width);
  return Math.min(Math.max(range, 0), bucketCount - 1);
}

const least = String(-(2n ** 63n));
const greatest = String(2n ** 63n - 1n);

/** The keys of these buckets, in ascending order; those of neighbours are one range. */
export function boundsOf(
  buckets: readonly number[],
  { first, width }: KeyRanges,
  bucketCount: number,
): readonly KeyBounds[] {
  const sorted = [...buckets].sort((a, b) => a - b);
  const bounds: KeyBounds[] = [];
  for (let i = 0; i < sorted.length; ) {
    const from = sorted[i] as number;
    let to = from;
    for (i += 1; sorted[i] === to + 1; i += 1) to += 1;
    bounds.push([
      from === 0 ? least : String(first + from * width),
      to === bucketCount - 1 ? greatest : String(first + (to + 1) * width - 1),
    ]);
  }
  return bounds;
}
