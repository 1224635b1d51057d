/** A 64-bit hash as two signed 32-bit halves. One object is filled again and again: no allocation per value. */
export interface Hash64 {
  hi: number;
  lo: number;
}

/**
 * A 64-bit seed in halves, and lookup3's three words after the seed was mixed in for a value of four bytes. All
 * integers of a row are hashed from these words.
 */
export interface Seed {
  hi: number;
  lo: number;
  a: number;
  b: number;
  c: number;
}

/** The first value of lookup3's three words, before the length is added (src/common/hashfn.c). */
const START = (0x9e3779b9 + 3_923_095) | 0;
const WORD_START = (START + 4) | 0;

/** The last bytes of a value are read as whole words, so up to this many bytes behind it are read too. */
export const hashOverreadBytes = 4;

export function createSeed(): Seed {
  return { hi: 0, lo: 0, a: WORD_START, b: WORD_START, c: WORD_START };
}

/** As in PostgreSQL, a seed of 0 is not mixed in. */
export function setSeed(seed: Seed, hi: number, lo: number): void {
  let a = WORD_START;
  let b = WORD_START;
  let c = WORD_START;
  if ((hi | lo) !== 0) {
    a = (a + hi) | 0;
    b = (b + lo) | 0;
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
  seed.hi = hi;
  seed.lo = lo;
  seed.a = a;
  seed.b = b;
  seed.c = c;
}

/**
 * PostgreSQL's hash_bytes_extended (Bob Jenkins' lookup3, src/common/hashfn.c) as a little-endian server computes it,
 * over `length` bytes of `view` from `start`. At least `hashOverreadBytes` more bytes must exist behind them; their
 * values do not matter.
 */
export function hashBytes(out: Hash64, view: DataView, start: number, length: number, seed: Seed): void {
  let a = (START + length) | 0;
  let b = a;
  let c = a;
  let at = start;
  let rest = length;
  let isSeeding = (seed.hi | seed.lo) !== 0;
  while (isSeeding || rest >= 12) {
    if (isSeeding) {
      a = (a + seed.hi) | 0;
      b = (b + seed.lo) | 0;
      isSeeding = false;
    } else {
      a = (a + view.getInt32(at, true)) | 0;
      b = (b + view.getInt32(at + 4, true)) | 0;
      c = (c + view.getInt32(at + 8, true)) | 0;
      at += 12;
      rest -= 12;
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
  // The last 0 to 11 bytes, masked out of whole words. The lowest byte of c stays free, since lookup3 puts the length
  // there.
  const mask = (1 << ((rest & 3) << 3)) - 1;
  const first = view.getInt32(at, true);
  if (rest < 4) a = (a + (first & mask)) | 0;
  else {
    a = (a + first) | 0;
    const second = view.getInt32(at + 4, true);
    if (rest < 8) b = (b + (second & mask)) | 0;
    else {
      b = (b + second) | 0;
      c = (c + ((view.getInt32(at + 8, true) & mask) << 8)) | 0;
    }
  }
  finish(out, a, b, c);
}

/** PostgreSQL's hashint8extended of a 64-bit integer given in halves; of int2 and int4 too, sign-extended. */
export function hashInt64(out: Hash64, hi: number, lo: number, seed: Seed): void {
  finish(out, (seed.a + (lo ^ (hi >= 0 ? hi : ~hi))) | 0, seed.b, seed.c);
}

/**
 * PostgreSQL's hashfloat8extended of a double other than 0, given in halves. It hashes the eight bytes, lowest first,
 * as a little-endian server stores them.
 */
export function hashDouble(out: Hash64, hi: number, lo: number, seed: Seed): void {
  let a = (START + 8) | 0;
  let b = a;
  let c = a;
  if ((seed.hi | seed.lo) !== 0) {
    a = (a + seed.hi) | 0;
    b = (b + seed.lo) | 0;
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
  finish(out, (a + lo) | 0, (b + hi) | 0, c);
}

/** Sixteen lower-case hex digits of a 64-bit number in halves. */
export function hexOf(hi: number, lo: number): string {
  return (hi >>> 0).toString(16).padStart(8, '0') + (lo >>> 0).toString(16).padStart(8, '0');
}

/** lookup3's last mix of the three words. */
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
