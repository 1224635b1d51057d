import { quoteIdentifier } from '../lib/quote.js';
import { comparedRows } from '../lib/compared-rows.js';
import type { KeyPlan, TablePlan } from '../model/plan.js';
import type { Sides } from '../model/result.js';
import { type KeyField, keyFieldOf } from './key-field.js';

/**
 * The statements that print a table's keys, one line per row in bytewise key order, byte for byte alike on both sides.
 * A line is what `COPY … TO STDOUT` writes: the key's fields with a tab between them, `\N` for NULL, and a backslash, tab,
 * line end and four other control characters as backslash and letter. The lines, each with its line feed, are hashed.
 */
export interface Keyset {
  readonly table: string;
  readonly origin: KeyPlan['origin'];
  readonly columns: readonly { readonly column: string; readonly field: KeyField }[];
  readonly leftOut: readonly { readonly column: string; readonly reason: string }[];
}

export type KeyTable = Pick<TablePlan, 'source' | 'target' | 'targetSchema' | 'columns' | 'key' | 'staying'>;

/** Which columns of a table's key are hashed, and which cannot be. */
export function keysetOf(table: KeyTable): Keyset {
  const columns: { column: string; field: KeyField }[] = [];
  const leftOut: { column: string; reason: string }[] = [];
  for (const column of table.key.columns.map((index) => table.columns[index])) {
    if (column === undefined) continue;
    const field = keyFieldOf(column);
    if ('reason' in field) leftOut.push({ column: column.source, reason: field.reason });
    else columns.push({ column: column.source, field });
  }
  return { table: table.source, origin: table.key.origin, columns, leftOut };
}

/** Statements over the source that find a value without a text; they give a row where there is one. */
export function doubtsOf(keyset: Keyset): { readonly column: string; readonly sql: string }[] {
  return keyset.columns
    .filter(({ field }) => !field.isTotal)
    .map(({ column, field }) => {
      const value = `t.${quoteIdentifier(column)}`;
      const sql = `SELECT 1 FROM ${quoteIdentifier(keyset.table)} AS t WHERE ${value} IS NOT NULL AND (${field.text.source}) IS NULL LIMIT 1`;
      return { column, sql };
    });
}

/** The keyset without the columns that hold such values. */
export function withoutDoubtful(keyset: Keyset, doubtful: readonly string[]): Keyset {
  const reason = 'some of its values have no text that plain SQL of SQLite can write';
  return {
    ...keyset,
    columns: keyset.columns.filter(({ column }) => !doubtful.includes(column)),
    leftOut: [...keyset.leftOut, ...doubtful.map((column) => ({ column, reason }))],
  };
}

/**
 * The statements themselves, or null where no column is left. `order` maps a field of the source to the expression that
 * it is ordered by: a UTF-16 file orders texts by their UTF-16 bytes unless the statement says otherwise.
 */
export function keysetSql(
  { table, columns }: Keyset,
  of: Pick<KeyTable, 'target' | 'targetSchema' | 'staying'>,
  order: (field: string) => string = (field) => field,
): Sides<string> | null {
  if (columns.length === 0) return null;
  const names = columns.map((_, i) => `k${i + 1}`);
  const fieldsOf = (side: keyof Sides<string>, collation = '') =>
    columns.map(({ field }, i) => `(${field.text[side]})${collation} AS ${names[i]}`).join(', ');
  const line = joinFields(columns.map(({ field }, i) => fieldOfLine(`k${i + 1}`, field)));
  const ofSource = `SELECT ${fieldsOf('source')} FROM ${quoteIdentifier(table)} AS t`;
  const ofTarget = `SELECT ${fieldsOf('target', ' COLLATE "C"')} FROM ${comparedRows(of)} AS t`;
  return {
    source: `SELECT ${line} FROM (${ofSource}) ORDER BY ${names.map(order).join(', ')}`,
    target: `COPY (SELECT ${names.join(', ')} FROM (${ofTarget}) AS k ORDER BY ${names.map((name) => `${name} NULLS FIRST`).join(', ')}) TO STDOUT`,
  };
}

/** The statements that count a table's rows. */
export function countSql(table: Pick<KeyTable, 'source' | 'target' | 'targetSchema' | 'staying'>): Sides<string> {
  return {
    source: `SELECT count(*) FROM ${quoteIdentifier(table.source)}`,
    target: `SELECT count(*) FROM ${comparedRows(table)} AS t`,
  };
}

/** PostgreSQL manual, COPY, "Text Format": the characters that it writes as a backslash and a letter. */
const escapes: readonly (readonly [number, string])[] = [
  [8, 'b'],
  [9, 't'],
  [10, 'n'],
  [11, 'v'],
  [12, 'f'],
  [13, 'r'],
];

/** Fields with a tab between them, joined by halves: SQLite takes expressions of at most a thousand levels. */
function joinFields(fields: readonly string[]): string {
  if (fields.length <= 2) return fields.join(' || char(9) || ');
  const middle = fields.length >> 1;
  return `(${joinFields(fields.slice(0, middle))}) || char(9) || (${joinFields(fields.slice(middle))})`;
}

function fieldOfLine(name: string, { isPlain }: KeyField): string {
  return `coalesce(${isPlain ? name : escaped(name)}, '\\N')`;
}

function escaped(name: string): string {
  return escapes.reduce(
    (inner, [code, letter]) => `replace(${inner}, char(${code}), '\\${letter}')`,
    `replace(${name}, '\\', '\\\\')`,
  );
}
