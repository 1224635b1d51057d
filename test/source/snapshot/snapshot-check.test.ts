import assert from 'node:assert/strict';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkPages } from '../../../src/source/snapshot/snapshot-check.js';
import { Database } from '../../../src/source/sqlite.js';
import { withFolder } from '../../support/folder.js';

/** A database whose schema needs what only its application has: `edits` put it into the SQL of the schema afterwards. */
function makeForeign(
  folder: string,
  sql: string,
  edits: readonly (readonly [from: string, to: string])[] = [],
): string {
  const path = join(folder, 'app.db');
  const db = new Database(path);
  db.function('own', { deterministic: true }, (value: unknown) => `${value}!`);
  db.unsafeMode(true);
  db.exec(sql);
  db.pragma('writable_schema = ON');
  for (const [from, to] of edits) db.prepare('UPDATE sqlite_schema SET sql = replace(sql, ?, ?)').run(from, to);
  db.close();
  return path;
}

const rows = (table: string) =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO ${table} SELECT i, 'name ' || i FROM n;`;

test('a table with an index over a collation of the application is named, and all others are checked', () =>
  withFolder((folder) => {
    const sql = `CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT); CREATE INDEX by_t ON a(t); ${rows('a')}
      CREATE TABLE b (id INTEGER PRIMARY KEY, t TEXT); ${rows('b')}
      CREATE TABLE k (t TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO k VALUES ('x');`;
    const path = makeForeign(folder, sql, [
      ['ON a(t)', 'ON a(t COLLATE own_order)'],
      ['t TEXT PRIMARY KEY', 't TEXT COLLATE own_order PRIMARY KEY'],
    ]);
    const reason = 'no such collation sequence: own_order';
    assert.deepEqual(checkPages(path), [
      { table: 'a', reason },
      { table: 'k', reason },
    ]);
    const db = new Database(path);
    const root = db.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'b'`).pluck().get() as number;
    const size = Number(db.pragma('page_size', { simple: true }));
    db.close();
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(64, 0xff), 0, 64, (root - 1) * size);
    closeSync(file);
    assert.throws(() => checkPages(path), { code: 'source.corrupt' });
  }));

test('functions of the application stand in the way of nothing', () =>
  withFolder((folder) => {
    const sql = `CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT, s TEXT AS (own(t)) STORED, v TEXT AS (own(t)) VIRTUAL, CHECK (own(t) <> ''));
      CREATE INDEX by_own ON a (own(t)); CREATE INDEX some ON a (t) WHERE own(t) > 'a'; INSERT INTO a (t) VALUES ('x'), ('y');`;
    assert.deepEqual(checkPages(makeForeign(folder, sql)), []);
  }));

test('a stale index of a full-text or R-Tree table is no damage of the file', () =>
  withFolder((folder) => {
    const sql = `CREATE TABLE f (id INTEGER PRIMARY KEY, title TEXT); CREATE VIRTUAL TABLE f4 USING fts4(content="f", title);
      CREATE VIRTUAL TABLE f5 USING fts5(title, content='f', content_rowid='id'); INSERT INTO f VALUES (1, 'one'), (2, 'two');
      CREATE VIRTUAL TABLE r USING rtree(id, x, y); INSERT INTO r VALUES (1, 0, 1); DELETE FROM r_rowid;`;
    assert.deepEqual(checkPages(makeForeign(folder, sql)), []);
  }));
