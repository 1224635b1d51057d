import { chmodSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { flushPath } from '../../platform/flush.js';
import { quoteIdentifier } from '../../lib/quote.js';
import { copyPrivately } from './private-copy.js';
import type { Snapshot } from '../../model/source.js';
import { Database } from '../sqlite.js';
import { hashFile } from './file-hash.js';
import { type MappedKeys, writeKeys } from './mapped-keys.js';

/*
 * A copy of a snapshot in which keys are others, and all that refers to them follows. It is changed before it is hashed,
 * and never after. Triggers are out of the way meanwhile, and no foreign key or check is looked at: only the keys change.
 */

/** Integers are moved up here on their way, so that two that change places never meet. */
const aside = 1n << 61n;
/** No integer that is mapped or left may reach this. */
export const mappedMax = 1n << 60n;
const asideText = '\u0001pgferry:';

export class MappedCopy {
  readonly #path: string;
  readonly #db: Database;
  readonly #triggers: readonly string[];

  /** A copy of this snapshot, at a path that must not exist. */
  static of(snapshotPath: string, path: string): MappedCopy {
    copyPrivately(snapshotPath, path);
    return new MappedCopy(path);
  }

  /** A file of ours that may be changed. */
  constructor(path: string) {
    this.#path = path;
    this.#db = new Database(path);
    this.#db.defaultSafeIntegers(true);
    for (const setting of ['foreign_keys = OFF', 'ignore_check_constraints = ON', 'journal_mode = MEMORY'])
      this.#db.pragma(setting);
    this.#db.exec('BEGIN IMMEDIATE');
    const triggers = this.#db
      .prepare<[], { name: string; sql: string }>(`SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'`)
      .all();
    for (const { name } of triggers) this.#db.exec(`DROP TRIGGER ${quoteIdentifier(name)}`);
    this.#triggers = triggers.map(({ sql }) => sql);
    this.#db.exec('CREATE TEMP TABLE pgferry_keys (old PRIMARY KEY, new) WITHOUT ROWID');
  }

  /** Rows of these columns, at most `rowsMax`. */
  read(table: string, columns: readonly string[], rowsMax: number): unknown[][] {
    const list = columns.map(quoteIdentifier).join(', ');
    return this.#db
      .prepare<[number], unknown[]>(`SELECT ${list} FROM main.${quoteIdentifier(table)} LIMIT ?`)
      .raw()
      .all(rowsMax);
  }

  /** Sets each old key to its new one in every column; gives how many values each has that changed. */
  map({ pairs, columns }: MappedKeys): readonly number[] {
    const insert = this.#db.prepare('INSERT INTO temp.pgferry_keys VALUES (?, ?)');
    this.#db.exec('DELETE FROM temp.pgferry_keys');
    for (const [old, now] of pairs)
      if (old !== now) insert.run(old, typeof now === 'bigint' ? now + aside : `${asideText}${now}`);
    return columns.map(({ table, column }) => {
      const [name, of] = [`main.${quoteIdentifier(table)}`, quoteIdentifier(column)];
      const { changes } = this.#db
        .prepare(
          `UPDATE ${name} SET ${of} = (SELECT new FROM temp.pgferry_keys WHERE old = ${of})
            WHERE ${of} IN (SELECT old FROM temp.pgferry_keys)`,
        )
        .run();
      const isAside = `typeof(${of}) = 'integer' AND ${of} > ${mappedMax}`;
      this.#db.exec(`UPDATE ${name} SET ${of} = ${of} - ${aside} WHERE ${isAside}`);
      this.#db
        .prepare(`UPDATE ${name} SET ${of} = substr(${of}, ?) WHERE typeof(${of}) = 'text' AND substr(${of}, 1, ?) = ?`)
        .run(asideText.length + 1, asideText.length, asideText);
      return changes;
    });
  }

  /** Ends the copy; gives it as a snapshot of the same moment, read-only and hashed, with the keys in a file beside it. */
  async end(of: Snapshot, maps: readonly MappedKeys[], signal: AbortSignal): Promise<Snapshot> {
    this.finish();
    chmodSync(this.#path, 0o400);
    const keys = writeKeys(`${this.#path}.json`, maps);
    await flushPath(this.#path);
    const { size: bytes } = await stat(this.#path);
    const unmapped = { snapshot: { path: of.path, sha256: of.sha256 }, keys };
    return { ...of, path: this.#path, bytes, sha256: await hashFile(this.#path, signal), unmapped };
  }

  /** Commits what was changed, and closes the file. */
  finish(): void {
    for (const sql of this.#triggers) this.#db.exec(sql);
    this.#db.exec('COMMIT');
    this.close();
  }

  close(): void {
    this.#db.close();
  }
}
