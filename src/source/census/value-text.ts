import { type RowView, Storage } from '../../model/value.js';

const valueCharsMax = 48;
const keyCharsMax = 80;
/** UTF-8 takes at most four bytes per character. */
const valueBytesMax = 4 * valueCharsMax;
/** Control characters, and those that turn the direction of a line, break it, or are not there. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\ufffd]/gu;

/** One value on one line: text in quotes, a blob and what is no UTF-8 as x'…'. */
export function describeValue(view: RowView, index: number): string {
  const start = view.start[index] as number;
  const end = Math.min(view.end[index] as number, start + valueBytesMax);
  switch (view.storage[index]) {
    case Storage.Null:
      return 'NULL';
    case Storage.Wide:
      return String(view.wide.getBigInt64(8 * index));
    case Storage.Text:
      return cut(
        `'${view.bytes.toString('utf8', start, end).replaceAll(unprintable, escapeCharacter)}'`,
        valueCharsMax,
      );
    case Storage.Blob:
      return cut(`x'${view.bytes.toString('hex', start, end)}'`, valueCharsMax);
    default:
      return String(view.number[index]);
  }
}

/** `id=5, name='x'`; empty where there is no key. */
export function describeKey(view: RowView, key: readonly number[], columns: readonly string[]): string {
  return cut(key.map((index) => `${columns[index]}=${describeValue(view, index)}`).join(', '), keyCharsMax);
}

function escapeCharacter(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

function cut(text: string, charsMax: number): string {
  const chars = Array.from(text);
  return chars.length <= charsMax ? text : `${chars.slice(0, charsMax - 1).join('')}…`;
}
