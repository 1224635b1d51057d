/** Control characters, those that change the direction of a line or break it, and those without a meaning. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\ufffd]/gu;

/** A text on one line: what cannot be seen, or what is no character, is written as its code point. */
export function escapeUnprintable(text: string): string {
  return text.replaceAll(unprintable, escapeCharacter);
}

/** A character by its code point: `\u{a}`. */
export function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** A text cut to this many characters; a longer one ends in `…`. */
export function shorten(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const chars = Array.from(text);
  return chars.length <= charsMax ? text : `${chars.slice(0, charsMax - 1).join('')}…`;
}
