import type { TablePlan } from '../../model/plan.js';
import { quoteName, quoteTable } from '../../lib/quote.js';
import { type Ledger, notesOf } from './note-sql.js';

/** A table whose notes name the rows that changed, each by its key. */
export interface NotedRows {
  readonly relations: readonly number[];
  readonly table: Pick<TablePlan, 'targetSchema' | 'target' | 'key' | 'columns'>;
}

/** SQL: the noted keys, each text of one once, under the names of the key's columns, as table t. */
export function notedKeysSql(client: Ledger, noted: NotedRows): string {
  const columns = keyColumns(noted);
  const texts = columns.map((_, i) => `k${i}`).join(', ');
  const keys = columns.map(({ target, targetType }, i) => `k${i}::${targetType} AS ${quoteName(target)}`).join(', ');
  const notes = noted.relations.map((oid) => `SELECT * FROM ${notesOf(client, oid)}`).join(' UNION ALL ');
  return `(SELECT ${keys} FROM (SELECT DISTINCT ${texts} FROM (${notes}) AS every) AS once) AS t`;
}

/** SQL: the rows of table t whose keys are noted, each once, even where two texts are one key. */
export function notedRowsSql(client: Ledger, noted: NotedRows): string {
  const { targetSchema, target } = noted.table;
  const names = keyColumns(noted).map((column) => `t.${quoteName(column.target)}`);
  const own = `${quoteTable(targetSchema, target)} AS t`;
  return `${own} WHERE (${names.join(', ')}) IN (SELECT ${names.join(', ')} FROM ${notedKeysSql(client, noted)})`;
}

/** The columns of the key, in its order. */
export function keyColumns({ table }: NotedRows) {
  return table.key.columns.flatMap((index) => table.columns[index] ?? []);
}
