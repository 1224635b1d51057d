/** Number of code points in UTF-8 bytes: every byte that does not continue another. */
export function countCodePoints(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at += 1) if (((bytes[at] as number) & 0xc0) !== 0x80) count += 1;
  return count;
}

/**
 * Offset from `start` of the first sequence that is no UTF-8 in PostgreSQL's eyes (pg_utf8_islegal: no overlong form,
 * no surrogate, nothing above U+10FFFF, nothing cut off), or -1. Its length in bytes is at most four.
 */
export function findInvalidUtf8(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; ) {
    const length = sequenceLength(bytes, at, end);
    if (length === 0) return at - start;
    at += length;
  }
  return -1;
}

/** 1 to 4 for a legal sequence that begins at `at`, else 0. */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > end) return 0;
  const second = bytes[at + 1] as number;
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let i = 2; i < length; i += 1) if (((bytes[at + i] as number) & 0xc0) !== 0x80) return 0;
  return length;
}
