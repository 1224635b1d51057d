import { quarantineColumns } from '../encode/policy/quarantine-rows.js';
import type { Mark } from '../encode/policy/screen.js';
import type { CopyInOptions } from '../target/copy/copy-in.js';

/** How rows go into the quarantine. */
export const quarantineCopy: CopyInOptions = {
  schema: 'pgferry',
  table: 'quarantine',
  columns: quarantineColumns,
  format: 'binary',
};

/** Indexes of the columns that conversions changed, each once, in order. */
export function changedColumns(marks: readonly Pick<Mark, 'column'>[]): number[] {
  return [...new Set(marks.map(({ column }) => column ?? 0))].sort((a, b) => a - b);
}
