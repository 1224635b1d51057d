import { quoteIdentifier } from '../../lib/quote.js';
import type { SourceTable } from '../../model/source.js';
import type { SqliteValue } from '../../model/value.js';
import { type Database, isSqliteError } from '../sqlite.js';
import { addressOf } from './row-address.js';
import type { TouchedRows } from './touched-rows.js';

type Statement = ReturnType<typeof prepare>;

/** Values by which a row is found again: its rowid, or its primary key. */
type Address = readonly SqliteValue[];

/** A statement that writes one row, and how the row is found afterwards, from the rowid of the last insert. */
interface Write {
  readonly sql: string;
  readonly columns: readonly string[];
  readonly values: readonly SqliteValue[];
  readonly addressOf: (lastRowid: bigint) => Address;
}

interface WaitingInsert {
  readonly key: string;
  readonly columns: readonly string[];
  readonly cells: readonly SqliteValue[];
}

/**
 * Writes rows into one table of a copy. A value of a unique key may wander from row to row: a row that collides waits until
 * the others have moved. OR ABORT overrides an ON CONFLICT of the schema, which would remove the other row. What a cell becomes under the affinity of its column is given back by `insert` and `update`.
 */
export class CarriedTableWriter {
  readonly #db: Database;
  readonly #table: SourceTable;
  readonly #name: string;
  readonly #address: readonly string[];
  readonly #where: string;
  readonly #isVirtual: boolean;
  /** Columns that SQLite computes. */
  readonly #computed: readonly string[];
  readonly #touched: TouchedRows | null;
  readonly #statements = new Map<string, Statement>();
  readonly #waiting: WaitingInsert[] = [];
  readonly #parkedKeys: string[] = [];

  /** `touched`: notes what may break a foreign key. */
  constructor(db: Database, table: SourceTable, touched: TouchedRows | null = null) {
    this.#db = db;
    this.#table = table;
    this.#touched = touched;
    this.#isVirtual = table.virtual !== undefined;
    this.#computed = table.columns.filter(({ generated }) => generated !== 'no').map(({ name }) => name);
    this.#address = addressOf(table);
    this.#name = `main.${quoteIdentifier(table.name)}`;
    const equals = table.virtual === undefined ? 'IS' : '=';
    this.#where = this.#address.map((column) => `${quoteIdentifier(column)} ${equals} ?`).join(' AND ');
  }

  delete(address: Address): void {
    this.#touched?.leaving(this.#table.name, address, null);
    this.#run(`DELETE FROM ${this.#name} WHERE ${this.#where}`, address);
  }

  /** Only these columns are written; all other cells keep their bytes. Gives the cells as they stand then. */
  update(address: Address, columns: readonly string[], cells: readonly SqliteValue[], key: string): Written {
    this.#touched?.leaving(this.#table.name, address, columns);
    const set = columns.map((column, i) => `${quoteIdentifier(column)} = ${slotOf(cells[i])}`).join(', ');
    const sql = `UPDATE OR ABORT ${this.#name} SET ${set} WHERE ${this.#where}`;
    const moved = this.#address.map((name, at) =>
      columns.includes(name) ? cells[columns.indexOf(name)] : address[at],
    );
    const write = { sql, columns, values: [...cells, ...address], addressOf: () => moved as Address };
    // Nothing but the rowid of a virtual table is unique, and it is not parked.
    return this.#write(write, this.#isVirtual ? null : () => this.#park(address, set, cells, key));
  }

  insert(columns: readonly string[], cells: readonly SqliteValue[], key: string): Written {
    return this.#write(this.#insert(columns, cells), () => this.#waiting.push({ key, columns, cells }));
  }

  /** Writes what waits. Gives the rows that SQLite does not take, with its reason. */
  finish(): { readonly key: string; readonly reason: string }[] {
    const refused = this.#waiting.flatMap(({ key, columns, cells }) => {
      const written = this.#attempt(this.#insert(columns, cells));
      return 'reason' in written ? [{ key, reason: written.reason }] : [];
    });
    if (this.#parkedKeys.length === 0) return refused;
    const { names, parkedNames } = this.#ownNames();
    try {
      const sql = `INSERT OR ABORT INTO ${this.#name} (${names}) SELECT ${parkedNames} FROM ${parked} RETURNING ${list(this.#address)}`;
      for (const address of this.#db.prepare<[], SqliteValue[]>(sql).raw().safeIntegers().all())
        this.#touched?.written(this.#table.name, address);
    } catch (error) {
      refused.push({ key: this.#parkedKeys.join('; '), reason: reasonOf(error) });
    }
    this.#db.exec(`DROP TABLE ${parked}`);
    return refused;
  }

  #insert(columns: readonly string[], cells: readonly SqliteValue[]): Write {
    const sql = `INSERT OR ABORT INTO ${this.#name} (${list(columns)}) VALUES (${cells.map(slotOf).join(', ')})`;
    return { sql, columns, values: cells, addressOf: (rowid) => [rowid] };
  }

  /** Takes the row out as it shall be, byte for byte where it does not change. */
  #park(address: Address, set: string, cells: readonly SqliteValue[], key: string): void {
    const { names, parkedNames, shape } = this.#ownNames();
    const number = BigInt(this.#parkedKeys.length);
    if (number === 0n)
      this.#db.exec(`CREATE TABLE ${parked} AS SELECT ${shape}, 0 AS ${numberName} FROM ${this.#name} WHERE 0`);
    this.#parkedKeys.push(key);
    const into = `INSERT INTO ${parked} (${parkedNames}, ${numberName})`;
    this.#run(`${into} SELECT ${names}, ? FROM ${this.#name} WHERE ${this.#where}`, [number, ...address]);
    this.#run(`UPDATE ${parked} SET ${set} WHERE ${numberName} = ?`, [...cells, number]);
    this.delete(address);
  }

  /** All columns that are not computed, and the rowid where no column is it: in the table, and beside it. */
  #ownNames(): { readonly names: string; readonly parkedNames: string; readonly shape: string } {
    const { columns, rowidAlias, rowidName } = this.#table;
    const own = list(columns.filter(({ generated }) => generated === 'no').map(({ name }) => name));
    if (rowidAlias !== null || rowidName === null) return { names: own, parkedNames: own, shape: own };
    return {
      names: `${own}, ${rowidName}`,
      parkedNames: `${own}, ${parkedRowid}`,
      shape: `${own}, ${rowidName} AS ${parkedRowid}`,
    };
  }

  #write(write: Write, wait: (() => void) | null): Written {
    const written = this.#attempt(write);
    if (!('reason' in written) || !written.isTaken || wait === null) return written;
    wait();
    return { cells: null, computed: new Map() };
  }

  #attempt(write: Write): Written | { readonly reason: string; readonly isTaken: boolean } {
    try {
      const row = this.#isVirtual ? this.#writeVirtual(write) : this.#writeReturning(write);
      const address = row.slice(row.length - this.#address.length);
      this.#touched?.written(this.#table.name, address);
      const computed = new Map(this.#computed.map((name, i) => [name, row[write.columns.length + i] ?? null]));
      return { cells: row.slice(0, write.columns.length), computed };
    } catch (error) {
      const isTaken = isSqliteError(error) && /_(?:UNIQUE|PRIMARYKEY|ROWID)$/.test(error.code);
      return { reason: reasonOf(error), isTaken };
    }
  }

  /** The cells as they stand, those that SQLite computes, and the address of the row. */
  #writeReturning({ sql, columns, values }: Write): SqliteValue[] {
    const returning = `${sql} RETURNING ${list([...columns, ...this.#computed, ...this.#address])}`;
    return this.#prepare(returning)
      .raw()
      .safeIntegers()
      .get(...values) as SqliteValue[];
  }

  /** SQLite returns nothing from a write to a virtual table, so the row is looked up. */
  #writeVirtual({ sql, columns, values, addressOf: find }: Write): SqliteValue[] {
    const { lastInsertRowid } = this.#prepare(sql)
      .safeIntegers()
      .run(...values);
    const look = `SELECT ${list([...columns, ...this.#computed, ...this.#address])} FROM ${this.#name} WHERE ${this.#where}`;
    return this.#prepare(look)
      .raw()
      .safeIntegers()
      .get(...find(BigInt(lastInsertRowid))) as SqliteValue[];
  }

  #run(sql: string, values: readonly SqliteValue[]) {
    return this.#prepare(sql).run(...(values as SqliteValue[]));
  }

  #prepare(sql: string): Statement {
    const known = this.#statements.get(sql) ?? prepare(this.#db, sql);
    this.#statements.set(sql, known);
    return known;
  }
}

function prepare(db: Database, sql: string) {
  return db.prepare<SqliteValue[], SqliteValue[]>(sql);
}

/** The cells as they stand now, null where the row waits, and by name those that SQLite computes; or why SQLite refused it. */
export type Written =
  | { readonly cells: readonly SqliteValue[] | null; readonly computed: ReadonlyMap<string, SqliteValue> }
  | { readonly reason: string; readonly isTaken: boolean };

const parked = 'temp.pgferry_parked';
const parkedRowid = 'pgferry_rowid';
const numberName = 'pgferry_number';

/** better-sqlite3 would bind a whole double as an integer. */
function slotOf(cell: SqliteValue | undefined): string {
  return typeof cell === 'number' ? 'CAST(? AS REAL)' : '?';
}

function list(columns: readonly string[]): string {
  return columns.map(quoteIdentifier).join(', ');
}

/** SQLite's words for a row that it does not take; any other error is thrown. */
function reasonOf(error: unknown): string {
  if (isSqliteError(error) && error.code.startsWith('SQLITE_CONSTRAINT')) return `SQLite: ${error.message}`;
  throw error;
}
