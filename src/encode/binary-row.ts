import { type RowView, Storage, type TablePlan } from '../model.js';
import type { Block } from './block.js';
import { isEqual } from './byte-columns.js';
import { type ColumnEncoder, encoderOf } from './column-encoder.js';
import { refuse } from './misfit.js';
import type { RowFields } from './row-fields.js';
import { sentinelMisfit } from './sentinel.js';

/** A value of PostgreSQL, with its own header, stays below 1 GB (MaxAllocSize). */
const FIELD_BYTES_MAX = 0x3fffffff - 4;

/** Appends one row in binary COPY form: int16 number of fields, then int32 length (−1 for NULL) and bytes of each. */
export type BinaryRow = (row: Block, view: RowView, fields: RowFields) => void;

/** `guard` is the null sentinel that no value of a textual column may equal, or null where it may. */
export function createBinaryRow(table: Omit<TablePlan, 'chunks'>, guard: Buffer | null): BinaryRow {
  const encoders = table.columns.map((column) => encoderOf(column.kind));
  const isGuarded = Uint8Array.from(table.columns, (column) => (guard !== null && column.isTextual ? 1 : 0));
  const wanted = guard ?? Buffer.alloc(0);
  return (row, view, fields) => {
    row.int16(encoders.length);
    for (let i = 0; i < encoders.length; i += 1) {
      fields.current = i;
      const storage = view.storage[i] as number;
      row.int32(-1);
      const start = row.length;
      fields.start[i] = start;
      fields.length[i] = -1;
      if (storage === Storage.Null) continue;
      if (storage === Storage.Text && isGuarded[i] === 1) checkGuard(wanted, view, i);
      writeValue(row, encoders[i] as ColumnEncoder, view, storage, i);
      const length = row.length - start;
      if (length > FIELD_BYTES_MAX) tooLarge();
      row.view.setInt32(start - 4, length);
      fields.length[i] = length;
    }
  };
}

function writeValue(row: Block, encoder: ColumnEncoder, view: RowView, storage: number, index: number): void {
  switch (storage) {
    case Storage.Integer:
      encoder.integer(row, view.number[index] as number);
      break;
    case Storage.Text:
      encoder.text(row, view.bytes, view.start[index] as number, view.end[index] as number);
      break;
    case Storage.Real:
      encoder.real(row, view.number[index] as number);
      break;
    case Storage.Wide:
      encoder.wide(row, view.wide.getBigInt64(8 * index));
      break;
    default:
      encoder.blob(row, view.bytes, view.start[index] as number, view.end[index] as number);
      break;
  }
}

function checkGuard(wanted: Buffer, view: RowView, index: number): void {
  const start = view.start[index] as number;
  const isSame = (view.end[index] as number) - start === wanted.length && isEqual(wanted, view.bytes, start);
  if (isSame) throw sentinelMisfit();
}

function tooLarge(): never {
  refuse(
    'data.too_large',
    'more than the 1 GB that one value of PostgreSQL holds',
    'keep such values outside of the database',
  );
}
