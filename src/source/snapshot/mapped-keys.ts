import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { HashedFile } from '../../model/source.js';
import { newFile } from '../../platform/file-flags.js';

/* Which key of SQLite stands under which key on the target: the file of it, by which a rollback puts the old ones back. */

export type MappedKey = bigint | string;

/** A column that holds keys: the key itself, or what refers to it. */
export interface KeyColumn {
  readonly table: string;
  readonly column: string;
}

/** The keys of one table, those that are the same on both sides included. */
export interface MappedKeys {
  readonly pairs: readonly (readonly [old: MappedKey, now: MappedKey])[];
  /** The key's own column first, then every column that refers to it. */
  readonly columns: readonly KeyColumn[];
}

/** Writes them durably to a file that must not exist. */
export function writeKeys(path: string, maps: readonly MappedKeys[]): HashedFile {
  const text = JSON.stringify(maps, (_, value: unknown) =>
    typeof value === 'bigint' ? { integer: String(value) } : value,
  );
  const file = openSync(path, newFile, 0o400);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
  return { path, sha256: createHash('sha256').update(text).digest('hex') };
}

export function readKeys(path: string): MappedKeys[] {
  const revive = (_: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && 'integer' in value ? BigInt(value.integer as string) : value;
  return JSON.parse(readFileSync(path, 'utf8'), revive) as MappedKeys[];
}

/** The way back of the same keys. */
export function keysBack({ pairs, columns }: MappedKeys): MappedKeys {
  return { pairs: pairs.map(([old, now]) => [now, old]), columns };
}
