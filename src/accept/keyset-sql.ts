import { quoteIdentifier } from '../lib/quote.js';
import { comparedRows } from '../lib/compared-rows.js';
import type { KeyPlan, TablePlan } from '../model/plan.js';
import type { Sides } from '../model/result.js';
import { type KeyField, keyFieldOf } from './key-field.js';

/**
 * The statements that print a table's keys, one line per row in the order of the key, byte for byte alike on both sides:
 * whole numbers by value where PostgreSQL could have such a key, everything else bytewise.
 * A line is what `COPY … TO STDOUT` writes: the key's fields with a tab between them, `\N` for NULL, and a backslash, tab,
 * line end and four other control characters as backslash and letter. The lines, each with its line feed, are hashed.
 */
export interface Keyset {
  readonly table: string;
  readonly origin: KeyPlan['origin'];
  readonly columns: readonly { readonly column: string; readonly field: KeyField }[];
  readonly leftOut: readonly { readonly column: string; readonly reason: string }[];
}

export type KeyTable = Pick<TablePlan, 'source' | 'target' | 'targetSchema' | 'columns' | 'key' | 'staying'> &
  Partial<Pick<TablePlan, 'rowidName'>>;

/** PostgreSQL's keys have no more columns; what it sorts by beside what it prints counts among its 1664 columns. */
const numbersMax = 32;

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
 * The statements themselves, or null where no column is left. `order` maps a text of the source to the expression that it
 * is ordered by: a UTF-16 file orders texts by their UTF-16 bytes unless the statement says otherwise.
 */
export function keysetSql(
  { table, columns }: Keyset,
  of: Pick<KeyTable, 'target' | 'targetSchema' | 'staying' | 'rowidName'>,
  order: (field: string) => string = (field) => field,
): Sides<string> | null {
  if (columns.length === 0) return null;
  const names = columns.map((_, i) => `k${i + 1}`);
  const line = joinFields(columns.map(({ field }, i) => fieldOfLine(`k${i + 1}`, field)));
  const orders = columns.map((column, i) => orderOf(column, { name: `k${i + 1}`, of, order, count: columns.length }));
  const fieldsOf = (side: keyof Sides<string>, collation = '') => {
    const texts = columns.map(({ field }, i) => `(${field.text[side]})${collation} AS ${names[i]}`);
    const numbers = orders.flatMap(({ number }) => (number === null ? [] : [`${number[side]} AS ${number.name}`]));
    return [...texts, ...numbers].join(', ');
  };
  const ofSource = `SELECT ${fieldsOf('source')} FROM ${quoteIdentifier(table)} AS t`;
  const ofTarget = `SELECT ${fieldsOf('target', ' COLLATE "C"')} FROM ${comparedRows(of)} AS t`;
  const ordersOf = (side: keyof Sides<string>) => orders.map((one) => one[side]).join(', ');
  return {
    source: `SELECT ${line} FROM (${ofSource}) ORDER BY ${ordersOf('source')}`,
    target: `COPY (SELECT ${names.join(', ')} FROM (${ofTarget}) AS k ORDER BY ${ordersOf('target')}) TO STDOUT`,
  };
}

/** How the rows are ordered by one column, and the number that this needs. */
interface KeyOrder extends Sides<string> {
  readonly number: (Sides<string> & { readonly name: string }) | null;
}

function orderOf(
  { column, field }: Keyset['columns'][number],
  {
    name,
    of,
    order,
    count,
  }: {
    readonly name: string;
    readonly of: Pick<KeyTable, 'rowidName'>;
    readonly order: (field: string) => string;
    readonly count: number;
  },
): KeyOrder {
  if (field.number === undefined || count > numbersMax) {
    return { source: order(name), target: `${name} NULLS FIRST`, number: null };
  }
  const byNumber = `n${name}`;
  const number = { ...field.number, name: byNumber };
  // SQLite has the rows in the order of the rowid, and PostgreSQL in that of its key, unless an expression hides it. A
  // rowid is never NULL; where the target has a NULL beside it, the two sides differ in any order.
  if (column !== of.rowidName) return { source: byNumber, target: `${byNumber} NULLS FIRST`, number };
  const source = `t.${quoteIdentifier(column)}`;
  return { source: byNumber, target: byNumber, number: { ...number, source } };
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
