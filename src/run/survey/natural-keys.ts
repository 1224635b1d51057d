import { isSameName } from '../../lib/fold-case.js';
import { quoteIdentifier, quoteTable } from '../../lib/quote.js';
import { CopierError } from '../../model/error.js';
import type { SourceTable } from '../../model/source.js';
import type { TargetTable } from '../../model/target.js';
import type { MappedKey } from '../../source/snapshot/mapped-keys.js';
import { mappedMax } from '../../source/snapshot/mapped-snapshot.js';
import type { TargetClient } from '../../target/connection/client.js';

/* The rows of a table on both sides, told by a natural key. */

/** Seeds are few; more rows are a table of data. */
export const seedsMax = 100_000;

export interface Matched {
  readonly table: string;
  readonly match: readonly string[];
}

/** Both sides of a table, with the names of its columns on the target by those of the source. */
export interface MatchedSides {
  readonly source: SourceTable;
  readonly target: TargetTable;
  readonly columns: ReadonlyMap<string, string>;
}

/** The one column by which a row is referred to. */
export function keyOf(
  side: MatchedSides,
  { table, match }: Matched,
): { readonly source: string; readonly target: string } {
  const [name, second] = side.source.primaryKey;
  if (name === undefined || second !== undefined)
    throw refused(table, 'its primary key is not one column', 'leave it out, or replace it');
  const found = columnOf(side, name);
  if (side.target.primaryKey.length !== 1 || side.target.primaryKey[0] !== found.target)
    throw refused(table, `${found.target} is not the primary key of the target`, 'leave it out, or replace it');
  if (match.some((one) => isSameName(one, name)))
    throw refused(table, `${name} is its primary key, and no natural key`, 'name other columns in match');
  return found;
}

/** Types whose text says whether two values are equal. */
const comparable = new Set(['text', 'varchar', 'int2', 'int4', 'int8', 'uuid']);

export function columnOf(side: MatchedSides, name: string): { readonly source: string; readonly target: string } {
  const source = side.source.columns.find((column) => isSameName(column.name, name))?.name;
  const target = source === undefined ? undefined : side.columns.get(source);
  if (source === undefined || target === undefined)
    throw refused(side.source.name, `${name} is no column of both sides`, 'name columns in match that both have');
  const { baseType = '' } = side.target.columns.find((column) => column.name === target) ?? {};
  if (!comparable.has(baseType))
    throw refused(side.source.name, `${name} is ${baseType} on the target`, 'match by texts, integers or uuids');
  return { source, target };
}

export async function readTarget(
  client: TargetClient,
  { schema, name }: TargetTable,
  columns: readonly string[],
): Promise<unknown[][]> {
  const list = columns.map((column) => `${quoteIdentifier(column)}::text`).join(', ');
  const rows = await client.query<{ values: unknown[] }>(
    `SELECT ARRAY[${list}] AS values FROM ${quoteTable(schema, name)} LIMIT ${seedsMax}`,
  );
  return rows.map(({ values }) => values);
}

/** Keys of rows by what they are matched by. Refuses where that is NULL, is there twice, or is no text or integer. */
export function indexOf(table: string, side: string, rows: readonly (readonly unknown[])[]): Map<string, unknown> {
  if (rows.length >= seedsMax) throw refused(table, `it has ${seedsMax} rows or more`, 'seeds are few: replace it');
  const index = new Map<string, unknown>();
  for (const [id, ...natural] of rows) {
    if (natural.some((value) => typeof value !== 'string' && typeof value !== 'bigint'))
      throw refused(
        table,
        `a row of ${side}, key ${String(id)}, has NULL or no text or integer there`,
        'match by other columns',
      );
    const key = natural.length === 1 ? String(natural[0]) : JSON.stringify(natural.map(String));
    if (index.has(key)) throw refused(table, `${key} is there twice in ${side}`, 'match by columns that are unique');
    index.set(key, id);
  }
  return index;
}

export function asKey(table: string, value: unknown): MappedKey {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' && value < mappedMax && value > -mappedMax) return value;
  throw refused(table, `${String(value)} is no key that can be mapped`, 'replace the table');
}

export function refused(table: string, message: string, hint: string): CopierError {
  return new CopierError('plan.seeded_match', `${table} cannot be matched: ${message}; nothing was written`, {
    table,
    hint,
  });
}
