import type { ColumnPlan } from '../model/plan.js';
import { type CellBatch, type SqliteValue, Storage } from '../model/value.js';
import { canonizerOf } from './canonical.js';
import type { ComparedSide } from './canonical-cell.js';
import { CanonicalRow, Tag } from './canonical-row.js';
import { type ShortenedCell, shortenRow, readShortenedCells } from './shortened-row.js';
import { createHashBytes } from './row-hash.js';

/** One cell of a small result in canonical form: two cells are the same value where their ids are equal. */
export interface ResultCell extends ShortenedCell {
  readonly id: string;
  readonly isNull: boolean;
}

/**
 * Brings the rows of a small result to canonical form, as the proof of whole tables does. Of the source values are as
 * better-sqlite3 gives them with safe integers; of the target they are the text that PostgreSQL prints, or null.
 */
export async function canonicalResult(
  rows: readonly (readonly SqliteValue[])[],
  columns: readonly Pick<ColumnPlan, 'kind'>[],
  side: ComparedSide,
): Promise<ResultCell[][]> {
  const hashBytes = await createHashBytes();
  const canonizers = columns.map((column) => canonizerOf(column, side));
  const row = new CanonicalRow();
  return rows.map((values) => {
    const batch = batchOf(values);
    row.clear();
    for (const [cell, canonize] of canonizers.entries()) {
      if (batch.storage[cell] === Storage.Null) row.putNull();
      else canonize(batch, cell, row);
    }
    return readShortenedCells(shortenRow(row, '', hashBytes)).map(named);
  });
}

function named(cell: ShortenedCell): ResultCell {
  const id = `${cell.tag}:${cell.length}:${cell.head.toString('base64')}:${cell.hash}`;
  return { ...cell, id, isNull: cell.tag === Tag.Null };
}

/** One row as a batch of its own. */
function batchOf(values: readonly SqliteValue[]): CellBatch {
  const cells = values.map(cellOf);
  const size = values.length;
  const batch: CellBatch = {
    rowCount: 1,
    columnCount: size,
    bytes: Buffer.concat(cells.map(({ bytes }) => bytes)),
    start: new Int32Array(size),
    end: new Int32Array(size),
    storage: new Uint8Array(size),
    number: new Float64Array(size),
  };
  let at = 0;
  for (const [i, { bytes, storage, number }] of cells.entries()) {
    batch.start[i] = at;
    at += bytes.length;
    batch.end[i] = at;
    batch.storage[i] = storage;
    batch.number[i] = number;
  }
  return batch;
}

function cellOf(value: SqliteValue) {
  if (value === null) return { storage: Storage.Null, bytes: Buffer.alloc(0), number: 0 };
  if (typeof value === 'bigint') return { storage: Storage.Integer, bytes: Buffer.from(String(value)), number: 0 };
  if (typeof value === 'number') return { storage: Storage.Real, bytes: Buffer.from(realText(value)), number: value };
  if (typeof value === 'string') return { storage: Storage.Text, bytes: Buffer.from(value), number: 0 };
  return { storage: Storage.Blob, bytes: value, number: 0 };
}

/** SQLite writes a whole real with `.0`. */
function realText(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}.0` : String(value);
}
