import { describeValue } from '../../lib/describe-value.js';
import { shorten } from '../../lib/printable.js';
import type { RowView } from '../../model/value.js';

/** An example shows at most this many characters of a value. */
export const exampleCharsMax = 48;
const keyCharsMax = 80;

/** `id=5, name='x'`; empty where there is no key. */
export function describeRowKey(view: RowView, key: readonly number[], columns: readonly string[]): string {
  const parts = key.map((index) => `${columns[index]}=${describeValue(view, index, exampleCharsMax)}`);
  return shorten(parts.join(', '), keyCharsMax);
}
