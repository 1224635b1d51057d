/*
 * PostgreSQL's hash_bytes_extended (Bob Jenkins' lookup3, src/common/hashfn.c) as a little-endian server computes it, in
 * WebAssembly. `src/encode/hash.ts` is the same in TypeScript and says more; tests hold the two equal. The mix of the
 * three words is written out wherever it is needed: it works on locals, which live in registers.
 */

/** What lookup3's three words begin with, before the length is added. */
const START: u32 = 0x9e3779b9 + 3_923_095;
const WORD_START: u32 = START + 4;
const DOUBLE_START: u32 = START + 8;

/** The row's key hash, with which its values are seeded, and the three words after it was mixed in for four bytes. */
export let seedHigh: u32 = 0;
export let seedLow: u32 = 0;
let wordA: u32 = WORD_START;
let wordB: u32 = WORD_START;
let wordC: u32 = WORD_START;

/** lookup3's last mix of the three words: the hash, its first half in the upper 32 bits. */
function finish(first: u32, second: u32, third: u32): u64 {
  let a = first;
  let b = second;
  let c = third;
  c = (c ^ b) - rotl<u32>(b, 14);
  a = (a ^ c) - rotl<u32>(c, 11);
  b = (b ^ a) - rotl<u32>(a, 25);
  c = (c ^ b) - rotl<u32>(b, 16);
  a = (a ^ c) - rotl<u32>(c, 4);
  b = (b ^ a) - rotl<u32>(a, 14);
  c = (c ^ b) - rotl<u32>(b, 24);
  return ((b as u64) << 32) | (c as u64);
}

/** As in PostgreSQL, a seed of 0 is not mixed in. */
export function setSeed(seed: u64): void {
  seedHigh = (seed >> 32) as u32;
  seedLow = seed as u32;
  let a = WORD_START;
  let b = WORD_START;
  let c = WORD_START;
  if (seed !== 0) {
    a += seedHigh;
    b += seedLow;
    a = (a - c) ^ rotl<u32>(c, 4);
    c += b;
    b = (b - a) ^ rotl<u32>(a, 6);
    a += c;
    c = (c - b) ^ rotl<u32>(b, 8);
    b += a;
    a = (a - c) ^ rotl<u32>(c, 16);
    c += b;
    b = (b - a) ^ rotl<u32>(a, 19);
    a += c;
    c = (c - b) ^ rotl<u32>(b, 4);
    b += a;
  }
  wordA = a;
  wordB = b;
  wordC = c;
}

/** hashint8extended of a 64-bit integer; of int2, int4 and bool too, sign-extended. */
export function hashInteger(value: i64): u64 {
  const high = (value >> 32) as u32;
  const low = value as u32;
  return finish(wordA + (low ^ (value >= 0 ? high : ~high)), wordB, wordC);
}

/** hash_bytes_extended of `length` bytes from `start`; up to eleven more behind them are read, and do not matter. */
export function hashBytes(start: usize, length: u32): u64 {
  let a = START + length;
  let b = a;
  let c = a;
  let at = start;
  let rest = length;
  let isSeeding = (seedHigh | seedLow) !== 0;
  while (isSeeding || rest >= 12) {
    if (isSeeding) {
      a += seedHigh;
      b += seedLow;
      isSeeding = false;
    } else {
      a += load<u32>(at);
      b += load<u32>(at, 4);
      c += load<u32>(at, 8);
      at += 12;
      rest -= 12;
    }
    a = (a - c) ^ rotl<u32>(c, 4);
    c += b;
    b = (b - a) ^ rotl<u32>(a, 6);
    a += c;
    c = (c - b) ^ rotl<u32>(b, 8);
    b += a;
    a = (a - c) ^ rotl<u32>(c, 16);
    c += b;
    b = (b - a) ^ rotl<u32>(a, 19);
    a += c;
    c = (c - b) ^ rotl<u32>(b, 4);
    b += a;
  }
  // The last 0 to 11 bytes, out of whole words: the lowest byte of c is left free, since the length stands for it.
  const mask: u32 = ((1 as u32) << ((rest & 3) << 3)) - 1;
  const first = load<u32>(at);
  if (rest < 4) return finish(a + (first & mask), b, c);
  const second = load<u32>(at, 4);
  if (rest < 8) return finish(a + first, b + (second & mask), c);
  return finish(a + first, b + second, c + ((load<u32>(at, 8) & mask) << 8));
}

/** hashfloat8extended of a double other than 0 and −0, given by its bits: of its eight bytes, the lowest first. */
export function hashDouble(bits: u64): u64 {
  let a = DOUBLE_START;
  let b = DOUBLE_START;
  let c = DOUBLE_START;
  if ((seedHigh | seedLow) !== 0) {
    a += seedHigh;
    b += seedLow;
    a = (a - c) ^ rotl<u32>(c, 4);
    c += b;
    b = (b - a) ^ rotl<u32>(a, 6);
    a += c;
    c = (c - b) ^ rotl<u32>(b, 8);
    b += a;
    a = (a - c) ^ rotl<u32>(c, 16);
    c += b;
    b = (b - a) ^ rotl<u32>(a, 19);
    a += c;
    c = (c - b) ^ rotl<u32>(b, 4);
    b += a;
  }
  return finish(a + (bits as u32), b + ((bits >> 32) as u32), c);
}
