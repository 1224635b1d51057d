import { quoteIdentifier } from '../../lib/quote.js';
import type { SqliteValue } from '../../model/value.js';
import type { Database } from '../sqlite.js';
import type { CheckedForeignKey } from './foreign-keys.js';

/** Of more rows than this it is cheaper to check all, and no more are kept. */
const touchedMax = 200_000;

type Values = readonly SqliteValue[];

/** A row whose parent is missing. */
export interface OrphanRow {
  readonly table: string;
  /** As text, `rowid=3`; null where it has no name. */
  readonly key: string | null;
  readonly parent: string;
}

/**
 * The rows of a copy whose writes may have broken a foreign key: children that were written, and the keys of parents that went
 * away or changed. So a check costs these rows, where PRAGMA foreign_key_check reads all children.
 */
export class TouchedRows {
  readonly #db: Database;
  readonly #keys: readonly CheckedForeignKey[];
  readonly #written = new Map<CheckedForeignKey, Values[]>();
  readonly #left = new Map<CheckedForeignKey, Values[]>();
  readonly #readers = new Map<CheckedForeignKey, ReturnType<typeof keyReader>>();
  #count = 0;

  constructor(db: Database, keys: readonly CheckedForeignKey[]) {
    this.#db = db;
    this.#keys = keys;
  }

  /** Whether there were too many rows to keep. */
  get areTooMany(): boolean {
    return this.#count > touchedMax;
  }

  /** Called before a row is deleted, or gets other values in these columns. */
  leaving(table: string, address: Values, columns: readonly string[] | null): void {
    for (const key of this.#keys) {
      if (key.parent !== table || columns?.some((name) => key.parentColumns.includes(name)) === false) continue;
      const reader = this.#readers.get(key) ?? keyReader(this.#db, key);
      this.#readers.set(key, reader);
      const values = reader.get(...(address as SqliteValue[]));
      if (values !== undefined && !values.includes(null)) this.#keep(this.#left, key, values);
    }
  }

  /** Called when a row was written, with where it stands now. */
  written(table: string, address: Values): void {
    for (const key of this.#keys) if (key.child === table) this.#keep(this.#written, key, address);
  }

  /** The rows without a parent, but for those that had none in `before` either. */
  orphans(before: Database): OrphanRow[] {
    return this.#keys.flatMap((key) => {
      const { child: table, childAddress, parent } = key;
      const found = new Map<string, Values>();
      const add = (address: Values) => found.set(nameOf(childAddress, address), address);
      const isOrphan = orphanTest(this.#db, key);
      for (const address of this.#written.get(key) ?? []) if (isOrphan(address)) add(address);
      for (const address of this.#leftBehind(key)) add(address);
      if (found.size === 0) return [];
      const wasOrphan = orphanTest(before, key);
      return [...found].filter(([, address]) => !wasOrphan(address)).map(([name]) => ({ table, key: name, parent }));
    });
  }

  #keep(rows: Map<CheckedForeignKey, Values[]>, key: CheckedForeignKey, values: Values): void {
    this.#count += 1;
    if (this.areTooMany) {
      this.#written.clear();
      this.#left.clear();
      return;
    }
    const list = rows.get(key) ?? [];
    list.push(values);
    rows.set(key, list);
  }

  /** Children of parents that are not there any more. */
  #leftBehind(key: CheckedForeignKey): Values[] {
    const db = this.#db;
    const isThere = db
      .prepare<SqliteValue[], unknown[]>(
        `SELECT 1 FROM main.${quoteIdentifier(key.parent)} AS p WHERE ${key.parentColumns.map((name) => `p.${quoteIdentifier(name)} = ?`).join(' AND ')}`,
      )
      .raw();
    const gone = (this.#left.get(key) ?? []).filter(
      (values) => isThere.get(...(values as SqliteValue[])) === undefined,
    );
    if (gone.length === 0) return [];
    const slots = key.columns.map((_, i) => `k${i}`).join(', ');
    db.exec(`CREATE TABLE temp.pgferry_gone (${slots})`);
    const insert = db.prepare<SqliteValue[]>(
      `INSERT INTO temp.pgferry_gone VALUES (${key.columns.map(() => '?').join(', ')})`,
    );
    for (const values of gone) insert.run(...(values as SqliteValue[]));
    const named = `(${key.columns.map((name) => `c.${quoteIdentifier(name)}`).join(', ')}) IN (SELECT ${slots} FROM temp.pgferry_gone)`;
    // Where the sides compare otherwise, other values may have meant the same parent.
    const rows = db
      .prepare<[], SqliteValue[]>(`${orphansSql(key, key.childAddress)}${key.isPlain ? ` AND ${named}` : ''}`)
      .raw()
      .safeIntegers()
      .all();
    db.exec('DROP TABLE temp.pgferry_gone');
    return rows;
  }
}

function keyReader(db: Database, { parent, parentColumns, parentAddress }: CheckedForeignKey) {
  const names = parentColumns.map(quoteIdentifier).join(', ');
  const where = parentAddress.map((name) => `${quoteIdentifier(name)} IS ?`).join(' AND ');
  return db
    .prepare<SqliteValue[], SqliteValue[]>(`SELECT ${names} FROM main.${quoteIdentifier(parent)} WHERE ${where}`)
    .raw()
    .safeIntegers();
}

function orphanTest(db: Database, key: CheckedForeignKey): (address: Values) => boolean {
  const where = key.childAddress.map((name) => `c.${quoteIdentifier(name)} IS ?`).join(' AND ');
  const statement = db.prepare<SqliteValue[], unknown[]>(`${orphansSql(key, [])} AND ${where}`).raw();
  return (address) => statement.get(...(address as SqliteValue[])) !== undefined;
}

/** The children without a parent. The + takes a child's affinity away: a foreign key compares with that of the parent. */
function orphansSql({ child, columns, parent, parentColumns }: CheckedForeignKey, address: readonly string[]): string {
  const read = address.length === 0 ? '1' : address.map((name) => `c.${quoteIdentifier(name)}`).join(', ');
  const filled = columns.map((name) => `c.${quoteIdentifier(name)} IS NOT NULL`).join(' AND ');
  const equal = columns.map((name, i) => `p.${quoteIdentifier(parentColumns[i] ?? '')} = +c.${quoteIdentifier(name)}`);
  return `SELECT ${read} FROM main.${quoteIdentifier(child)} AS c WHERE ${filled} AND NOT EXISTS (SELECT 1 FROM main.${quoteIdentifier(parent)} AS p WHERE ${equal.join(' AND ')})`;
}

function nameOf(columns: readonly string[], address: Values): string {
  return columns.map((name, i) => `${name}=${String(address[i])}`).join(', ');
}
