import { quoteIdentifier } from '../../lib/quote.js';
import type { Database } from '../sqlite.js';
import { withSource } from '../open.js';
import { isClosingTrigger } from './closing.js';
import { holdsPagesOf } from './same-pages.js';

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
 * transaction. Equal tables are read once; one that differs is sorted on both sides. `copyPath`: a private copy of the live
 * database as it is, whose pages may show that nothing has to be compared. Errors: those of `withSource`.
 */
export async function findSourceWrites(
  livePath: string,
  snapshotPath: string,
  copyPath: string | null = null,
): Promise<SourceWrites> {
  return await withSource(livePath, (db) => {
    db.prepare('ATTACH ? AS snap').run(snapshotPath);
    db.exec('BEGIN');
    const hasOtherSchema = schemaOf(db, 'main') !== schemaOf(db, 'snap');
    const hasSameRoots = !hasOtherSchema && rootsOf(db, 'main') === rootsOf(db, 'snap');
    if (hasSameRoots && copyPath !== null && holdsPagesOf(copyPath, snapshotPath))
      return { tables: [], hasOtherSchema };
    const inSnapshot = new Set(tablesOf(db, 'snap'));
    const names = tablesOf(db, 'main').filter((name) => inSnapshot.has(name));
    const tables = names.map((name) => compareTable(db, name)).filter(({ added, gone }) => added + gone > 0);
    db.exec('COMMIT');
    return { tables, hasOtherSchema };
  });
}

type Schema = 'main' | 'snap';

function schemaOf(db: Database, schema: Schema): string {
  const objects = db
    .prepare(
      `SELECT type, name, tbl_name, sql FROM ${schema}.sqlite_schema WHERE NOT (${isClosingTrigger} OR ${isStatistics}) ORDER BY type, name`,
    )
    .all();
  const versions = ['user_version', 'application_id'].map((name) => db.pragma(`${schema}.${name}`, { simple: true }));
  return JSON.stringify([objects, versions]);
}

/** The page at which each table and index begins. */
function rootsOf(db: Database, schema: Schema): string {
  const sql = `SELECT type, name, rootpage FROM ${schema}.sqlite_schema WHERE rootpage > 0 AND NOT (${isStatistics}) ORDER BY type, name`;
  return JSON.stringify(db.prepare(sql).all());
}

/** What ANALYZE wrote, as PRAGMA optimize does where an application closes its connection; no row of anybody's. */
const isStatistics = `name LIKE 'sqlite\\_stat%' ESCAPE '\\'`;

function tablesOf(db: Database, schema: Schema): string[] {
  return db
    .prepare<[string], string>(
      `SELECT name FROM pragma_table_list WHERE schema = ? AND type IN ('table', 'shadow')
          AND name NOT IN ('sqlite_schema', 'sqlite_temp_schema') AND NOT (${isStatistics})`,
    )
    .pluck()
    .all(schema);
}

/** quote() tells storage classes and every byte apart; counts tell copies of one row apart where there is no key. */
function compareTable(db: Database, table: string): ChangedSourceTable {
  const columns = db
    .prepare<[string], string>(`SELECT name FROM pragma_table_xinfo(?, 'main') WHERE hidden IN (0, 2, 3)`)
    .pluck()
    .all(table);
  if (isEqualByRowid(db, table, columns)) return { table, added: 0, gone: 0 };
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

/** SQLite limits how deep an expression may be; wider tables are compared by sorting alone. */
const joinedColumnsMax = 200;

/** Whether both have the same rows under the same rowids: one reading, without sorting. False where that cannot be asked. */
function isEqualByRowid(db: Database, table: string, columns: readonly string[]): boolean {
  const taken = new Set(columns.map((name) => name.toLowerCase()));
  const rowid = ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
  const hasRowid = `SELECT count(*) = 2 FROM pragma_table_list WHERE name = ? AND schema IN ('main', 'snap') AND wr = 0`;
  if (rowid === undefined || columns.length > joinedColumnsMax) return false;
  if (db.prepare<[string], number>(hasRowid).pluck().get(table) !== 1) return false;
  const name = quoteIdentifier(table);
  const isOther = columns.map(quoteIdentifier).map(
    // 1 and 1.0 are equal, and so are texts of which the column's collation says so.
    (column) => `typeof(a.${column}) <> typeof(b.${column}) OR a.${column} IS NOT b.${column} COLLATE BINARY`,
  );
  const difference = `SELECT 1 FROM main.${name} a LEFT JOIN snap.${name} b ON b.${rowid} = a.${rowid} WHERE b.${rowid} IS NULL OR ${isOther.join(' OR ')}`;
  const isSame = `SELECT (SELECT count(*) FROM main.${name}) = (SELECT count(*) FROM snap.${name}) AND NOT EXISTS (${difference})`;
  return db.prepare<[], number>(isSame).pluck().get() === 1;
}
