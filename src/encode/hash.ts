/** A 64-bit hash as two signed 32-bit halves. One object is filled again and again: no allocation per value. */
export interface Hash64 {
  hi: number;
  lo: number;
}

/** What lookup3's three words begin with, before the length is added (src/common/hashfn.c). */
const START = (0x9e3779b9 + 3_923_095) | 0;

/**
 * PostgreSQL's hash_bytes_extended (Bob Jenkins' lookup3, src/common/hashfn.c) as a little-endian server computes it,
 * over `length` bytes of `view` from `start`, with the seed given in halves. As there, a seed of 0 is not mixed in.
 */
export function hashBytes(
  out: Hash64,
  view: DataView,
  start: number,
  length: number,
  seedHi: number,
  seedLo: number,
): void {
  let a = (START + length) | 0;
  let b = a;
  let c = a;
  let at = start;
  const whole = start + length - (length % 12);
  let isSeeding = (seedHi | seedLo) !== 0;
  while (isSeeding || at < whole) {
    if (isSeeding) {
      a = (a + seedHi) | 0;
      b = (b + seedLo) | 0;
      isSeeding = false;
    } else {
      a = (a + view.getInt32(at, true)) | 0;
      b = (b + view.getInt32(at + 4, true)) | 0;
      c = (c + view.getInt32(at + 8, true)) | 0;
      at += 12;
    }
    a = (a - c) ^ ((c << 4) | (c >>> 28));
    c = (c + b) | 0;
    b = (b - a) ^ ((a << 6) | (a >>> 26));
    a = (a + c) | 0;
    c = (c - b) ^ ((b << 8) | (b >>> 24));
    b = (b + a) | 0;
    a = (a - c) ^ ((c << 16) | (c >>> 16));
    c = (c + b) | 0;
    b = (b - a) ^ ((a << 19) | (a >>> 13));
    a = (a + c) | 0;
    c = (c - b) ^ ((b << 4) | (b >>> 28));
    b = (b + a) | 0;
  }
  // The last 0 to 11 bytes: the lowest byte of c is left free, since the length stands for it.
  const rest = start + length - at;
  if (rest >= 4) a = (a + view.getInt32(at, true)) | 0;
  else a = (a + tailWord(view, at, rest)) | 0;
  if (rest >= 8) b = (b + view.getInt32(at + 4, true)) | 0;
  else if (rest > 4) b = (b + tailWord(view, at + 4, rest - 4)) | 0;
  if (rest > 8) c = (c + (tailWord(view, at + 8, rest - 8) << 8)) | 0;
  finish(out, a, b, c);
}

/** PostgreSQL's hash_bytes_uint32_extended: the hash of one 32-bit word. */
export function hashWord(out: Hash64, word: number, seedHi: number, seedLo: number): void {
  let a = (START + 4) | 0;
  let b = a;
  let c = a;
  if ((seedHi | seedLo) !== 0) {
    a = (a + seedHi) | 0;
    b = (b + seedLo) | 0;
    a = (a - c) ^ ((c << 4) | (c >>> 28));
    c = (c + b) | 0;
    b = (b - a) ^ ((a << 6) | (a >>> 26));
    a = (a + c) | 0;
    c = (c - b) ^ ((b << 8) | (b >>> 24));
    b = (b + a) | 0;
    a = (a - c) ^ ((c << 16) | (c >>> 16));
    c = (c + b) | 0;
    b = (b - a) ^ ((a << 19) | (a >>> 13));
    a = (a + c) | 0;
    c = (c - b) ^ ((b << 4) | (b >>> 28));
    b = (b + a) | 0;
  }
  finish(out, (a + word) | 0, b, c);
}

/** PostgreSQL's hashint8extended of a 64-bit integer given in halves; of int2 and int4 too, sign-extended. */
export function hashInt64(out: Hash64, hi: number, lo: number, seedHi: number, seedLo: number): void {
  hashWord(out, lo ^ (hi >= 0 ? hi : ~hi), seedHi, seedLo);
}

/** Sixteen lower-case hex digits of a 64-bit number in halves. */
export function hexOf(hi: number, lo: number): string {
  return (hi >>> 0).toString(16).padStart(8, '0') + (lo >>> 0).toString(16).padStart(8, '0');
}

function tailWord(view: DataView, at: number, count: number): number {
  let word = 0;
  if (count > 2) word |= view.getUint8(at + 2) << 16;
  if (count > 1) word |= view.getUint8(at + 1) << 8;
  if (count > 0) word |= view.getUint8(at);
  return word;
}

function finish(out: Hash64, first: number, second: number, third: number): void {
  let a = first;
  let b = second;
  let c = third;
  c = ((c ^ b) - ((b << 14) | (b >>> 18))) | 0;
  a = ((a ^ c) - ((c << 11) | (c >>> 21))) | 0;
  b = ((b ^ a) - ((a << 25) | (a >>> 7))) | 0;
  c = ((c ^ b) - ((b << 16) | (b >>> 16))) | 0;
  a = ((a ^ c) - ((c << 4) | (c >>> 28))) | 0;
  b = ((b ^ a) - ((a << 14) | (a >>> 18))) | 0;
  c = ((c ^ b) - ((b << 24) | (b >>> 8))) | 0;
  out.hi = b;
  out.lo = c;
}
