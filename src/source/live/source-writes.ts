import { quoteIdentifier } from '../../lib/quote.js';
import type { Database } from '../sqlite.js';
import { withSource } from '../open.js';
import { isClosingTrigger } from './closing.js';

/** A table of the live database that does not hold what the snapshot holds. */
export interface ChangedSourceTable {
  readonly table: string;
  /** Rows that only the live database has, and rows that only the snapshot has; a changed row is one of each. */
  readonly added: number;
  readonly gone: number;
}

/** What the live database has that its snapshot has not, or the other way round. */
export interface SourceWrites {
  readonly tables: readonly ChangedSourceTable[];
  /** Whether tables, indexes, views, triggers or the user's version numbers are others, pgferry's closing triggers aside. */
  readonly hasOtherSchema: boolean;
}

/**
 * Compares the live database with a snapshot of it by SQLite itself, value by value with its storage class, in one read
 * transaction. Takes as long as sorting both does: it is for a database that took writes after it was moved or restored,
 * not for one that is closed. Errors: those of `withSource`.
 */
export async function findSourceWrites(livePath: string, snapshotPath: string): Promise<SourceWrites> {
  return await withSource(livePath, (db) => {
    db.prepare('ATTACH ? AS snap').run(snapshotPath);
    db.exec('BEGIN');
    const hasOtherSchema = schemaOf(db, 'main') !== schemaOf(db, 'snap');
    const inSnapshot = new Set(tablesOf(db, 'snap'));
    const names = tablesOf(db, 'main').filter((name) => inSnapshot.has(name));
    const tables = names.map((name) => compareTable(db, name)).filter(({ added, gone }) => added + gone > 0);
    db.exec('COMMIT');
    return { tables, hasOtherSchema };
  });
}

/** Whether a virtual table of the live database, by the tables in which it keeps its rows, is not what it is in the snapshot. */
export async function hasVirtualWrites(livePath: string, snapshotPath: string): Promise<boolean> {
  return await withSource(livePath, (db) => {
    db.prepare('ATTACH ? AS snap').run(snapshotPath);
    const inSnapshot = new Set(tablesOf(db, 'snap', ['shadow']));
    const names = tablesOf(db, 'main', ['shadow']);
    if (names.length !== inSnapshot.size || !names.every((name) => inSnapshot.has(name))) return true;
    return names.some((name) => {
      const { added, gone } = compareTable(db, name);
      return added + gone > 0;
    });
  });
}

type Schema = 'main' | 'snap';
type Kind = 'table' | 'shadow';

function schemaOf(db: Database, schema: Schema): string {
  const objects = db
    .prepare(
      `SELECT type, name, tbl_name, sql FROM ${schema}.sqlite_schema WHERE NOT (${isClosingTrigger}) ORDER BY type, name`,
    )
    .all();
  const versions = ['user_version', 'application_id'].map((name) => db.pragma(`${schema}.${name}`, { simple: true }));
  return JSON.stringify([objects, versions]);
}

function tablesOf(db: Database, schema: Schema, kinds: readonly Kind[] = ['table', 'shadow']): string[] {
  return db
    .prepare<[string, string], string>(
      `SELECT name FROM pragma_table_list WHERE schema = ? AND type IN (SELECT value FROM json_each(?)) AND name NOT IN ('sqlite_schema', 'sqlite_temp_schema')`,
    )
    .pluck()
    .all(schema, JSON.stringify(kinds));
}

/** quote() tells storage classes and every byte apart; counts tell copies of one row apart where there is no key. */
function compareTable(db: Database, table: string): ChangedSourceTable {
  const columns = db
    .prepare<[string], string>(`SELECT name FROM pragma_table_xinfo(?, 'main') WHERE hidden IN (0, 2, 3)`)
    .pluck()
    .all(table);
  const cells = columns.map((name) => `quote(${quoteIdentifier(name)})`).join(', ');
  const rows = (schema: Schema) =>
    `SELECT ${cells}, count(*) FROM ${schema}.${quoteIdentifier(table)} GROUP BY ${columns.map((_, at) => at + 1).join(', ')}`;
  const only = (one: Schema, other: Schema) =>
    Number(
      db
        .prepare(`SELECT count(*) FROM (${rows(one)} EXCEPT ${rows(other)})`)
        .pluck()
        .get(),
    );
  return { table, added: only('main', 'snap'), gone: only('snap', 'main') };
}
