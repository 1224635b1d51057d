import type { SourceTable } from '../../model/source.js';
import type { SqliteValue } from '../../model/value.js';
import { quoteIdentifier } from '../../lib/quote.js';
import type { Database } from '../sqlite.js';
import { type Form, keyText } from './violations.js';

const examplesMax = 3;
/** Combinations of values that are looked at; a column of more is judged by these. */
const combinationsMax = 5000;
/** Rows of which they are taken, so that a large table is not sorted whole. */
const rowsMax = 1_000_000;

/** Columns that must differ between rows; the form of each, null where SQLite's own value is as good. */
export interface UniqueLook {
  readonly table: SourceTable;
  readonly columns: readonly { readonly name: string; readonly form: Form | null }[];
}

/** Rows that are one too many, by what they have in common. */
export interface EqualRows {
  /** All but one of each group. */
  readonly count: number;
  /** Of the first groups, two of the keys each. */
  readonly examples: readonly { readonly first: string; readonly last: string }[];
}

/** Rows of the snapshot that are equal in these columns; one with NULL among them equals none. One pass, with a sort. */
export function findEqualRows(db: Database, { table, columns }: UniqueLook): EqualRows {
  const values = columns.map(({ name, form }, at) => {
    const column = `c.${quoteIdentifier(name)}`;
    if (form === null) return `${column} COLLATE BINARY`;
    const called = `pgferry_form_${at}`;
    db.function(called, { deterministic: true, safeIntegers: true }, (value: unknown) =>
      form(value as Parameters<Form>[0]),
    );
    return `${called}(${column})`;
  });
  const names = values.map((value, at) => `${value} AS v${at}`);
  const present = values.map((_, at) => `v${at} IS NOT NULL`).join(' AND ');
  const groups = values.map((_, at) => `v${at}`).join(', ');
  const sql = `SELECT count(*) AS rows, min(k) AS first, max(k) AS last
    FROM (SELECT ${names.join(', ')}, ${keyText(table)} AS k FROM ${quoteIdentifier(table.name)} AS c)
    WHERE ${present} GROUP BY ${groups} HAVING count(*) > 1`;
  let count = 0;
  const examples: { first: string; last: string }[] = [];
  const found = db.prepare<[], { rows: number; first: string; last: string }>(sql).safeIntegers(false).iterate();
  for (const { rows, first, last } of found) {
    count += rows - 1;
    if (examples.length < examplesMax) examples.push({ first, last });
  }
  return { count, examples };
}

/** Columns of a table whose combinations of values are wanted. */
export interface CombinationLook {
  readonly table: SourceTable;
  readonly columns: readonly string[];
  readonly max?: number;
}

/** Values of some columns that rows of the snapshot have together. */
export interface Combination {
  readonly values: readonly SqliteValue[];
  readonly rows: number;
  readonly key: string;
  /** Another key of them, where they are several rows. */
  readonly lastKey: string;
}

/** The combinations of a table's columns, each with its number of rows and two keys; at most the first five thousand, or `max`, of the first million rows. */
export function listCombinations(
  db: Database,
  { table, columns, max = combinationsMax }: CombinationLook,
): Combination[] {
  const names = columns.map((name, at) => `c.${quoteIdentifier(name)} COLLATE BINARY AS v${at}`);
  const values = columns.map((_, at) => `v${at}`).join(', ');
  const sql = `SELECT ${values}, count(*), min(k), max(k)
    FROM (SELECT ${names.join(', ')}, ${keyText(table)} AS k FROM ${quoteIdentifier(table.name)} AS c LIMIT ${rowsMax})
    GROUP BY ${values} LIMIT ${max}`;
  const rows = db.prepare<[], SqliteValue[]>(sql).safeIntegers(true).raw().all();
  return rows.map((row) => ({
    values: row.slice(0, columns.length),
    rows: Number(row[columns.length]),
    key: String(row[columns.length + 1]),
    lastKey: String(row[columns.length + 2]),
  }));
}

/** Takes the values of one row; whether more are wanted. */
export type RowUse = (values: readonly SqliteValue[]) => boolean;

/** Gives the values of some columns of a table, row by row, until no more are wanted. */
export function eachRow(db: Database, table: string, columns: readonly string[], use: RowUse): void {
  const sql = `SELECT ${columns.map(quoteIdentifier).join(', ')} FROM ${quoteIdentifier(table)}`;
  for (const row of db.prepare<[], SqliteValue[]>(sql).safeIntegers(true).raw().iterate()) if (!use(row)) return;
}
