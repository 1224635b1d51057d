import type { Database } from '../sqlite.js';
import { assert } from '../../model/error.js';
import type { ColumnCensus, TableCensus } from '../../model/census.js';
import type { SourceColumn, SourceTable } from '../../model/source.js';
import { type ColumnSurvey, exactSurvey, plainSurvey } from './census-sql.js';
import { quoteIdentifier } from '../../lib/quote.js';

/** Columns per pass: the terms stay far under SQLITE_MAX_COLUMN (2000) however wide the table is. */
const columnsPerPass = 100;

export interface CensusPassOptions {
  /** Obeyed between passes: one pass cannot be broken off. */
  readonly signal?: AbortSignal;
}

/** Counts the rows of a table's own b-tree (never of an index, which quick_check does not compare with it). */
export function countRows(db: Database, table: string): number {
  return (
    db
      .prepare<[], number>(`SELECT count(*) FROM ${quoteIdentifier(table)} NOT INDEXED`)
      .safeIntegers(false)
      .pluck()
      .get() ?? 0
  );
}

/**
 * Surveys the values of every column, over every row, in one aggregate pass. The pass assumes that a column holds the
 * class of its affinity, and proves it by the smallest and largest value (SQLite orders NULL, numbers, texts, blobs);
 * columns that break the rule get a second, slower pass. Integers are exact to ±2^63. Lengths are SQLite's: bytes in
 * the database's encoding, characters up to a NUL. Memory: one row. Throws the signal's reason.
 */
export function takeCensus(db: Database, table: SourceTable, options: CensusPassOptions = {}): TableCensus {
  const run = (surveys: readonly ColumnSurvey[]): Outcome => runSurveys(db, table.name, surveys, options.signal);
  const plain = run(table.columns.map((column) => plainSurvey(column, column.name === table.rowidAlias)));
  const mixed = table.columns.filter(({ name }) => !plain.columns.has(name));
  const exact = run(mixed.map(exactSurvey));
  const columns = table.columns.map(({ name }) => plain.columns.get(name) ?? exact.columns.get(name));
  const rows = table.columns.length === 0 ? countRows(db, table.name) : plain.rows;
  return { table: table.name, rows, columns: columns.map((column) => known(column)) };
}

function known(column: ColumnCensus | undefined): ColumnCensus {
  assert(column !== undefined, 'an exact survey answers for every column');
  return column;
}

interface Outcome {
  readonly rows: number;
  /** By name, without the columns for which the assumption of the first pass was wrong. */
  readonly columns: ReadonlyMap<SourceColumn['name'], ColumnCensus>;
}

function runSurveys(
  db: Database,
  table: string,
  surveys: readonly ColumnSurvey[],
  signal: AbortSignal | undefined,
): Outcome {
  const columns = new Map<string, ColumnCensus>();
  let rows = 0;
  for (let first = 0; first < surveys.length; first += columnsPerPass) {
    signal?.throwIfAborted();
    const pass = surveys.slice(first, first + columnsPerPass);
    const terms = ['count(*)', ...pass.flatMap((survey) => survey.terms)];
    const sql = `SELECT ${terms.join(', ')} FROM ${quoteIdentifier(table)} NOT INDEXED`;
    const answers = db.prepare<[], unknown[]>(sql).raw().safeIntegers().get() ?? [];
    rows = Number(answers[0]);
    let at = 1;
    for (const survey of pass) {
      const census = survey.read(answers.slice(at, at + survey.terms.length), rows);
      if (census !== null) columns.set(survey.column, census);
      at += survey.terms.length;
    }
  }
  return { rows, columns };
}
