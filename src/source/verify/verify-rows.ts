import type { CellBatch } from '../../model/value.js';
import { sequentialCacheKb } from '../open.js';
import type { Database } from '../sqlite.js';
import { type AddressedBatch, Filling } from './filling.js';
import { groupedBy, readGroupedCells } from './grouped-rows.js';
import { exactRealsOf, type SourceTableToVerify, selectSql } from './packed-sql.js';
import { readFailure } from './read-failure.js';

/**
 * Reads a table for the verifier. SQLite itself writes a row, or a group of rows, into one blob: for each cell the initial of its storage
 * class, the number of bytes, a colon and the bytes, integers and reals in SQLite's own decimal text. So integers stay
 * exact to ±2^63, texts keep their bytes even where they are not UTF-8, and rows cost one value instead of many.
 * Reals whose kind is a number or a point in time are also read as doubles, since their text may be rounded.
 */

/** SQL about a row of table t, and what it is bound to. */
export interface RowCondition {
  readonly sql: string;
  /** What stands before the table in the FROM list, if anything. */
  readonly before?: string;
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Yields every row of the table in SQLite's cheapest order; the same batch object is filled again each time.
 * Memory: one batch, or the largest row where that is larger. Throws `source.verify_read_failed`.
 */
export function* readSourceCells(db: Database, table: SourceTableToVerify): Generator<CellBatch> {
  // Sorting and reads by index keep the cache that they had.
  const before = db.pragma('cache_size', { simple: true });
  db.pragma(`cache_size = ${-sequentialCacheKb}`);
  try {
    yield* readWhole(db, table);
  } finally {
    db.pragma(`cache_size = ${before}`);
  }
}

function* readWhole(db: Database, table: SourceTableToVerify): Generator<CellBatch> {
  const isUtf16 = isUtf16File(db);
  const rowidName = groupedBy(table, isUtf16);
  if (rowidName === null) {
    for (const { batch } of readAddressedCells(db, table, [])) yield batch;
    return;
  }
  try {
    yield* readGroupedCells(db, table, rowidName);
  } catch (error) {
    throw readFailure(table.source, error);
  }
}

/** The same row by row, with the address of each row: the values of these columns. `only`: the rows that are read, of table t. */
export function* readAddressedCells(
  db: Database,
  table: SourceTableToVerify,
  address: readonly string[],
  only: RowCondition | null = null,
): Generator<AddressedBatch> {
  const isUtf16 = isUtf16File(db);
  const reals = exactRealsOf(table);
  const filling = new Filling(table.columns.length, reals, isUtf16);
  try {
    const rows = db
      .prepare<Readonly<Record<string, string>>[], unknown[]>(
        `${selectSql(table, { reals, isUtf16, address, before: only?.before })}${only === null ? '' : ` WHERE ${only.sql}`}`,
      )
      .raw()
      .safeIntegers(address.length > 0)
      .iterate(...(only === null ? [] : [only.values]));
    for (const row of rows) {
      if (filling.isFull()) yield filling.take();
      filling.add(row);
    }
  } catch (error) {
    throw readFailure(table.source, error);
  }
  if (filling.batch.rowCount > 0) yield filling.take();
}

function isUtf16File(db: Database): boolean {
  return db.pragma('encoding', { simple: true }) !== 'UTF-8';
}
