/* XXH64 with seed 0, as its specification has it (doc/xxhash_spec.md of xxHash). */

const PRIME_1: u64 = (0x9e3779b1 << 32) | 0x85ebca87;
const PRIME_2: u64 = (0xc2b2ae3d << 32) | 0x27d4eb4f;
const PRIME_3: u64 = (0x165667b1 << 32) | 0x9e3779f9;
const PRIME_4: u64 = (0x85ebca77 << 32) | 0xc2b2ae63;
const PRIME_5: u64 = (0x27d4eb2f << 32) | 0x165667c5;

function round(lane: u64, word: u64): u64 {
  return rotl<u64>(lane + word * PRIME_2, 31) * PRIME_1;
}

function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * PRIME_1 + PRIME_4;
}

/** The hash of `length` bytes from `start`. */
export function hashBytes(start: usize, length: u32): u64 {
  let at = start;
  const end = start + length;
  let hash: u64 = PRIME_5;
  if (length >= 32) {
    let first: u64 = PRIME_1 + PRIME_2;
    let second: u64 = PRIME_2;
    let third: u64 = 0;
    let fourth: u64 = 0 - PRIME_1;
    for (; at + 32 <= end; at += 32) {
      first = round(first, load<u64>(at));
      second = round(second, load<u64>(at, 8));
      third = round(third, load<u64>(at, 16));
      fourth = round(fourth, load<u64>(at, 24));
    }
    hash = rotl<u64>(first, 1) + rotl<u64>(second, 7) + rotl<u64>(third, 12) + rotl<u64>(fourth, 18);
    hash = merge(merge(merge(merge(hash, first), second), third), fourth);
  }
  hash += length as u64;
  for (; at + 8 <= end; at += 8) hash = rotl<u64>(hash ^ round(0, load<u64>(at)), 27) * PRIME_1 + PRIME_4;
  if (at + 4 <= end) {
    hash = rotl<u64>(hash ^ ((load<u32>(at) as u64) * PRIME_1), 23) * PRIME_2 + PRIME_3;
    at += 4;
  }
  for (; at < end; at += 1) hash = rotl<u64>(hash ^ ((load<u8>(at) as u64) * PRIME_5), 11) * PRIME_1;
  hash = (hash ^ (hash >> 33)) * PRIME_2;
  hash = (hash ^ (hash >> 29)) * PRIME_3;
  return hash ^ (hash >> 32);
}
