import * as at from './layout.js';

/** Cells and bytes of a slice, and the bytes of a canonical row: more is a matter of the plain way. */
export const sliceCells = 65_536;
export const sliceBytes = 1 << 20;
export const rowBytes = 1 << 20;
/** The lines of a slice: each byte of a text may become two, each cell an integer's digits, and one byte ends a cell. */
const linesBytes = 2 * sliceBytes + 24 * sliceCells;
const lastBytes = 1 << 16;
/** Whole words are read and written at the ends of values. */
const slackBytes = 64;

/** Where each part of the memory begins; lines of keys have room only where they are wanted. */
export function memoryLayoutOf(columnCount: number, bucketCount: number, hasLines: boolean) {
  let next = 0;
  const reserve = (bytes: number) => {
    const address = next;
    next = Math.ceil((next + bytes + slackBytes) / 16) * 16;
    return address;
  };
  reserve(at.sideBytes);
  const columns = reserve(columnCount * at.slotBytes);
  const text = reserve(sliceBytes);
  const start = reserve(4 * sliceCells);
  const ends = reserve(4 * sliceCells);
  const storage = reserve(sliceCells);
  const number = reserve(8 * sliceCells);
  const row = reserve(rowBytes);
  const last = reserve(hasLines ? lastBytes : 0);
  const lines = reserve(hasLines ? linesBytes : 0);
  const counts = reserve(4 * bucketCount);
  const sums = reserve(8 * bucketCount);
  return { columns, text, start, ends, storage, number, row, last, lines, counts, sums, end: next };
}
