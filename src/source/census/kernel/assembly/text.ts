/*
 * What a census asks of a text: whether PostgreSQL could hold it, and how many characters SQLite's length() gives, which
 * is `countChars` of `src/source/census/chars.ts`.
 */
import { isUtf8 } from './utf8';

/** The lowest and the highest bit of each byte of a word. */
const lowBits: u64 = ((0x01010101 as u64) << 32) | 0x01010101;
const highBits: u64 = lowBits << 7;

/** Whether all of it is ASCII other than NUL: taking 1 from a byte that is 0 makes its highest bit appear. */
export function isPlain(from: usize, to: usize): bool {
  let at = from;
  for (; at + 8 <= to; at += 8) {
    const eight = load<u64>(at);
    if ((((eight - lowBits) & ~eight) | eight) & highBits) return false;
  }
  for (; at < to; at++) {
    const byte = load<u8>(at);
    if (byte === 0 || byte > 0x7f) return false;
  }
  return true;
}

/** Up to the first NUL; a lead byte counts together with all continuation bytes that follow it. */
export function countChars(from: usize, to: usize): u32 {
  let chars: u32 = 0;
  let at = from;
  while (at < to) {
    const byte = load<u8>(at++);
    if (byte === 0) break;
    chars++;
    if (byte >= 0xc0) while (at < to && (load<u8>(at) & 0xc0) === 0x80) at++;
  }
  return chars;
}

/** Whether it is UTF-8 without NUL. */
export function isGoodText(from: usize, to: usize): bool {
  for (let at = from; at < to; at++) if (load<u8>(at) === 0) return false;
  return isUtf8(from, to);
}
