import { comparedRows, type TableWithStaying } from '../../lib/compared-rows.js';
import { must } from '../../model/error.js';
import type { KeyBounds } from '../../model/carry.js';
import type { TablePlan } from '../../model/plan.js';
import { quoteLiteral, quoteName, quoteTable } from '../../lib/quote.js';
import { type Ledger, noteRowsSql } from './note-sql.js';

/** A table whose rows are asked for by their keys. */
export type KeyedTable = Pick<TablePlan, 'source' | 'targetSchema' | 'target' | 'key' | 'columns'>;

/** A table whose notes name the rows that changed, each by its key. */
export interface NotedRows {
  readonly relations: readonly number[];
  readonly table: KeyedTable;
}

/** SQL: the noted keys, each text of one once, under the names of the key's columns, as table t. */
export function notedKeysSql(client: Ledger, { relations, table }: NotedRows): string {
  const texts = keyColumns(table).map((_, i) => `k${i}`);
  const notes = relations.map((oid) => noteRowsSql(client, oid, texts.length)).join(' UNION ALL ');
  return typedKeysSql(table, `SELECT DISTINCT ${texts.join(', ')} FROM (${notes}) AS every`);
}

/** SQL: the rows of table t whose keys are noted, each once, even where two texts are one key. */
export function notedRowsSql(client: Ledger, noted: NotedRows): string {
  return rowsOfKeysSql(noted.table, notedKeysSql(client, noted));
}

/** SQL: the rows of table t under these keys, as the server prints them. */
export function namedRowsSql(table: KeyedTable, keys: readonly (readonly string[])[]): string {
  const texts = keyColumns(table).map((_, i) => `k.value ->> ${i} AS k${i}`);
  const values = `json_array_elements(${quoteLiteral(JSON.stringify(keys))}::json) AS k (value)`;
  return rowsOfKeysSql(table, typedKeysSql(table, `SELECT ${texts.join(', ')} FROM ${values}`));
}

/** SQL: the rows of table t whose key, one whole number, lies within one of the bounds; each range is looked up by itself. */
export function rowsWithinSql(table: KeyedTable & TableWithStaying, bounds: readonly KeyBounds[]): string {
  const [column] = keyColumns(table);
  const name = `s.${quoteName(must(column, 'column of the key').target)}`;
  const list = (end: 0 | 1) => `'{${bounds.map((one) => one[end]).join(',')}}'::bigint[]`;
  const ranges = `unnest(${list(0)}, ${list(1)}) AS r (low, high)`;
  // OFFSET keeps the server from joining the ranges with the whole table.
  const rows = `SELECT * FROM ${comparedRows(table)} AS s WHERE ${name} BETWEEN r.low AND r.high OFFSET 0`;
  return `${ranges}, LATERAL (${rows}) AS t`;
}

/** The columns of the key, in its order. */
export function keyColumns({ key, columns }: Pick<KeyedTable, 'key' | 'columns'>) {
  return key.columns.flatMap((index) => columns[index] ?? []);
}

/** The texts k0, k1 … that a query gives, as values of the key's columns. */
function typedKeysSql(table: KeyedTable, textsSql: string): string {
  const keys = keyColumns(table).map(({ target, targetType }, i) => `k${i}::${targetType} AS ${quoteName(target)}`);
  return `(SELECT ${keys.join(', ')} FROM (${textsSql}) AS texts) AS t`;
}

function rowsOfKeysSql(table: KeyedTable, keysSql: string): string {
  const names = keyColumns(table).map((column) => `t.${quoteName(column.target)}`);
  const own = `${quoteTable(table.targetSchema, table.target)} AS t`;
  return `${own} WHERE (${names.join(', ')}) IN (SELECT ${names.join(', ')} FROM ${keysSql})`;
}
