/** Whether the bytes are UTF-8 as RFC 3629 has it: no longer form than needed, no surrogates, nothing beyond U+10FFFF. */
export function isUtf8(start: usize, end: usize): bool {
  let at = start;
  while (at < end) {
    const first = load<u8>(at) as u32;
    if (first < 0x80) {
      at++;
      continue;
    }
    const size = sizeOf(first);
    if (size === 0 || at + size > end) return false;
    const second = load<u8>(at, 1) as u32;
    if (second < leastSecond(first) || second > greatestSecond(first)) return false;
    for (let i: usize = 2; i < size; i++) if ((load<u8>(at + i) & 0xc0) !== 0x80) return false;
    at += size;
  }
  return true;
}

/** Bytes of the character that begins with this one, 0 where none does. */
function sizeOf(first: u32): usize {
  if (first < 0xc2 || first > 0xf4) return 0;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

function leastSecond(first: u32): u32 {
  if (first === 0xe0) return 0xa0;
  return first === 0xf0 ? 0x90 : 0x80;
}

function greatestSecond(first: u32): u32 {
  if (first === 0xed) return 0x9f;
  return first === 0xf4 ? 0x8f : 0xbf;
}
