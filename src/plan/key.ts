import type { TableCensus } from '../model/census.js';
import type { ColumnPlan, KeyPlan } from '../model/plan.js';
import type { SourceTable } from '../model/source.js';
import type { TargetTable } from '../model/target.js';
import { compareNames } from './graph/graph.js';

type NamedColumn = Pick<ColumnPlan, 'source' | 'target'>;

/**
 * The key that rows are read, hashed and compared by: the primary key of the source, or else of the target, where all
 * its columns are copied; else a unique key of NOT NULL columns that both sides have; else every column. Of several
 * unique keys it is the one with the most columns, then the first by name. (A verification token, for example, is
 * identified by (identifier, token), though its token alone is unique as well.) A primary key of SQLite that holds NULLs
 * identifies nothing: SQLite takes any number of them, as of different values.
 */
export function chooseKey(
  source: SourceTable,
  target: TargetTable,
  { columns, census }: { readonly columns: readonly NamedColumn[]; readonly census: TableCensus },
): KeyPlan {
  const holdsNulls = census.columns.some(({ column, nulls }) => nulls > 0 && source.primaryKey.includes(column));
  const own = holdsNulls ? null : indexesOf(source.primaryKey, columns, 'source');
  const primary = own ?? indexesOf(target.primaryKey, columns, 'target');
  if (primary !== null) return { origin: 'primary', columns: primary };
  const unique = uniqueKeys(source, target, columns)[0];
  if (unique !== undefined) return { origin: 'unique', columns: unique };
  return { origin: 'none', columns: columns.map((_, index) => index) };
}

/** Positions of the named columns. Null where there are no names, or one of the columns is not copied. */
function indexesOf(
  names: readonly string[],
  columns: readonly NamedColumn[],
  side: 'source' | 'target',
): number[] | null {
  if (names.length === 0) return null;
  const indexes = names.map((name) => columns.findIndex((column) => column[side] === name));
  return indexes.includes(-1) ? null : indexes;
}

function uniqueKeys(source: SourceTable, target: TargetTable, columns: readonly NamedColumn[]): number[][] {
  const nullable = {
    source: new Set(source.columns.filter((column) => !column.notNull).map((column) => column.name)),
    target: new Set(target.columns.filter((column) => !column.notNull).map((column) => column.name)),
  };
  const onTarget = new Set(target.uniqueKeys.map((names) => setName(names)));
  const keys = source.indexes
    .filter((index) => index.isUnique && !index.isPartial)
    .map((index) =>
      indexesOf(
        index.columns.map(({ column }) => column ?? ''),
        columns,
        'source',
      ),
    )
    .filter((indexes) => indexes !== null);
  const name = (index: number, side: 'source' | 'target') => columns[index]?.[side] ?? '';
  const isUsable = (indexes: readonly number[]) =>
    indexes.every(
      (index) => !nullable.source.has(name(index, 'source')) && !nullable.target.has(name(index, 'target')),
    ) && onTarget.has(setName(indexes.map((index) => name(index, 'target'))));
  const sortName = (indexes: readonly number[]) => indexes.map((index) => name(index, 'source')).join('\0');
  return keys.filter(isUsable).sort((a, b) => b.length - a.length || compareNames(sortName(a), sortName(b)));
}

function setName(names: readonly string[]): string {
  return [...names].sort(compareNames).join('\0');
}
