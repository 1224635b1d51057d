import type { SourceCatalog } from '../../model/source.js';
import { explainBroken } from '../../plan/graph/foreign-keys.js';
import { type ColumnDraft, findColumn, type TableDraft } from '../draft.js';
import { isSameName } from '../../lib/fold-case.js';
import { bigint, double, numeric, type PgType, textType } from '../pg-type.js';

/**
 * Gives the columns on both ends of each foreign key one type, since PostgreSQL compares within a type. Columns without
 * values follow those with values, identities stay, and types that have no number in common become text. Ends that
 * still differ are found by the check of foreign keys.
 */
export function alignTypes(tables: readonly TableDraft[], source: SourceCatalog): void {
  for (const group of groupColumns(tables, source)) {
    if (isAligned(group)) continue;
    const type = commonType(group);
    for (const column of group.filter((one) => canTake(one, type) && one.type.sql !== type.sql)) {
      column.type = type;
      column.inference = null;
      column.why = 'one type with the columns that foreign keys bind it to';
    }
  }
}

/** Whether nothing is to be done: they compare, and none is an integer of another size than the one that was chosen. */
function isAligned(group: readonly ColumnDraft[]): boolean {
  if (new Set(group.map((column) => comparableClass(column.type))).size > 1) return false;
  const chosen = group.find(({ isRuled }) => isRuled)?.type;
  return chosen?.class !== 'integer' || group.every(({ type }) => type.sql === chosen.sql);
}

/** Columns of the same such class can be the two ends of a foreign key. */
export function comparableClass(type: PgType): string {
  return ['timestamp', 'json', 'other'].includes(type.class) ? type.sql.replace(/\(.*/, '') : type.class;
}

/** Columns that foreign keys bind together, directly or by way of others. */
function groupColumns(tables: readonly TableDraft[], source: SourceCatalog): ColumnDraft[][] {
  const groupOf = new Map<ColumnDraft, Set<ColumnDraft>>();
  for (const [child, parent] of columnPairs(tables, source)) {
    const left = groupOf.get(child) ?? new Set([child]);
    const right = groupOf.get(parent) ?? new Set([parent]);
    for (const column of right) left.add(column);
    for (const column of left) groupOf.set(column, left);
  }
  return [...new Set(groupOf.values())].map((group) => [...group]);
}

function columnPairs(tables: readonly TableDraft[], source: SourceCatalog): [ColumnDraft, ColumnDraft][] {
  const pairs: [ColumnDraft, ColumnDraft][] = [];
  for (const table of tables) {
    for (const key of table.source.foreignKeys) {
      const parent = tables.find((one) => isSameName(one.source.name, key.parentTable));
      if (parent === undefined || explainBroken(key, source) !== null) continue;
      key.columns.forEach((name, index) => {
        const child = findColumn(table, name);
        const other = findColumn(parent, key.parentColumns[index] ?? '');
        if (child !== null && other !== null) pairs.push([child, other]);
      });
    }
  }
  return pairs;
}

function hasValues({ census }: ColumnDraft): boolean {
  return census.integers + census.reals + census.texts + census.blobs > 0;
}

function commonType(group: readonly ColumnDraft[]): PgType {
  const ruled = group.find(({ isRuled }) => isRuled);
  if (ruled !== undefined) return ruled.type;
  if (group.some((column) => column.isIdentity)) return bigint;
  const telling = group.filter(hasValues);
  const types = (telling.length > 0 ? telling : group.slice(0, 1)).map((column) => column.type);
  const classes = new Set(types.map((type) => type.class));
  // json has no equality, so that no key can be made of it.
  if (classes.has('json')) return textType;
  if (new Set(types.map(comparableClass)).size === 1) return types[0] ?? textType;
  if (![...classes].every((one) => one === 'integer' || one === 'numeric' || one === 'real' || one === 'bool'))
    return textType;
  if (classes.has('real')) return classes.has('numeric') ? numeric : double;
  return classes.has('numeric') ? numeric : bigint;
}

/** Whether the column's own values survive in the type. */
function canTake({ census, isIdentity, isRuled, type: own }: ColumnDraft, type: PgType): boolean {
  if (isIdentity || isRuled) return false;
  const { integers, reals, texts, blobs } = census;
  if (integers + reals + texts + blobs === 0) return true;
  if (type.class === 'text') return blobs === 0;
  if (type.class === 'integer') return reals + texts + blobs === 0;
  return comparableClass(own) === comparableClass(type) || texts + blobs === 0;
}
