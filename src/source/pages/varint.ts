/**
 * Variable-length integers, https://www.sqlite.org/fileformat2.html section 1.6: one to nine bytes, big-endian, seven
 * bits in each of the first eight, all eight in the ninth; two's complement in 64 bits. Bytes beyond the end of `bytes`
 * count as zero; the caller checks where the varint ends.
 */

/** How many bytes (1 to 9) the varint at `at` takes. */
export function varintLength(bytes: Uint8Array, at: number): number {
  let length = 1;
  while (length < 9 && (bytes[at + length - 1] ?? 0) > 0x7f) length++;
  return length;
}

/** The varint at `at`, exact for all 64 bits, signed. */
export function readVarint(bytes: Uint8Array, at: number): bigint {
  const length = varintLength(bytes, at);
  let value = 0n;
  for (let i = 0; i < length; i++) {
    const byte = BigInt(bytes[at + i] ?? 0);
    value = i < 8 ? (value << 7n) | (byte & 0x7fn) : (value << 8n) | byte;
  }
  return BigInt.asIntN(64, value);
}

/** The varint at `at` as a length: exact below 2^53; a negative one comes out negative. */
export function readLength(bytes: Uint8Array, at: number): number {
  const length = varintLength(bytes, at);
  if (length > 7) return Number(readVarint(bytes, at));
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 128 + ((bytes[at + i] ?? 0) & 0x7f);
  return value;
}
