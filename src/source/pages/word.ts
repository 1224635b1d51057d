/** 2^32, the weight of an eight-byte integer's upper half. */
export const word = 4294967296;

/** Four bytes, big-endian, as a signed integer; bytes beyond the end of `bytes` count as zero. */
export function readWord(bytes: Buffer, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
