import { quoteName, quoteTable } from '../../lib/quote.js';
import { must } from '../../model/error.js';
import type { ColumnPlan, TablePlan } from '../../model/plan.js';

/*
 * The statements of a round on one table, over its two staging tables: `old` has the changed rows as the target should hold
 * them before the round, `now` as it must hold them after it. Rows are matched by the plan's key.
 */

export type RoundTablePlan = Omit<TablePlan, 'chunks'>;

/** A table of the target with its two staging tables. */
export interface StagedTable {
  readonly table: RoundTablePlan;
  /** Makes the names of its staging tables its own. */
  readonly index: number;
  /** Rows in each. */
  readonly rows: { readonly old: number; readonly now: number };
}

export type Stage = 'old' | 'now';

export const stagingSchema = 'pg_temp';

export function stagingName(index: number, stage: Stage): string {
  return `pgferry_${stage}_${index}`;
}

export function stagingTable({ index }: Pick<StagedTable, 'index'>, stage: Stage): string {
  return quoteTable(stagingSchema, stagingName(index, stage));
}

/** Whether the key identifies rows: it does not where it holds NULLs, which SQLite allows. */
export function isKeyed({ key, columns }: RoundTablePlan): boolean {
  return key.origin !== 'none' && key.columns.every((index) => columns[index]?.notNull === true);
}

function keyColumns({ key, columns }: RoundTablePlan): ColumnPlan[] {
  return key.columns.map((index) => must(columns[index], `column ${index} of the key`));
}

/**
 * Whether two rows have one key: equal, so that an index serves, and the very same bytes where the type, or its collation,
 * may hold different values for equal. A type without an equality that every server has is compared by its text.
 */
export function sameKey(table: RoundTablePlan, a: string, b: string): string {
  const columns = keyColumns(table);
  const terms = columns.map(({ target, kind }) => {
    const [left, right] = [`${a}.${quoteName(target)}`, `${b}.${quoteName(target)}`];
    return kind.tag === 'literal' ? `${left}::text = ${right}::text` : `${left} = ${right}`;
  });
  const loose = columns.filter(({ kind }) => kind.tag === 'text' || kind.tag === 'char');
  if (loose.length > 0) terms.push(`${image(loose, a)} *= ${image(loose, b)}`);
  return terms.join(' AND ');
}

/** A row by its bytes: `*=` of two such is true where they are the same, NULLs included. */
export function image(columns: readonly Pick<ColumnPlan, 'target'>[], alias: string): string {
  return `ROW(${columns.map(({ target }) => `${alias}.${quoteName(target)}`).join(', ')})::record`;
}

function target({ targetSchema, target: name }: RoundTablePlan): string {
  return quoteTable(targetSchema, name);
}

/** The rows of the target that a keyed table's newer stage holds byte for byte, as an item of a FROM list. */
export function heldRowsSql(staged: Pick<StagedTable, 'table' | 'index'>): string {
  const { table } = staged;
  return `(SELECT t.* FROM ${target(table)} t JOIN ${stagingTable(staged, 'now')} n ON ${sameKey(table, 't', 'n')}
    WHERE ${isSame(table, 't', 'n')}) AS t`;
}

/**
 * Rows whose key is gone, where the target holds them as staged; a row of a table without a key once for each copy that
 * is gone.
 */
export function deleteSql(staged: StagedTable): string {
  const { table } = staged;
  if (!isKeyed(table)) return deleteCopiesSql(staged);
  return `DELETE FROM ${target(table)} t USING ${stagingTable(staged, 'old')} o
    WHERE ${sameKey(table, 't', 'o')} AND ${isSame(table, 't', 'o')} AND ${isGone(staged, 'o')}`;
}

function isSame({ columns }: RoundTablePlan, a: string, b: string): string {
  return `${image(columns, a)} *= ${image(columns, b)}`;
}

/** Whether the staged old row `alias` has no newer row of its key. */
export function isGone(staged: StagedTable, alias: string): string {
  return `NOT EXISTS (SELECT FROM ${stagingTable(staged, 'now')} n WHERE ${sameKey(staged.table, 'n', alias)})`;
}

function deleteCopiesSql(staged: StagedTable): string {
  const { table } = staged;
  const line = (alias: string) => `(${image(table.columns, alias)})::text COLLATE "C"`;
  return `DELETE FROM ${target(table)} t USING (
    SELECT r.rel, r.place FROM (
      SELECT x.rel, x.place, x.line, row_number() OVER (PARTITION BY x.line) AS copy
        FROM (SELECT t.tableoid AS rel, t.ctid AS place, ${line('t')} AS line FROM ${target(table)} t) x
       WHERE x.line IN (SELECT ${line('o')} FROM ${stagingTable(staged, 'old')} o)) r
      JOIN (SELECT ${line('o')} AS line, count(*) AS copies FROM ${stagingTable(staged, 'old')} o GROUP BY 1) g
        ON g.line = r.line AND r.copy <= g.copies) gone
    WHERE t.ctid = gone.place AND t.tableoid = gone.rel`;
}

/**
 * Rows whose key stays and whose values differ, where the target holds them as staged. `fixed`: columns that must not be
 * named. null where nothing is left to set.
 */
export function updateSql(staged: StagedTable, fixed: ReadonlySet<string>): string | null {
  const { table } = staged;
  if (!isKeyed(table)) return null;
  const columns = table.columns.filter((column) => !fixed.has(column.target));
  if (columns.length === 0) return null;
  const set = columns.map((column) => `${quoteName(column.target)} = n.${quoteName(column.target)}`).join(', ');
  return `UPDATE ${target(table)} t SET ${set} FROM ${changedPairsSql(staged)}
    AND ${sameKey(table, 't', 'n')} AND ${isSame(table, 't', 'o')}`;
}

/** Pairs of staged rows `o` and `n` of one key with different values: the items of a FROM list and its WHERE. */
function changedPairsSql(staged: StagedTable): string {
  const { table } = staged;
  return `${stagingTable(staged, 'old')} o, ${stagingTable(staged, 'now')} n
    WHERE ${sameKey(table, 'n', 'o')} AND NOT ${isSame(table, 'n', 'o')}`;
}

/** Whether the staged newer row `alias` had its key before. */
function isKnown(staged: StagedTable, alias: string): string {
  return `EXISTS (SELECT FROM ${stagingTable(staged, 'old')} o WHERE ${sameKey(staged.table, 'o', alias)})`;
}

/** Rows whose key is new. */
export function insertSql(staged: StagedTable): string {
  const { table } = staged;
  const names = table.columns.map((column) => quoteName(column.target));
  const fresh = isKeyed(table) ? ` WHERE NOT ${isKnown(staged, 'n')}` : '';
  return `INSERT INTO ${target(table)} (${names.join(', ')}) OVERRIDING SYSTEM VALUE
    SELECT ${names.map((name) => `n.${name}`).join(', ')} FROM ${stagingTable(staged, 'now')} n${fresh}`;
}

/** How many rows have a key that is gone, have other values, and have a new key, by the staging tables alone. */
export function countChangesSql(staged: StagedTable): string {
  const [old, now] = [stagingTable(staged, 'old'), stagingTable(staged, 'now')];
  return `SELECT (SELECT count(*) FROM ${old} o WHERE ${isGone(staged, 'o')})::text AS deleted,
                 (SELECT count(*) FROM ${changedPairsSql(staged)})::text AS updated,
                 (SELECT count(*) FROM ${now} n WHERE NOT ${isKnown(staged, 'n')})::text AS inserted`;
}

/**
 * Fills the old stage with the rows of the target that the newer stage does not hold byte for byte, and leaves there only
 * rows that the target does not hold so. A table without a key is replaced as a whole.
 */
export function onlyDifferingSql(staged: Pick<StagedTable, 'table' | 'index'>): readonly string[] {
  const { table } = staged;
  const [old, now] = [stagingTable(staged, 'old'), stagingTable(staged, 'now')];
  const names = table.columns.map((column) => `t.${quoteName(column.target)}`).join(', ');
  const all = `INSERT INTO ${old} SELECT ${names} FROM ${target(table)} t`;
  if (!isKeyed(table)) return [all];
  const same = `${sameKey(table, 't', 'n')} AND ${isSame(table, 't', 'n')}`;
  return [
    `${all} WHERE NOT EXISTS (SELECT FROM ${now} n WHERE ${same})`,
    `DELETE FROM ${now} n USING ${target(table)} t WHERE ${same}`,
  ];
}
