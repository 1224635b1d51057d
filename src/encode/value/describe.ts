import type { TablePlan } from '../../model/plan.js';
import { type RowView, Storage } from '../../model/value.js';

const VALUE_CHARS_MAX = 80;
const KEY_CHARS_MAX = 200;

/** UTF-8 takes at most four bytes per code point, and a few more show that something was cut. */
const VALUE_BYTES_MAX = 4 * VALUE_CHARS_MAX;

/** Control characters, and those that turn the direction of a line or break it. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** One value for a message: short, on one line; text in quotes, a blob as x'…'. */
export function describeValue(view: RowView, index: number): string {
  const start = view.start[index] as number;
  const end = view.end[index] as number;
  switch (view.storage[index]) {
    case Storage.Null:
      return 'NULL';
    case Storage.Wide:
      return String(view.wide.getBigInt64(8 * index));
    case Storage.Text:
      return shorten(
        `'${escapeText(view.bytes.toString('utf8', start, Math.min(end, start + VALUE_BYTES_MAX)))}'`,
        VALUE_CHARS_MAX,
      );
    case Storage.Blob:
      return shorten(
        `x'${view.bytes.toString('hex', start, Math.min(end, start + VALUE_BYTES_MAX))}'`,
        VALUE_CHARS_MAX,
      );
    default:
      return numberText(view.number[index] as number, view.storage[index] === Storage.Real);
  }
}

/** The key of a row for a message: `id=5, name='x'`. */
export function describeKey(table: Omit<TablePlan, 'chunks'>, view: RowView): string {
  const parts = table.key.columns.map((index) => `${table.columns[index]?.source}=${describeValue(view, index)}`);
  return shorten(parts.join(', '), KEY_CHARS_MAX);
}

function numberText(value: number, isReal: boolean): string {
  if (Object.is(value, -0)) return '-0.0';
  return isReal && Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
}

function escapeText(text: string): string {
  return text.replace(UNPRINTABLE, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

function shorten(text: string, charsMax: number): string {
  const chars = Array.from(text);
  return chars.length <= charsMax ? text : `${chars.slice(0, charsMax - 1).join('')}…`;
}
