import { quoteIdentifier } from '../../lib/quote.js';
import type { Database } from '../sqlite.js';
import { assert, CopierError } from '../../model/error.js';
import type { TablePlan } from '../../model/plan.js';
import type { Kind } from '../../model/kind.js';
import { type CellBatch, type SqliteValue, Storage, type StorageCode } from '../../model/value.js';

/**
 * Reads a table for the verifier. SQLite itself writes each row into one blob: for each cell the initial of its storage
 * class, the number of bytes, a colon and the bytes, integers and reals in SQLite's own decimal text. So integers stay
 * exact to ±2^63, texts keep their bytes even where they are not UTF-8, and a row costs one value instead of many.
 * Reals whose kind is a number or a point in time are also read as doubles, since their text may be rounded.
 */

/** A batch is handed on when it holds this many bytes or rows, whichever comes first. */
const batchBytes = 1 << 18;
const batchRows = 1024;
/** SQLite bounds the arguments of a function (SQLITE_LIMIT_FUNCTION_ARG, 100 in old builds); a cell takes four. */
const cellsPerCall = 20;

const exactReals: ReadonlySet<Kind['tag']> = new Set([
  'int2',
  'int4',
  'int8',
  'float4',
  'float8',
  'numeric',
  'date',
  'timestamp',
  'timestamptz',
]);

export type SourceTableToVerify = Pick<TablePlan, 'source' | 'columns'>;

/** A batch and, for each of its rows, the values of the columns by which SQLite finds the row again; integers are bigints. */
export interface AddressedBatch {
  readonly batch: CellBatch;
  readonly addresses: readonly (readonly SqliteValue[])[];
}

/** SQL about a row of table t, and what it is bound to. */
export interface RowCondition {
  readonly sql: string;
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Yields every row of the table in SQLite's cheapest order; the same batch object is filled again each time.
 * Memory: one batch, or the largest row where that is larger. Throws `source.verify_read_failed`.
 */
export function* readSourceCells(db: Database, table: SourceTableToVerify): Generator<CellBatch> {
  for (const { batch } of readAddressedCells(db, table, [])) yield batch;
}

/** The same with the address of each row: the values of these columns. `only`: the rows that are read, of table t. */
export function* readAddressedCells(
  db: Database,
  table: SourceTableToVerify,
  address: readonly string[],
  only: RowCondition | null = null,
): Generator<AddressedBatch> {
  const isUtf16 = db.pragma('encoding', { simple: true }) !== 'UTF-8';
  const reals = table.columns.flatMap((column, index) => (exactReals.has(column.kind.tag) ? [index] : []));
  const filling = new Filling(table.columns.length, reals, isUtf16);
  try {
    const rows = db
      .prepare<Readonly<Record<string, string>>[], unknown[]>(
        `${selectSql(table, reals, isUtf16, address)}${only === null ? '' : ` WHERE ${only.sql}`}`,
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

function readFailure(table: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error instanceof CopierError) return error;
  return new CopierError('source.verify_read_failed', `could not read table ${table}: ${error.message}`, {
    hint: 'check the file with `PRAGMA integrity_check`, and that it still has the tables and columns of the plan',
    table,
    cause: error,
    foreignCode: String(error.code),
  });
}

function selectSql(
  table: SourceTableToVerify,
  reals: readonly number[],
  isUtf16: boolean,
  address: readonly string[],
): string {
  const names = table.columns.map((column) => `t.${quoteIdentifier(column.source)}`);
  const calls: string[] = [];
  for (let i = 0; i < names.length; i += cellsPerCall) {
    calls.push(
      `concat(${names
        .slice(i, i + cellsPerCall)
        .map((name) => cellSql(name, isUtf16))
        .join(', ')})`,
    );
  }
  const packed = nest(calls);
  const doubles = reals.map((index) => `CASE WHEN typeof(${names[index]}) = 'real' THEN ${names[index]} END`);
  const addresses = address.map((name) => `t.${quoteIdentifier(name)}`);
  return `SELECT ${[isUtf16 ? packed : `CAST(${packed} AS BLOB)`, ...doubles, ...addresses].join(', ')} FROM ${quoteIdentifier(table.source)} AS t`;
}

/** Joins any number of texts without a call of too many arguments or an expression too deep. */
function nest(calls: readonly string[]): string {
  if (calls.length === 1) return calls[0] ?? '';
  const outer: string[] = [];
  for (let i = 0; i < calls.length; i += cellsPerCall)
    outer.push(`concat(${calls.slice(i, i + cellsPerCall).join(', ')})`);
  return nest(outer);
}

/** concat() passes over NULL, so that a NULL cell is just `n:`. In UTF-16 files blobs must be hexadecimal to survive as text. */
function cellSql(name: string, isUtf16: boolean): string {
  const value = isUtf16 ? `CASE WHEN typeof(${name}) = 'blob' THEN hex(${name}) ELSE ${name} END` : name;
  const initial = `CASE typeof(${name}) WHEN 'text' THEN 't' WHEN 'integer' THEN 'i' WHEN 'null' THEN 'n' WHEN 'real' THEN 'r' ELSE 'b' END`;
  return `${initial}, octet_length(${value}), ':', ${value}`;
}

/** The batch that is being filled, and the position of its next cell. */
class Filling {
  readonly batch: CellBatch;
  #addresses: (readonly SqliteValue[])[] = [];
  #used = 0;
  #isTaken = false;
  readonly #reals: readonly number[];
  readonly #isUtf16: boolean;

  constructor(columnCount: number, reals: readonly number[], isUtf16: boolean) {
    const cells = columnCount * batchRows;
    this.#reals = reals;
    this.#isUtf16 = isUtf16;
    this.batch = {
      rowCount: 0,
      columnCount,
      bytes: Buffer.allocUnsafe(batchBytes),
      start: new Int32Array(cells),
      end: new Int32Array(cells),
      storage: new Uint8Array(cells),
      number: new Float64Array(cells),
    };
  }

  isFull(): boolean {
    return this.batch.rowCount === batchRows || this.#used >= batchBytes;
  }

  /** Lends the batch; the next row begins it anew. */
  take(): AddressedBatch {
    this.#isTaken = true;
    return { batch: this.batch, addresses: this.#addresses };
  }

  add(row: readonly unknown[]): void {
    if (this.#isTaken) this.#restart();
    const [packed] = row;
    const first = this.batch.rowCount * this.batch.columnCount;
    if (typeof packed === 'string') this.#addText(packed, first);
    else if (Buffer.isBuffer(packed)) this.#addBytes(packed, first);
    else assert(false, 'sqlite packs a row into one value');
    for (let i = 0; i < this.#reals.length; i += 1) {
      const value = row[i + 1];
      if (typeof value === 'number') this.batch.number[first + (this.#reals[i] as number)] = value;
    }
    const addressAt = 1 + this.#reals.length;
    if (row.length > addressAt) this.#addresses.push(row.slice(addressAt) as SqliteValue[]);
    this.batch.rowCount += 1;
  }

  #restart(): void {
    this.#isTaken = false;
    this.batch.rowCount = 0;
    this.#addresses = [];
    this.#used = 0;
    // A single great value must not be held for the rest of the table.
    if (this.batch.bytes.length > 4 * batchBytes) this.batch.bytes = Buffer.allocUnsafe(batchBytes);
  }

  #addBytes(packed: Buffer, first: number): void {
    const base = this.#reserve(packed.length);
    const { bytes, columnCount, start, end, storage } = this.batch;
    packed.copy(bytes, base);
    let at = base;
    for (let cell = first; cell < first + columnCount; cell += 1) {
      storage[cell] = storageOf(bytes[at] as number);
      let size = 0;
      for (at += 1; bytes[at] !== 58; at += 1) size = size * 10 + (bytes[at] as number) - 48;
      start[cell] = at + 1;
      at += 1 + size;
      end[cell] = at;
    }
    assert(at === base + packed.length, 'the cells of a packed row fill it');
    this.#used = at;
  }

  /** A UTF-16 file: octet_length() counted two bytes for each code unit. */
  #addText(packed: string, first: number): void {
    assert(this.#isUtf16, 'only a utf-16 file packs rows as text');
    const { batch } = this;
    let at = 0;
    for (let cell = first; cell < first + batch.columnCount; cell += 1) {
      const colon = packed.indexOf(':', at);
      const storage = storageOf(packed.charCodeAt(at));
      const size = Number(packed.slice(at + 1, colon)) / 2;
      const value = Buffer.from(packed.slice(colon + 1, colon + 1 + size), storage === Storage.Blob ? 'hex' : 'utf8');
      const base = this.#reserve(value.length);
      value.copy(batch.bytes, base);
      batch.storage[cell] = storage;
      batch.start[cell] = base;
      batch.end[cell] = base + value.length;
      this.#used = base + value.length;
      at = colon + 1 + size;
    }
    assert(at === packed.length, 'the cells of a packed row fill it');
  }

  /** Makes the buffer large enough, and returns where the new bytes begin. */
  #reserve(size: number): number {
    const needed = this.#used + size;
    if (needed > this.batch.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.batch.bytes.length * 2));
      this.batch.bytes.copy(larger, 0, 0, this.#used);
      this.batch.bytes = larger;
    }
    return this.#used;
  }
}

function storageOf(initial: number): StorageCode {
  switch (initial) {
    case 110:
      return Storage.Null;
    case 105:
      return Storage.Integer;
    case 114:
      return Storage.Real;
    case 116:
      return Storage.Text;
    default:
      return Storage.Blob;
  }
}
