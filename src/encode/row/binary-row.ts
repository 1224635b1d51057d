import type { TablePlan } from '../../model/plan.js';
import { type RowView, Storage } from '../../model/value.js';
import type { Block } from './block.js';
import { isEqual } from '../column/byte-columns.js';
import type { ColumnEncoder } from '../column/column-encoder.js';
import { encoderOf } from '../column/encoder-of-kind.js';
import { FIELD_BYTES_MAX } from './direct.js';
import { refuse } from '../value/misfit.js';
import type { RowFields } from './row-fields.js';
import { sentinelMisfit } from '../value/sentinel.js';

/** Appends one row in binary COPY form: int16 number of fields, then int32 length (−1 for NULL) and bytes of each. */
export type BinaryRow = (row: Block, view: RowView, fields: RowFields) => void;

export function createBinaryRow(count: number, writeField: FieldWriter): BinaryRow {
  return (row, view, fields) => {
    row.int16(count);
    for (let i = 0; i < count; i += 1) {
      fields.current = i;
      row.int32(-1);
      const start = row.length;
      const length = view.storage[i] === Storage.Null ? -1 : writeField(row, view, i);
      row.view.setInt32(start - 4, length);
      fields.start[i] = start;
      fields.length[i] = length;
    }
  };
}

/** Appends the bytes of one value that is not NULL, and returns how many. Throws a Misfit. */
export type FieldWriter = (row: Block, view: RowView, index: number) => number;

/**
 * Writes fields by the encoder of each column. `guard` is the null sentinel that no value of a textual column may equal,
 * or null where values may equal it.
 */
export function createFieldWriter(table: Omit<TablePlan, 'chunks'>, guard: Buffer | null): FieldWriter {
  const encoders = table.columns.map((column) => encoderOf(column.kind));
  const guards = table.columns.map((column) => (column.isTextual ? guard : null));
  return (row, view, index) => {
    const storage = view.storage[index] as number;
    const wanted = guards[index] as Buffer | null;
    if (storage === Storage.Text && wanted !== null) checkGuard(wanted, view, index);
    const start = row.length;
    writeValue(row, encoders[index] as ColumnEncoder, view, storage, index);
    const length = row.length - start;
    if (length > FIELD_BYTES_MAX) tooLarge();
    return length;
  };
}

/** Writes a value that is not NULL in its wire form; throws a Misfit. */
export function writeValue(row: Block, encoder: ColumnEncoder, view: RowView, storage: number, index: number): void {
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
