import { dirname, join } from 'node:path';
import { rmSync } from 'node:fs';
import { foldCase, isSameName } from '../../lib/fold-case.js';
import { parentsFirst } from '../../lib/parents-first.js';
import { quoteIdentifier, quoteTable } from '../../lib/quote.js';
import { CopierError } from '../../model/error.js';
import type { Snapshot, SourceCatalog, SourceTable } from '../../model/source.js';
import type { TargetAddress, TargetCatalog, TargetTable } from '../../model/target.js';
import { matchNames } from '../../plan/names/match.js';
import { tableRulesOf } from '../../plan/rules/rules.js';
import { matchedTables } from '../../plan/rules/seeded.js';
import { type MappedKey, type KeyColumn, MappedCopy, mappedMax } from '../../source/snapshot/mapped-snapshot.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTarget } from '../../target/connection/connect.js';
import { readTargetCatalog } from '../../target/schema/catalog.js';
import { rulesOf } from '../choices.js';
import type { Context } from '../context.js';
import { lockWaits } from '../lock-waits.js';
import { readCatalog } from './survey.js';

/*
 * Tables that the application seeds itself on PostgreSQL, and whose rows stay there under other keys: each row of SQLite is
 * matched with one of the target by a natural key, and everything that refers to it follows the target's key. This is done in a
 * copy of the snapshot, from which the run then loads; every proof makes the same copy of the source anew, so it compares
 * the mapped keys like any other value.
 */

const mappedName = 'sqlite-mapped.db';
/** Seeds are few; more rows are a table of data. */
const seedsMax = 100_000;

export function hasMatches({ settings }: Pick<Context, 'settings'>): boolean {
  return matchedTables(settings.tableRules).length > 0;
}

/** The snapshot with the keys of the target, beside it; the very one that was given where nothing is matched. */
export async function mapSeeded(context: Context, address: TargetAddress, snapshot: Snapshot): Promise<Snapshot> {
  const { settings, journal, signal } = context;
  const matched = matchedTables(settings.tableRules);
  if (matched.length === 0) return snapshot;
  const { frozenAs: _, ...asItIs } = address;
  const connecting = { applicationName: 'pgferry match', signal, locks: lockWaits(context) };
  const source = await readCatalog(snapshot.path);
  const path = join(dirname(snapshot.path), mappedName);
  const copy = new MappedCopy(snapshot.path, path);
  try {
    await withTarget(asItIs, connecting, async (client) => {
      const target = await readTargetCatalog(client, address.schema);
      const sides = sidesOf(source, target, settings);
      for (const one of parentsFirst(matched, parentsAmong(matched, source))) {
        const summary = await mapTable(one, { sides, source, client, copy });
        journal.note(summary);
      }
    });
    return await copy.end(snapshot, signal);
  } catch (error) {
    copy.close();
    rmSync(path, { force: true });
    throw error;
  }
}

interface Matched {
  readonly table: string;
  readonly match: readonly string[];
}

/** Both sides of a table, with the names of its columns on the target by those of the source. */
interface Side {
  readonly source: SourceTable;
  readonly target: TargetTable;
  readonly columns: ReadonlyMap<string, string>;
}

function sidesOf(source: SourceCatalog, target: TargetCatalog, settings: Context['settings']): Side[] {
  const rules = rulesOf(settings);
  const named = new Map(
    source.tables.flatMap(({ name }) => {
      const given = tableRulesOf(rules, name).target;
      return given === undefined ? [] : [[name, given] as const];
    }),
  );
  const namesOf = (things: readonly { readonly name: string }[]) => things.map(({ name }) => name);
  const pairs = matchNames(namesOf(source.tables), namesOf(target.tables), named);
  return source.tables.flatMap((table) => {
    const found = target.tables.find(({ name }) => name === pairs.get(table.name)?.target);
    if (found === undefined) return [];
    const columns = matchNames(namesOf(table.columns), namesOf(found.columns));
    return [
      { source: table, target: found, columns: new Map([...columns].map(([name, { target: to }]) => [name, to])) },
    ];
  });
}

/** The matched tables that a matched one refers to: its natural key may hold what refers to them. */
function parentsAmong(matched: readonly Matched[], { tables }: SourceCatalog): (one: Matched) => Matched[] {
  return ({ table }) => {
    const keys = tables.find(({ name }) => isSameName(name, table))?.foreignKeys ?? [];
    return keys.flatMap(({ parentTable }) => matched.filter((parent) => isSameName(parent.table, parentTable)));
  };
}

interface Mapping {
  readonly sides: readonly Side[];
  readonly source: SourceCatalog;
  readonly client: TargetClient;
  readonly copy: MappedCopy;
}

/** Matches the rows of one table, and has all that refers to them follow; gives what is told of it. */
async function mapTable(one: Matched, { sides, source, client, copy }: Mapping): Promise<string> {
  const side = sides.find((each) => isSameName(each.source.name, one.table));
  if (side === undefined) throw refused(one.table, 'it is not on both sides', 'correct the name in tableRules');
  const id = keyOf(side, one);
  const natural = one.match.map((name) => columnOf(side, name));
  const ours = indexOf(
    one.table,
    'SQLite',
    copy.read(side.source.name, [id.source, ...natural.map(({ source: name }) => name)], seedsMax),
  );
  const theirs = indexOf(
    one.table,
    'PostgreSQL',
    await readTarget(client, side.target, [id.target, ...natural.map(({ target }) => target)]),
  );
  const missing = [...ours.keys()].filter((key) => !theirs.has(key));
  if (missing.length > 0) {
    const shown = missing.slice(0, 5).join(', ');
    throw refused(
      one.table,
      `${missing.length} of its rows have no match by ${one.match.join(', ')} on the target, the first are ${shown}`,
      `make them there as the application does, or let the table give way with "seeded": "replace"`,
    );
  }
  const isNumber = /^int[248]$/.test(side.target.columns.find(({ name }) => name === id.target)?.baseType ?? '');
  const pairs = [...ours].flatMap(([key, old]): (readonly [MappedKey, MappedKey])[] => {
    const now = theirs.get(key) ?? '';
    return [[asKey(one.table, old), isNumber ? asKey(one.table, BigInt(now as string)) : String(now)]];
  });
  const columns = referencesTo(side, id, { sides, source });
  const changed = copy.map(
    pairs.filter(([old, now]) => old !== now),
    columns,
  );
  const counts = columns.map(({ table, column }, at) => `${table}.${column} ${changed[at]}`).slice(1);
  return `${one.table}: ${pairs.length} rows are matched by ${one.match.join(', ')}, ${changed[0]} have another key on the target; what follows: ${counts.join(', ') || 'nothing refers to it'}`;
}

/** The one column by which a row is referred to. */
function keyOf(side: Side, { table, match }: Matched): { readonly source: string; readonly target: string } {
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

function columnOf(side: Side, name: string): { readonly source: string; readonly target: string } {
  const source = side.source.columns.find((column) => isSameName(column.name, name))?.name;
  const target = source === undefined ? undefined : side.columns.get(source);
  if (source === undefined || target === undefined)
    throw refused(side.source.name, `${name} is no column of both sides`, 'name columns in match that both have');
  const { baseType = '' } = side.target.columns.find((column) => column.name === target) ?? {};
  if (!comparable.has(baseType))
    throw refused(side.source.name, `${name} is ${baseType} on the target`, 'match by texts, integers or uuids');
  return { source, target };
}

async function readTarget(
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
function indexOf(table: string, side: string, rows: readonly (readonly unknown[])[]): Map<string, unknown> {
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

function asKey(table: string, value: unknown): MappedKey {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' && value < mappedMax && value > -mappedMax) return value;
  throw refused(table, `${String(value)} is no key that can be mapped`, 'replace the table');
}

/** The key's own column, then every column that refers to it by a foreign key of either side. */
function referencesTo(
  parent: Side,
  id: { readonly source: string; readonly target: string },
  { sides, source }: Pick<Mapping, 'sides' | 'source'>,
): KeyColumn[] {
  const found: KeyColumn[] = [{ table: parent.source.name, column: id.source }];
  const add = (table: string, column: string | undefined): void => {
    if (column === undefined) return;
    if (!found.some((one) => one.table === table && foldCase(one.column) === foldCase(column)))
      found.push({ table, column });
  };
  const wanted = (table: string, names: readonly string[], key: string): number => {
    const at = names.findIndex((name) => isSameName(name, key));
    if (at >= 0 && names.length > 1)
      throw refused(parent.source.name, `${table} refers to it by several columns`, 'replace the table');
    return at;
  };
  for (const { name, foreignKeys } of source.tables)
    for (const { parentTable, parentColumns, columns } of foreignKeys) {
      if (!isSameName(parentTable, parent.source.name)) continue;
      if (wanted(name, parentColumns, id.source) >= 0) add(name, columns[0]);
    }
  for (const child of sides)
    for (const { parentTable, parentColumns, columns } of child.target.foreignKeys) {
      if (parentTable !== parent.target.name || wanted(child.source.name, parentColumns, id.target) < 0) continue;
      add(child.source.name, [...child.columns].find(([, to]) => to === columns[0])?.[0]);
    }
  return found;
}

function refused(table: string, message: string, hint: string): CopierError {
  return new CopierError('plan.seeded_match', `${table} cannot be matched: ${message}; nothing was written`, {
    table,
    hint,
  });
}

/** Refuses what does not know of mapped keys. */
export function refuseMatches(context: Pick<Context, 'settings'>, what: string): void {
  const [first] = matchedTables(context.settings.tableRules);
  if (first === undefined) return;
  throw refused(
    first.table,
    `${what} would bring keys of SQLite to the target, or the other way round`,
    'move with `pgferry migrate`, or let the table give way with "seeded": "replace"',
  );
}
