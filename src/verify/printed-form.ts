import type { Kind } from '../model/kind.js';
import type { ColumnPlan } from '../model/plan.js';
import { type CellBatch, Storage } from '../model/value.js';
import { sentFormOf } from '../lib/compared-form.js';

/*
 * Values that the target sent in binary form, as PostgreSQL prints them: for what the loop does not take in binary form,
 * so that one account of each type's text serves all other ways.
 */

/** A value whose binary form is not read here: all of its table is then read as text. */
export class UnreadBinary extends Error {}

const unixOfEpochSeconds = 946_684_800n;
const daySeconds = 86_400n;
const million = 1_000_000n;
/** From 0100-01-01 up to 10000-01-01: other years PostgreSQL prints otherwise than ISO. */
const firstSecond = -59_011_459_200n;
const endSecond = 253_402_300_800n;

/** One row of a batch, with these columns alone as PostgreSQL prints them; the others are NULL in it. */
export function printedRow(
  { bytes, start, end, storage, columnCount }: CellBatch,
  columns: readonly Pick<ColumnPlan, 'kind'>[],
  { row, wanted }: { readonly row: number; readonly wanted: readonly number[] },
): CellBatch {
  const starts = new Int32Array(columnCount);
  const ends = new Int32Array(columnCount);
  const storages = new Uint8Array(columnCount);
  const parts: Buffer[] = [];
  let length = 0;
  for (const index of wanted) {
    const cell = row * columnCount + index;
    const kind = columns[index]?.kind;
    if (kind === undefined || storage[cell] === Storage.Null) continue;
    const part = printed(kind, bytes.subarray(start[cell], end[cell]));
    parts.push(part);
    starts[index] = length;
    length += part.length;
    ends[index] = length;
    storages[index] = Storage.Text;
  }
  const number = new Float64Array(0);
  return { rowCount: 1, columnCount, bytes: Buffer.concat(parts), start: starts, end: ends, storage: storages, number };
}

function printed(kind: Kind, value: Buffer): Buffer {
  if (sentFormOf(kind) !== 'binary') return value;
  switch (kind.tag) {
    case 'bool':
      return Buffer.from(value[0] === 1 ? 't' : 'f');
    case 'int2':
    case 'int4':
    case 'int8':
      return Buffer.from(String(integer(value)));
    case 'float4':
      return Buffer.from(decimal(value.readFloatBE(0)));
    case 'float8':
      return Buffer.from(decimal(value.readDoubleBE(0)));
    case 'bytea':
      return Buffer.from(`\\x${value.toString('hex')}`);
    case 'uuid':
      return Buffer.from(value.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'));
    case 'date':
      return Buffer.from(day(integer(value)));
    case 'timestamp':
    case 'timestamptz':
      return Buffer.from(moment(integer(value)));
    default:
      return value;
  }
}

function integer(value: Buffer): bigint {
  if (value.length === 8) return value.readBigInt64BE(0);
  if (value.length === 4 || value.length === 2) return BigInt(value.readIntBE(0, value.length));
  throw new UnreadBinary(`an integer of ${value.length} bytes`);
}

function decimal(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function day(days: bigint): string {
  if (days === 2n ** 31n - 1n) return 'infinity';
  if (days === -(2n ** 31n)) return '-infinity';
  return iso(days * daySeconds + unixOfEpochSeconds).slice(0, 10);
}

function moment(micros: bigint): string {
  if (micros === 2n ** 63n - 1n) return 'infinity';
  if (micros === -(2n ** 63n)) return '-infinity';
  const rest = ((micros % million) + million) % million;
  const seconds = iso((micros - rest) / million + unixOfEpochSeconds);
  return `${seconds.slice(0, 10)} ${seconds.slice(11, 19)}.${String(rest).padStart(6, '0')}`;
}

function iso(seconds: bigint): string {
  if (seconds < firstSecond || seconds >= endSecond) throw new UnreadBinary(`${seconds} s since 1970`);
  return new Date(Number(seconds) * 1000).toISOString();
}
