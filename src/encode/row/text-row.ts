import type { TablePlan } from '../../model/plan.js';
import type { Block } from './block.js';
import { isEqual } from '../column/byte-columns.js';
import type { RowFields } from './row-fields.js';
import { sentinelMisfit } from '../value/sentinel.js';
import { type TextField, textFieldOf } from './text-field.js';

const TAB = 0x09;
const NEWLINE = 0x0a;

/**
 * Appends a row in text COPY form to `out`. Its fields lie in `row` in binary form. Records in `written` where the
 * escaped fields are; each is followed by one byte, a tab or the newline.
 */
export type TextRow = (out: Block, row: Block, fields: RowFields, written: RowFields) => void;

export function createTextRow(table: Omit<TablePlan, 'chunks'>, sentinel: Buffer): TextRow {
  const textFields = table.columns.map((column) => textFieldOf(column.kind));
  return (out, row, fields, written) => {
    for (let i = 0; i < textFields.length; i += 1) {
      fields.current = i;
      const start = fields.start[i] as number;
      const length = fields.length[i] as number;
      const at = out.length;
      written.start[i] = at;
      if (length < 0) out.copy(sentinel, 0, sentinel.length);
      else writeField(textFields[i] as TextField, out, row, start, start + length, sentinel);
      written.length[i] = out.length - at;
      out.byte(i === textFields.length - 1 ? NEWLINE : TAB);
    }
  };
}

/** COPY compares a field with the null text before it removes the escapes. The check does the same. */
function writeField(write: TextField, out: Block, row: Block, start: number, end: number, sentinel: Buffer): void {
  const at = out.length;
  write(out, row, start, end);
  if (out.length - at === sentinel.length && isEqual(sentinel, out.bytes, at)) throw sentinelMisfit();
}
