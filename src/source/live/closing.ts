import { quoteIdentifier } from '../../lib/quote.js';
import type { Database } from '../sqlite.js';
import { busyTimeoutMs, openSource, withSource } from '../open.js';
import { translateSqliteError } from '../source-error.js';

/*
 * The live database closed to writers after it was moved: three triggers on each table, which end any statement that
 * writes. They are part of the file, so they bind every process, whenever it opened it. Virtual tables cannot have any.
 */

const prefix = 'pgferry_closed_';
export const isClosingTrigger = `type = 'trigger' AND substr(name, 1, ${prefix.length}) = '${prefix}'`;

export interface Closing {
  /** Of the cutover that closed it. */
  readonly cutoverId: string;
  readonly schemaVersion: number;
  /** Whether no table was opened by hand, or made since. */
  readonly isWhole: boolean;
}

/** The cutover that closed the database, or null where it is open. Reads only. */
export async function readClosing(path: string): Promise<Closing | null> {
  return await withSource(path, closingOf);
}

/** The same where a crashed writer left its journal: it is rolled back first. */
export function readClosingRecovered(path: string): Closing | null {
  const db = openSource(path, { readonly: false, timeoutMs: busyTimeoutMs });
  try {
    return closingOf(db);
  } catch (error) {
    throw translateSqliteError(error, path);
  } finally {
    db.close();
  }
}

/** The same for a connection, as its transaction sees the database. */
export function closingOf(db: Database): Closing | null {
  const sql = db.prepare<[], string>(`SELECT sql FROM sqlite_schema WHERE ${isClosingTrigger} LIMIT 1`).pluck().get();
  const cutoverId = /\(cutover ([0-9a-f]+)\)/.exec(sql ?? '')?.[1];
  if (cutoverId === undefined) return null;
  const open = db
    .prepare<[], number>(
      `SELECT count(*) FROM (${closableTables}) WHERE 3 > (SELECT count(*) FROM sqlite_schema WHERE ${isClosingTrigger} AND tbl_name = table_name)`,
    )
    .pluck()
    .get();
  return { cutoverId, schemaVersion: Number(db.pragma('schema_version', { simple: true })), isWhole: open === 0 };
}

const closableTables = `SELECT name AS table_name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`;

/** Makes the triggers inside the caller's transaction. */
export function closeSourceTables(db: Database, cutoverId: string, at: Date): void {
  const text = `this database was moved to PostgreSQL by pgferry on ${at.toISOString()} (cutover ${cutoverId}); writes go there`;
  const tables = db.prepare<[], string>(closableTables).pluck().all();
  tables.forEach((table, index) => {
    for (const event of ['insert', 'update', 'delete']) {
      db.exec(
        `CREATE TRIGGER "${prefix}${event}_${index}" BEFORE ${event.toUpperCase()} ON ${quoteIdentifier(table)}
           BEGIN SELECT RAISE(ABORT, '${text}'); END`,
      );
    }
  });
}

/** Opens a closed database again, and returns how many triggers it had. Error: source.busy. */
export function reopenSourceTables(path: string): number {
  const db = openSource(path, { readonly: false, timeoutMs: busyTimeoutMs });
  try {
    db.pragma('synchronous = EXTRA');
    db.exec('BEGIN IMMEDIATE');
    const names = db.prepare<[], string>(`SELECT name FROM sqlite_schema WHERE ${isClosingTrigger}`).pluck().all();
    for (const name of names) db.exec(`DROP TRIGGER "${name}"`);
    db.exec('COMMIT');
    return names.length;
  } catch (error) {
    throw translateSqliteError(error, path);
  } finally {
    db.close();
  }
}
