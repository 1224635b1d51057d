import type { TablePlan } from '../../model/plan.js';
import { type RowView, Storage } from '../../model/value.js';
import type { Block } from './block.js';
import { isEqual } from '../column/byte-columns.js';
import type { ColumnEncoder } from '../column/column-encoder.js';
import { encoderOf } from '../column/encoder-of-kind.js';
import { Direct, directOf, FIELD_BYTES_MAX, MOMENT_MICROS_MAX } from './direct.js';
import { refuse } from '../value/misfit.js';
import type { RowFields } from './row-fields.js';
import { sentinelMisfit } from '../value/sentinel.js';

/** Appends one row in binary COPY form: int16 number of fields, then int32 length (−1 for NULL) and bytes of each. */
export type BinaryRow = (row: Block, view: RowView, fields: RowFields) => void;

/** A field of fixed size has at most eight bytes, after its length word. */
const FIXED_BYTES_MAX = 12;

const TWO_TO_32 = 4_294_967_296;

/** `guard` is the null sentinel that no value of a textual column may equal, or null where values may equal it. */
export function createBinaryRow(
  table: Omit<TablePlan, 'chunks'>,
  guard: Buffer | null,
  writeField: FieldWriter = createFieldWriter(table, guard),
): BinaryRow {
  const count = table.columns.length;
  const isGuarded = Uint8Array.from(table.columns, (column) => (guard !== null && column.isTextual ? 1 : 0));
  const wanted = guard ?? Buffer.alloc(0);
  const direct = table.columns.map((column) => directOf(column.kind));
  const directStorage = Uint8Array.from(direct, ({ storage }) => storage);
  const directCode = Uint8Array.from(direct, ({ code }) => code);
  const factor = Float64Array.from(direct, (column) => column.factor);
  const shift = Float64Array.from(direct, (column) => column.shift);
  const bytesMax = Float64Array.from(direct, (column) => column.bytesMax);
  const slackBytes = 2 + FIXED_BYTES_MAX * count;

  return (row, view, fields) => {
    const { storage: storages, number: numbers, start: froms, end: ends } = view;
    const { start: starts, length: lengths } = fields;
    row.reserve(slackBytes);
    let out = row.view;
    let at = row.length;
    out.setInt16(at, count);
    at += 2;
    for (let i = 0; i < count; i += 1) {
      const storage = storages[i] as number;
      const start = at + 4;
      let length = -1;
      if (storage === directStorage[i]) {
        const value = numbers[i] as number;
        switch (directCode[i]) {
          case Direct.Int8: {
            const high = Math.floor(value / TWO_TO_32);
            out.setInt32(start, high);
            out.setUint32(start + 4, value - high * TWO_TO_32);
            length = 8;
            break;
          }
          case Direct.Int4:
            if (value === (value | 0)) {
              out.setInt32(start, value);
              length = 4;
            }
            break;
          case Direct.Int2:
            if (value >= -32_768 && value <= 32_767) {
              out.setInt16(start, value);
              length = 2;
            }
            break;
          case Direct.Float8:
            out.setFloat64(start, value);
            length = 8;
            break;
          case Direct.Bool:
            if (value === 0 || value === 1) {
              out.setInt8(start, value);
              length = 1;
            }
            break;
          case Direct.Moment: {
            const micros = (value + (shift[i] as number)) * (factor[i] as number);
            if (micros > -MOMENT_MICROS_MAX && micros < MOMENT_MICROS_MAX) {
              const high = Math.floor(micros / TWO_TO_32);
              out.setInt32(start, high);
              out.setUint32(start + 4, micros - high * TWO_TO_32);
              length = 8;
            }
            break;
          }
          case Direct.Bytes: {
            const from = froms[i] as number;
            const bytes = (ends[i] as number) - from;
            if (bytes > (bytesMax[i] as number) || (bytes === wanted.length && isGuarded[i] === 1)) break;
            row.length = start;
            row.reserve(bytes + slackBytes);
            row.copy(view.bytes, from, from + bytes);
            out = row.view;
            length = bytes;
            break;
          }
          default:
        }
      }
      if (length >= 0) out.setInt32(at, length);
      else if (storage === Storage.Null) out.setInt32(at, -1);
      else {
        row.length = start;
        fields.current = i;
        length = writeField(row, view, i);
        row.view.setInt32(at, length);
        row.reserve(slackBytes);
        out = row.view;
      }
      starts[i] = start;
      lengths[i] = length;
      at = length > 0 ? start + length : start;
    }
    row.length = at;
  };
}

/** Appends the bytes of one value that is not NULL, and returns how many. Throws a Misfit. */
export type FieldWriter = (row: Block, view: RowView, index: number) => number;

/** Writes fields by the encoder of each column; `guard` as in `createBinaryRow`. */
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
