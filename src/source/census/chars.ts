/**
 * Counts the characters of a text as SQLite's length() does: up to the first NUL; a lead byte counts as one character
 * together with all continuation bytes that follow it. For text that is not valid UTF-8 versions of SQLite differ
 * (3.53.2 counts each stray continuation byte, 3.54.1 a run of them once): the larger number is given here.
 */
export function countChars(bytes: Uint8Array, start: number, end: number): number {
  let chars = 0;
  let at = start;
  while (at < end) {
    const byte = bytes[at++] as number;
    if (byte === 0) break;
    chars++;
    if (byte >= 0xc0) while (at < end && ((bytes[at] as number) & 0xc0) === 0x80) at++;
  }
  return chars;
}
