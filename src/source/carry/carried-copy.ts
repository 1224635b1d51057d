import { closeSync, fsyncSync, openSync } from 'node:fs';
import { quoteIdentifier } from '../../lib/quote.js';
import type { SourceTable } from '../../model/source.js';
import type { SqliteValue } from '../../model/value.js';
import { openSource } from '../open.js';
import { type Database, isSqliteError } from '../sqlite.js';
import type { CheckedForeignKey } from './foreign-keys.js';
import { type OrphanRow, TouchedRows } from './touched-rows.js';
import { triggersToSetAside, type Trigger } from './triggers.js';
import { CarriedTableWriter } from './table-writer.js';

/*
 * A copy of a snapshot that takes the rows of another database, all in one transaction. Its triggers and foreign-key
 * actions do not fire, since what they would do was done where the rows come from; only statements of triggers that write
 * into a virtual table (full-text search) are run, where its rows do not come from there themselves. Foreign keys are checked at the end, of the rows that were touched where these are few.
 */
export class CarriedCopy {
  readonly #db: Database;
  readonly #triggers: readonly Trigger[];
  readonly #touched: TouchedRows | null;

  /**
   * Opens the copy for writing; nobody else may have it open. A crash leaves it useless. `foreignKeys`: null where SQLite has to
   * check them all. `virtualTables`: those that get rows of their own.
   */
  constructor(
    readonly path: string,
    foreignKeys: readonly CheckedForeignKey[] | null = null,
    virtualTables: readonly string[] = [],
  ) {
    this.#db = openSource(path, { readonly: false, timeoutMs: 0 });
    for (const pragma of ['journal_mode = MEMORY', 'synchronous = OFF', 'temp_store = MEMORY', 'foreign_keys = OFF'])
      this.#db.pragma(pragma);
    this.#touched = foreignKeys === null ? null : new TouchedRows(this.#db, foreignKeys);
    this.#triggers = triggersToSetAside(this.#db, virtualTables);
    this.#db.exec('BEGIN IMMEDIATE');
    for (const trigger of this.#triggers) this.#replace(trigger, trigger.standIn);
  }

  get database(): Database {
    return this.#db;
  }

  table(table: SourceTable): CarriedTableWriter {
    return new CarriedTableWriter(this.#db, table, this.#touched);
  }

  /** Makes AUTOINCREMENT go on behind this number. */
  raiseSequence(table: string, value: string): void {
    const seq = BigInt(value);
    const changed = this.#db
      .prepare<[bigint, string]>('UPDATE main.sqlite_sequence SET seq = max(seq, ?) WHERE name = ?')
      .run(seq, table);
    if (changed.changes === 0)
      this.#db.prepare<SqliteValue[]>('INSERT INTO main.sqlite_sequence (name, seq) VALUES (?, ?)').run(table, seq);
  }

  /** Rows whose parent is missing now, and was not in the snapshot. */
  orphans(snapshot: Database): readonly OrphanRow[] {
    const touched = this.#touched;
    return touched === null || touched.areTooMany ? newOrphans(this.#db, snapshot) : touched.orphans(snapshot);
  }

  /** Commits, and makes the file durable. */
  finish(): void {
    for (const { name, standIn } of this.#triggers) if (standIn !== null) this.#drop(name);
    for (const { sql } of this.#triggers) this.#db.exec(sql);
    this.#db.exec('COMMIT');
    this.#db.pragma('journal_mode = DELETE');
    this.#db.close();
    const file = openSync(this.path, 'r');
    fsyncSync(file);
    closeSync(file);
  }

  #replace({ name }: Trigger, sql: string | null): void {
    this.#drop(name);
    if (sql !== null) this.#db.exec(sql);
  }

  #drop(name: string): void {
    this.#db.exec(`DROP TRIGGER ${quoteIdentifier(name)}`);
  }

  /** Closes without a commit. */
  abandon(): void {
    if (this.#db.open) this.#db.close();
  }
}

/** A row whose parent is missing, as `PRAGMA foreign_key_check` names it. */
interface Orphan {
  readonly table: string;
  readonly rowid: number | null;
  readonly parent: string;
  readonly fkid: number;
}

/** What SQLite finds in all rows of the copy, and did not find in the snapshot. */
function newOrphans(copy: Database, snapshot: Database): OrphanRow[] {
  const now = orphansOf(copy);
  if (now.length === 0) return [];
  const nameOf = ({ table, rowid, parent, fkid }: Orphan) => JSON.stringify([table, rowid, parent, fkid]);
  const before = new Map<string, number>();
  for (const orphan of orphansOf(snapshot)) before.set(nameOf(orphan), (before.get(nameOf(orphan)) ?? 0) + 1);
  return now.flatMap((orphan) => {
    const count = before.get(nameOf(orphan)) ?? 0;
    before.set(nameOf(orphan), count - 1);
    const key = orphan.rowid === null ? null : `rowid=${orphan.rowid}`;
    return count > 0 ? [] : [{ table: orphan.table, key, parent: orphan.parent }];
  });
}

/** None where a foreign key of the schema is none that SQLite could enforce: it then enforces none of that table. */
function orphansOf(db: Database): readonly Orphan[] {
  try {
    return db.pragma('main.foreign_key_check') as Orphan[];
  } catch (error) {
    if (isSqliteError(error)) return [];
    throw error;
  }
}
