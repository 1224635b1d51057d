import { describeValue } from '../../lib/describe-value.js';
import { shorten } from '../../lib/printable.js';
import type { TablePlan } from '../../model/plan.js';
import type { RowView } from '../../model/value.js';

/** So much of a value is shown in a message. */
export const shownCharsMax = 80;
const keyCharsMax = 200;

/** The key of a row for a message: `id=5, name='x'`. */
export function describeKey(table: Omit<TablePlan, 'chunks'>, view: RowView): string {
  const parts = table.key.columns.map(
    (index) => `${table.columns[index]?.source}=${describeValue(view, index, shownCharsMax)}`,
  );
  return shorten(parts.join(', '), keyCharsMax);
}
