import type { Sides } from '../model/result.js';
import type { SqliteValue } from '../model/value.js';
import { valueOnBothSides } from './parameter.js';
import type { Condition, Ordering, Read, ShadowColumn, ShadowForeignKey, ShadowIndex, ShadowTable } from './read.js';

/** Values that were sampled from the source's rows. */
export interface Samples {
  /** A row from about the middle of a table, by column: the columns of its key and foreign keys. */
  readonly rowOf: (table: string) => ReadonlyMap<string, SqliteValue>;
  /** A column of few different values, where the table has one. */
  readonly groupedBy: (table: string) => ShadowColumn | null;
}

/** No read shows more columns of one table: verify compares them all. */
const columnsMax = 10;
const indexesMax = 4;
/** A database of a thousand tables is not read for an hour: these are samples. */
export const readsMax = 500;

/** Reads that an application of this schema is likely to run, from its keys, indexes and foreign keys. */
export function deriveReads(tables: readonly ShadowTable[], samples: Samples): Read[] {
  const byName = new Map(tables.map((table) => [table.source, table]));
  return tables.flatMap((table) => {
    const row = samples.rowOf(table.source);
    return [
      ...byKey(table, row),
      ...pages(table, row),
      ...table.indexes.slice(0, indexesMax).flatMap((index) => newestBy(table, index)),
      ...table.foreignKeys.flatMap((foreignKey) => childrenOf(table, foreignKey, row)),
      ...table.foreignKeys.flatMap((foreignKey) => joinWith(table, foreignKey, byName)),
      ...grouped(table, samples.groupedBy(table.source)),
    ];
  });
}

function byKey(table: ShadowTable, row: ReadonlyMap<string, SqliteValue>): Read[] {
  const where = conditions(table.key, row, '=');
  if (where === null) return [];
  const names = table.key.map(({ source }) => source).join(', ');
  return [plainRead(table, { name: `${table.source} by ${names}`, why: 'by its key', where, order: keyOrder(table) })];
}

/** The first page and one from the middle, as lists page through a table. */
function pages(table: ShadowTable, row: ReadonlyMap<string, SqliteValue>): Read[] {
  const order = keyOrder(table);
  if (order.length === 0) return [];
  const first = plainRead(table, { name: `${table.source}: first page`, why: 'a page by its key', where: [], order });
  const [column, more] = table.key;
  const where = column === undefined || more !== undefined ? null : conditions([column], row, '>=');
  if (where === null) return [first];
  return [first, plainRead(table, { name: `${table.source}: later page`, why: 'a page by its key', where, order })];
}

function newestBy(table: ShadowTable, index: ShadowIndex): Read[] {
  const order = index.columns.map(({ column }, i) => ({
    column,
    // Newest first is what lists ask for: the index is read backwards from its last column.
    isDescending: i === index.columns.length - 1,
  }));
  const whole = [...order, ...keyOrder(table).filter(({ column }) => order.every((other) => other.column !== column))];
  if (table.key.length === 0 || whole.some(({ column }) => column.order === null)) return [];
  const names = index.columns.map(({ column }) => column.source).join(', ');
  const why = `newest by the index ${index.name}`;
  return [plainRead(table, { name: `${table.source}: newest by ${names}`, why, where: [], order: whole })];
}

function childrenOf(
  table: ShadowTable,
  { parent, pairs }: ShadowForeignKey,
  row: ReadonlyMap<string, SqliteValue>,
): Read[] {
  const columns = pairs.map(([child]) => child);
  const where = conditions(columns, row, '=');
  const order = keyOrder(table);
  if (where === null || order.length === 0) return [];
  const name = `${table.source} of one ${parent} (${columns.map(({ source }) => source).join(', ')})`;
  return [plainRead(table, { name, why: `children by the foreign key to ${parent}`, where, order })];
}

function joinWith(table: ShadowTable, on: ShadowForeignKey, byName: ReadonlyMap<string, ShadowTable>): Read[] {
  const parent = byName.get(on.parent);
  const order = keyOrder(table);
  const isJoinable = on.pairs.length > 0 && on.pairs.every(([child, other]) => isAlike(child, other));
  if (parent === undefined || order.length === 0 || !isJoinable) return [];
  const name = `${table.source} with its ${parent.source} (${on.pairs.map(([child]) => child.source).join(', ')})`;
  const why = `a join over the foreign key to ${parent.source}`;
  const read = plainRead(table, { name, why, where: [], order });
  return [{ ...read, join: { parent, on, columns: shownColumns(parent, []) } }];
}

function isAlike({ kind: a }: ShadowColumn, { kind: b }: ShadowColumn): boolean {
  const isInteger = (tag: string) => tag.startsWith('int');
  return a.tag === b.tag || (isInteger(a.tag) && isInteger(b.tag));
}

function grouped(table: ShadowTable, column: ShadowColumn | null): Read[] {
  if (column === null) return [];
  const name = `${table.source} counted by ${column.source}`;
  const read = plainRead(table, { name, why: 'groups of a column with few values', where: [], order: [] });
  return [{ ...read, columns: [column], isGrouped: true, order: [{ column, isDescending: false }] }];
}

function plainRead(table: ShadowTable, read: Pick<Read, 'name' | 'why' | 'where' | 'order'>): Read {
  const needed = [...read.order, ...read.where].map(({ column }) => column);
  return { ...read, table, columns: shownColumns(table, needed), join: null, isGrouped: false };
}

/** The key and what the read is about, then others as far as they go; large and unordered types are left to verify. */
function shownColumns(table: ShadowTable, needed: readonly ShadowColumn[]): ShadowColumn[] {
  const isShown = ({ kind: { tag } }: ShadowColumn) => !['bytea', 'json', 'jsonb', 'literal'].includes(tag);
  const first = [...new Set([...table.key, ...needed])];
  const others = table.columns.filter((column) => isShown(column) && !first.includes(column));
  return [...first, ...others].slice(0, Math.max(columnsMax, first.length));
}

/** The key as an order; empty where there is none, or a column that the sides cannot order alike. */
function keyOrder(table: ShadowTable): Ordering[] {
  if (table.key.some(({ order }) => order === null)) return [];
  return table.key.map((column) => ({ column, isDescending: false }));
}

function conditions(
  columns: readonly ShadowColumn[],
  row: ReadonlyMap<string, SqliteValue>,
  operator: Condition['operator'],
): Condition[] | null {
  if (columns.length === 0) return null;
  const found: Condition[] = [];
  for (const column of columns) {
    const value: Sides<SqliteValue> | null = valueOnBothSides(column.kind, row.get(column.source) ?? null);
    if (value === null) return null;
    found.push({ column, operator, value });
  }
  return found;
}
