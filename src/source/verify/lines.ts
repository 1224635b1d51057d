import type { Database } from '../sqlite.js';

/**
 * The SQL function that orders the texts of a UTF-16 file by their UTF-8 bytes, which is the order of every other file.
 */
export const utf8Order = 'pgferry_utf8';

/** Gives statements of this connection the function. */
export function addUtf8Order(db: Database): void {
  db.function(utf8Order, { deterministic: true }, (text) => (typeof text === 'string' ? Buffer.from(text) : null));
}

/** Yields the one text of each row that the statement gives. Memory: one row, and SQLite's sorter, which spills to disk. */
export function* readLines(db: Database, sql: string): Generator<string> {
  addUtf8Order(db);
  yield* db.prepare<[], string>(sql).pluck().iterate();
}

/** Which of the statements give at least one row, as a list in their order. */
export function givesRow(db: Database, sqls: readonly string[]): boolean[] {
  return sqls.map((sql) => db.prepare(sql).get() !== undefined);
}
