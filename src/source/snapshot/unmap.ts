import { closeSync, fsyncSync, openSync } from 'node:fs';
import { quoteIdentifier } from '../../lib/quote.js';
import { Database } from '../sqlite.js';
import { type KeyColumn, type MappedKeys, keysBack } from './mapped-keys.js';
import { MappedCopy } from './mapped-snapshot.js';

/** A reference to a row that only the target has. */
export interface UnknownReference extends KeyColumn {
  /** The table that it refers to. */
  readonly parent: string;
  readonly value: string;
}

/** References that are looked at in one column. */
const referencesMax = 100_000;

/**
 * Puts the keys that SQLite had back into a copy of the mapped snapshot, in place and durably. Nothing is changed where the
 * copy has references that the mapped snapshot did not have, and that have no key of SQLite: these are given.
 */
export function unmapCopy(path: string, mappedPath: string, maps: readonly MappedKeys[]): UnknownReference[] {
  const unknown = findUnknown(path, mappedPath, maps);
  if (unknown.length > 0) return unknown;
  mapAgain(path, maps.toReversed().map(keysBack));
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return [];
}

/** Sets these keys in a file of ours, in place. */
export function mapAgain(path: string, maps: readonly MappedKeys[]): void {
  const copy = new MappedCopy(path);
  try {
    for (const map of maps) copy.map(map);
    copy.finish();
  } catch (error) {
    copy.close();
    throw error;
  }
}

function findUnknown(path: string, mappedPath: string, maps: readonly MappedKeys[]): UnknownReference[] {
  const [now, before] = [path, mappedPath].map((one) => new Database(one, { readonly: true }));
  try {
    return maps.flatMap(({ pairs, columns: [own, ...references] }) => {
      const known = new Set(pairs.map(([, key]) => key));
      return references.flatMap((column) => {
        const there = valuesOf(before, column);
        const found = [...valuesOf(now, column)].filter((value) => !known.has(value as string) && !there.has(value));
        return found.map((value) => ({ ...column, parent: own?.table ?? '', value: String(value) }));
      });
    });
  } finally {
    now?.close();
    before?.close();
  }
}

function valuesOf(db: Database | undefined, { table, column }: KeyColumn): Set<unknown> {
  const name = quoteIdentifier(column);
  const rows = db
    ?.prepare(`SELECT DISTINCT ${name} FROM ${quoteIdentifier(table)} WHERE ${name} IS NOT NULL LIMIT ${referencesMax}`)
    .safeIntegers(true)
    .pluck()
    .all();
  return new Set(rows);
}
