import type { TablePlan } from '../model/plan.js';
import { quoteIdentifier, quotePath, quoteText } from './quote.js';

/** A target table, and the rows of its own that stayed beside those of the source. */
export type TableWithStaying = Pick<TablePlan, 'targetSchema' | 'target' | 'staying'>;

/**
 * What a proof reads of a target table, as an item of a FROM list without its alias: the table, or where rows of its own
 * stay there, the others.
 */
export function comparedRows({ targetSchema, target, staying }: TableWithStaying): string {
  const table = quotePath(targetSchema, target);
  if (staying === undefined) return table;
  return `(SELECT * FROM ${table} WHERE ${staying.isMeant === true ? '' : 'NOT '}${isStaying(staying)})`;
}

/** The same table, of which only the rows are read that stayed. */
export function onlyStaying<Table extends TableWithStaying>(table: Table): Table {
  return table.staying === undefined ? table : { ...table, staying: { ...table.staying, isMeant: true } };
}

/** The condition that a row is one of those that stay. Keys are compared as the texts that PostgreSQL prints. */
export function isStaying({
  columns,
  keys,
}: Pick<NonNullable<TableWithStaying['staying']>, 'columns' | 'keys'>): string {
  if (keys.length === 0) return 'false';
  const key = columns.map((column) => `${quoteIdentifier(column)}::text COLLATE "C"`).join(', ');
  const values = keys.map((texts) => `(${texts.map(quoteText).join(', ')})`).join(', ');
  return `((${key}) IN (VALUES ${values}))`;
}
