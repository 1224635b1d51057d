import { closeSync, fsyncSync, openSync } from 'node:fs';
import { quoteIdentifier } from '../../lib/quote.js';
import type { SourceTable } from '../../model/source.js';
import type { SqliteValue } from '../../model/value.js';
import { openSource } from '../open.js';
import { type Database, isSqliteError } from '../sqlite.js';
import { triggersToSetAside, type Trigger } from './triggers.js';
import { CarriedTableWriter } from './table-writer.js';

/*
 * A copy of a snapshot that takes the rows of another database, all in one transaction. Its triggers and foreign-key
 * actions do not fire, since what they would do was done where the rows come from; only triggers that keep a virtual table
 * (full-text search) up to date stay. Foreign keys are checked at the end.
 */
export class CarriedCopy {
  readonly #db: Database;
  readonly #triggers: readonly Trigger[];

  /** Opens the copy for writing; nobody else may have it open. A crash leaves it useless. */
  constructor(readonly path: string) {
    this.#db = openSource(path, { readonly: false, timeoutMs: 0 });
    for (const pragma of ['journal_mode = MEMORY', 'synchronous = OFF', 'temp_store = MEMORY', 'foreign_keys = OFF'])
      this.#db.pragma(pragma);
    this.#triggers = triggersToSetAside(this.#db);
    this.#db.exec('BEGIN IMMEDIATE');
    for (const { name } of this.#triggers) this.#db.exec(`DROP TRIGGER ${quoteIdentifier(name)}`);
  }

  get database(): Database {
    return this.#db;
  }

  table(table: SourceTable): CarriedTableWriter {
    return new CarriedTableWriter(this.#db, table);
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

  /** Rows whose parent is missing now, as `table, rowid, parent`; null where SQLite cannot say. */
  orphans(): readonly Orphan[] | null {
    return orphansOf(this.#db);
  }

  /** Commits, and makes the file durable. */
  finish(): void {
    for (const { sql } of this.#triggers) this.#db.exec(sql);
    this.#db.exec('COMMIT');
    this.#db.pragma('journal_mode = DELETE');
    this.#db.close();
    const file = openSync(this.path, 'r');
    fsyncSync(file);
    closeSync(file);
  }

  /** Closes without a commit. */
  abandon(): void {
    if (this.#db.open) this.#db.close();
  }
}

/** A row whose parent is missing, as `PRAGMA foreign_key_check` names it. */
export interface Orphan {
  readonly table: string;
  readonly rowid: number | null;
  readonly parent: string;
  readonly fkid: number;
}

/** Null where a foreign key of the schema is none that SQLite could enforce: it then enforces none of that table. */
export function orphansOf(db: Database): readonly Orphan[] | null {
  try {
    return db.pragma('main.foreign_key_check') as Orphan[];
  } catch (error) {
    if (isSqliteError(error)) return null;
    throw error;
  }
}
