import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import type { FleetResult } from '../../src/model/fleet/fleet.js';
import { Database } from '../../src/source/sqlite.js';
import { runJson } from './command.js';
import { makeSqlite } from './folder.js';

/** The schema that most files of a test's fleet have. */
const usualSql = `
  CREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, boss INTEGER REFERENCES person (id));
  CREATE TABLE note (id INTEGER PRIMARY KEY, person INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE, body TEXT, at REAL);
  CREATE INDEX note_person ON note (person);`;

/** Makes files `prefix0.db` and so on, each with rows that no other has. Gives their paths. */
export function makeTenants(
  folder: string,
  { count, prefix = 'tenant ' }: { count: number; prefix?: string },
): string[] {
  mkdirSync(folder, { recursive: true });
  return Array.from({ length: count }, (_, index) =>
    makeSqlite(
      folder,
      `${usualSql}
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${20 + (index % 7)})
       INSERT INTO person (email, boss) SELECT '${prefix}' || ${index} || '-' || i || '@x', nullif(i / 2, 0) FROM n;
       INSERT INTO note SELECT id, id, 'of ' || email, id / 3.0 FROM person;`,
      `${prefix}${index}.db`,
    ),
  );
}

/** A damaged file, one that is none, one with orphans, and one of another application. */
export function makeHostile(folder: string): void {
  const [damaged = ''] = makeTenants(folder, { count: 1, prefix: 'damaged' });
  const bytes = readFileSync(damaged);
  writeFileSync(damaged, bytes.fill(0x7f, 4096));
  writeFileSync(join(folder, 'no database.db'), 'not a database at all, though its name says so');
  makeSqlite(
    folder,
    `${usualSql} PRAGMA foreign_keys = OFF; INSERT INTO note VALUES (1, 99, 'of nobody', 1);`,
    'orphans.db',
  );
  makeSqlite(folder, "CREATE TABLE song (title TEXT PRIMARY KEY); INSERT INTO song VALUES ('la');", 'other.db');
}

/** Runs one action of the command `fleet` and reads its result. */
export async function runFleetJson(url: string, cwd: string, args: readonly string[]) {
  const ended = await runJson(['fleet', ...args, '--target', url], { cwd });
  return { ...ended, json: ended.json as unknown as FleetResult & { readonly error?: { code: string } } };
}

/**
 * Compares a file with its schema by statements of its own, and sees that it was loaded by one run. Nothing of the
 * program is used.
 */
export async function assertLoadedOnce(client: pg.Client, path: string, schema: string): Promise<void> {
  const db = new Database(path, { readonly: true });
  const people = db.prepare('SELECT id, email, boss FROM person ORDER BY id').all();
  const notes = db.prepare('SELECT id, person, body, at FROM note ORDER BY id').all();
  db.close();
  const read = async (sql: string) => (await client.query(sql)).rows;
  const number = (rows: Record<string, unknown>[]) =>
    rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])));
  assert.deepEqual(number(await read(`SELECT id, email, boss FROM "${schema}".person ORDER BY id`)), people, schema);
  assert.deepEqual(number(await read(`SELECT id, person, body, at FROM "${schema}".note ORDER BY id`)), notes, schema);
  const runs = await read(`SELECT state FROM pgferry.run WHERE target_schema = '${schema}' AND state <> 'abandoned'`);
  assert.deepEqual(runs, [{ state: 'complete' }], schema);
}

function plain(value: unknown): unknown {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}
