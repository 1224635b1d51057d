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
  readonly columns: readonly {
    readonly column: string;
    readonly field: KeyField;
    /** Whether the source is sorted by the column as it is stored, for which an index may stand ready. */
    readonly isByStored: boolean;
  }[];
  readonly leftOut: readonly { readonly column: string; readonly reason: string }[];
}

export type KeyTable = Pick<TablePlan, 'source' | 'target' | 'targetSchema' | 'columns' | 'key' | 'staying'> &
  Partial<Pick<TablePlan, 'rowidName'>>;

/** PostgreSQL's keys have no more columns; what it sorts by beside what it prints counts among its 1664 columns. */
export const numbersMax = 32;

/** Which columns of a table's key are hashed, and which cannot be. */
export function keysetOf(table: KeyTable): Keyset {
  const columns: { column: string; field: KeyField; isByStored: boolean }[] = [];
  const leftOut: { column: string; reason: string }[] = [];
  for (const column of table.key.columns.map((index) => table.columns[index])) {
    if (column === undefined) continue;
    const field = keyFieldOf(column);
    if ('reason' in field) leftOut.push({ column: column.source, reason: field.reason });
    else columns.push({ column: column.source, field, isByStored: field.isStored === true });
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

/** Statements over the source that find a blob, which is not sorted among the texts; they give a row where there is one. */
export function blobsOf({ table, columns }: Keyset): { readonly column: string; readonly sql: string }[] {
  return columns
    .filter(({ isByStored }) => isByStored)
    .map(({ column }) => {
      const value = `t.${quoteIdentifier(column)} COLLATE BINARY`;
      return { column, sql: `SELECT 1 FROM ${quoteIdentifier(table)} AS t WHERE ${value} >= x'' LIMIT 1` };
    });
}

/** The keyset sorted by the texts of these columns, whatever is stored. */
export function byTexts(keyset: Keyset, columns: readonly string[]): Keyset {
  const changed = keyset.columns.map((one) => (columns.includes(one.column) ? { ...one, isByStored: false } : one));
  return { ...keyset, columns: changed };
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
 * is ordered by, where that is not the text itself: a UTF-16 file orders texts by their UTF-16 bytes unless the statement
 * says otherwise.
 */
export function keysetSql(
  { table, columns }: Keyset,
  of: Pick<KeyTable, 'target' | 'targetSchema' | 'staying' | 'rowidName'>,
  order: ((field: string) => string) | null = null,
): Sides<string> | null {
  if (columns.length === 0) return null;
  const names = columns.map((_, i) => `k${i + 1}`);
  const line = joinFields(columns.map(({ field }, i) => fieldOfLine(`k${i + 1}`, field)));
  const orders = columns.map((column, i) => orderOf(column, { name: `k${i + 1}`, of, order, count: columns.length }));
  const fieldsOf = (side: keyof Sides<string>, collation = '') => {
    const texts = columns.map(({ field }, i) => `(${field.text[side]})${collation} AS ${names[i]}`);
    const sorted = orders.flatMap(({ name, by }) => (by[side] === null ? [] : [`${by[side]} AS ${name}`]));
    return [...texts, ...sorted].join(', ');
  };
  const ofSource = `SELECT ${fieldsOf('source')} FROM ${quoteIdentifier(table)} AS t`;
  const ofTarget = `SELECT ${fieldsOf('target', ' COLLATE "C"')} FROM ${comparedRows(of)} AS t`;
  const ordersOf = (side: keyof Sides<string>) => orders.map((one) => one[side]).join(', ');
  return {
    source: `SELECT ${line} FROM (${ofSource}) ORDER BY ${ordersOf('source')}`,
    target: `COPY (SELECT ${names.join(', ')} FROM (${ofTarget}) AS k ORDER BY ${ordersOf('target')}) TO STDOUT`,
  };
}

/** How the rows are ordered by one column, and what is selected for it beside the texts, under a name. */
interface KeyOrder extends Sides<string> {
  readonly name: string;
  readonly by: Sides<string | null>;
}

interface OrderedBy {
  /** The name of the text. */
  readonly name: string;
  readonly of: Pick<KeyTable, 'rowidName'>;
  readonly order: ((field: string) => string) | null;
  readonly count: number;
}

function orderOf(
  { column, field, isByStored }: Keyset['columns'][number],
  { name: text, of, order, count }: OrderedBy,
): KeyOrder {
  const name = `n${text}`;
  const stored = `t.${quoteIdentifier(column)}`;
  const first = 'NULLS FIRST';
  if (count <= numbersMax && field.number !== undefined) {
    // SQLite has the rows in the order of the rowid, and PostgreSQL in that of its key, unless an expression hides it. A
    // rowid is never NULL; where the target has a NULL beside it, the two sides differ in any order.
    const isRowid = column === of.rowidName;
    const by = isRowid ? { ...field.number, source: stored } : field.number;
    return { name, source: name, target: isRowid ? name : `${name} ${first}`, by };
  }
  if (count <= numbersMax && isByStored && order === null) {
    return { name, source: name, target: `${text} ${first}`, by: { source: `${stored} COLLATE BINARY`, target: null } };
  }
  return { name, source: order?.(text) ?? text, target: `${text} ${first}`, by: { source: null, target: null } };
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
