import { dirname, join } from 'node:path';
import { rmSync } from 'node:fs';
import { foldCase, isSameName } from '../../lib/fold-case.js';
import { parentsFirst } from '../../lib/parents-first.js';
import type { Snapshot, SourceCatalog } from '../../model/source.js';
import type { TargetAddress, TargetCatalog } from '../../model/target.js';
import { matchNames } from '../../plan/names/match.js';
import { tableRulesOf } from '../../plan/rules/rules.js';
import { matchedTables } from '../../plan/rules/seeded.js';
import type { KeyColumn, MappedKey, MappedKeys } from '../../source/snapshot/mapped-keys.js';
import { MappedCopy } from '../../source/snapshot/mapped-snapshot.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTarget } from '../../target/connection/connect.js';
import { readTargetCatalog } from '../../target/schema/catalog.js';
import { rulesOf } from '../choices.js';
import type { Context } from '../context.js';
import { lockWaits } from '../lock-waits.js';
import {
  type Matched,
  type MatchedSides,
  asKey,
  columnOf,
  indexOf,
  keyOf,
  readTarget,
  refused,
  seedsMax,
} from './natural-keys.js';
import { readCatalog } from './survey.js';

/*
 * Tables that the application seeds itself on PostgreSQL, and whose rows stay there under other keys: each row of SQLite is
 * matched with one of the target by a natural key, and everything that refers to it follows the target's key. This is done in a
 * copy of the snapshot, from which the run then loads; every proof makes the same copy of the source anew, so it compares
 * the mapped keys like any other value.
 */

const mappedName = 'sqlite-mapped.db';
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
  const source = await readCatalog(snapshot.path, settings);
  const path = join(dirname(snapshot.path), mappedName);
  const copy = MappedCopy.of(snapshot.path, path);
  const maps: MappedKeys[] = [];
  try {
    await withTarget(asItIs, connecting, async (client) => {
      const target = await readTargetCatalog(client, address.schema);
      const sides = sidesOf(source, target, settings);
      for (const one of parentsFirst(matched, parentsAmong(matched, source))) {
        const { map, summary } = await mapTable(one, { sides, source, client, copy });
        maps.push(map);
        journal.note(summary);
      }
    });
    return await copy.end(snapshot, maps, signal);
  } catch (error) {
    copy.close();
    for (const made of [path, `${path}.json`]) rmSync(made, { force: true });
    throw error;
  }
}

function sidesOf(source: SourceCatalog, target: TargetCatalog, settings: Context['settings']): MatchedSides[] {
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
  readonly sides: readonly MatchedSides[];
  readonly source: SourceCatalog;
  readonly client: TargetClient;
  readonly copy: MappedCopy;
}

/** Matches the rows of one table, and has all that refers to them follow; gives what is told of it. */
async function mapTable(
  one: Matched,
  { sides, source, client, copy }: Mapping,
): Promise<{ readonly map: MappedKeys; readonly summary: string }> {
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
  const map = { pairs, columns };
  const changed = copy.map(map);
  const counts = columns.map(({ table, column }, at) => `${table}.${column} ${changed[at]}`).slice(1);
  const summary = `${one.table}: ${pairs.length} rows are matched by ${one.match.join(', ')}, ${changed[0]} have another key on the target; what follows: ${counts.join(', ') || 'nothing refers to it'}`;
  return { map, summary };
}

/** The key's own column, then every column that refers to it by a foreign key of either side. */
function referencesTo(
  parent: MatchedSides,
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

/** Refuses what does not know of mapped keys; `way`: what moves them instead. */
export function refuseMatches(context: Pick<Context, 'settings'>, what: string, way: string): void {
  const [first] = matchedTables(context.settings.tableRules);
  if (first === undefined) return;
  throw refused(
    first.table,
    `${what} would bring keys of SQLite to the target, or the other way round`,
    `${way}, or let the table give way with "seeded": "replace"`,
  );
}
