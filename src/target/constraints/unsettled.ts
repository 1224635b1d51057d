import { must } from '../../model/error.js';
import type { KeyPlan, TablePlan } from '../../model/plan.js';
import type { TargetForeignKey, UniqueIndex } from '../../model/target.js';
import { keyHash } from '../fingerprint/hash-sql.js';
import { quoteName, quoteTable } from '../../lib/quote.js';

/*
 * SQL for rows that are in a table and cannot stay there: orphans, and rows equal to another under a unique key. Each
 * statement removes such rows (or sets their reference to NULL) and returns the key hash of each, as int8, by which the
 * rows are found in the source again.
 */

export type SettledTable = Pick<TablePlan, 'targetSchema' | 'target' | 'columns' | 'key'>;

/** Whether every row has a key hash: a key of jsonb or literal columns has none. */
export function canSettle({ columns, key }: SettledTable): boolean {
  const hasHash = key.columns.map((index) => must(columns[index], 'key column').kind.tag);
  const isBare = hasHash.filter((tag) => tag === 'jsonb' || tag === 'literal').length;
  return key.origin === 'none' ? isBare === 0 : isBare < hasHash.length || hasHash.length === 0;
}

/** Deletes the rows whose foreign key refers to nothing. */
export function deleteOrphansSql(table: SettledTable, foreignKey: TargetForeignKey): string {
  const name = quoteTable(table.targetSchema, table.target);
  return `DELETE FROM ${name} AS pgferry_t WHERE ${isOrphan(foreignKey)} RETURNING ${keyHash(table)}`;
}

/** Sets columns of such rows to NULL; the key hash is that of the row before. */
export function detachOrphansSql(
  table: SettledTable,
  foreignKey: TargetForeignKey,
  columns: readonly string[],
): string {
  const name = quoteTable(table.targetSchema, table.target);
  const nulls = columns.map((column) => `${quoteName(column)} = NULL`).join(', ');
  const rows = `SELECT ctid AS pgferry_c, ${keyHash(table)} AS pgferry_k FROM ${name} AS pgferry_t WHERE ${isOrphan(foreignKey)}`;
  return `UPDATE ${name} AS pgferry_u SET ${nulls} FROM (${rows}) AS pgferry_d
    WHERE pgferry_u.ctid = pgferry_d.pgferry_c RETURNING pgferry_d.pgferry_k`;
}

/** The terms of a unique key as SQL, and the condition under which rows are held against each other. */
export type EqualTerms = Pick<UniqueIndex, 'terms' | 'where'>;

/**
 * Deletes all but the first, in key order, of rows that are equal under a unique key. Returns the hash of `identity`,
 * since the table's key may be what is equal.
 */
export function deleteDuplicatesSql(
  table: SettledTable,
  { unique, identity }: { readonly unique: EqualTerms; readonly identity: KeyPlan },
): string {
  const name = quoteTable(table.targetSchema, table.target);
  const { terms, where } = unique;
  const order =
    table.key.origin === 'none'
      ? 'ctid'
      : table.key.columns.map((index) => quoteName(must(table.columns[index], 'key column').target)).join(', ');
  const rows = `SELECT ctid AS pgferry_c, row_number() OVER (PARTITION BY ${terms.join(', ')} ORDER BY ${order}) AS pgferry_n
    FROM ${name} WHERE ${[...terms.map((term) => `(${term}) IS NOT NULL`), ...(where === null ? [] : [`(${where})`])].join(' AND ')}`;
  return `DELETE FROM ${name} AS pgferry_t USING (${rows}) AS pgferry_d
    WHERE pgferry_t.ctid = pgferry_d.pgferry_c AND pgferry_d.pgferry_n > 1 RETURNING ${keyHash({ ...table, key: identity })}`;
}

/** A reference with a NULL in it refers to nothing and is no orphan; with MATCH FULL it must be NULL as a whole. */
function isOrphan(foreignKey: TargetForeignKey): string {
  const { columns, parentSchema, parentTable, parentColumns } = foreignKey;
  const isSet = columns.map((column) => `pgferry_t.${quoteName(column)} IS NOT NULL`).join(' AND ');
  const isSame = columns
    .map(
      (column, i) => `pgferry_p.${quoteName(must(parentColumns[i], 'parent column'))} = pgferry_t.${quoteName(column)}`,
    )
    .join(' AND ');
  const isAlone = `${isSet} AND NOT EXISTS (SELECT 1 FROM ${quoteTable(parentSchema, parentTable)} AS pgferry_p WHERE ${isSame})`;
  return foreignKey.isMatchFull === true ? `(${isAlone} OR ${isHalf(columns)})` : isAlone;
}

function isHalf(columns: readonly string[]): string {
  const nulls = `num_nulls(${columns.map((column) => `pgferry_t.${quoteName(column)}`).join(', ')})`;
  return `${nulls} > 0 AND ${nulls} < ${columns.length}`;
}
