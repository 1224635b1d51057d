import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { choosePages } from '../../../src/source/pages/layout.js';
import { withFolder } from '../../support/folder.js';
import { askPages, askSqlite, makeFile, readTable } from './pages-fixture.js';

/** Makes the table and gives back the reason for rows, or null where pages are chosen. */
async function reasonFor(sql: string, columns?: readonly string[], encoding = 'UTF-8'): Promise<string | null> {
  return await withFolder((folder) => {
    const path = join(folder, 'layout.db');
    makeFile(path, {}, (db) => db.exec(sql));
    const { table, catalog } = readTable(path, 't');
    const choice = choosePages(table, { ...catalog, encoding: encoding as typeof catalog.encoding }, columns);
    return choice.tag === 'rows' ? choice.reason : null;
  });
}

const choices: readonly [title: string, sql: string, columns: readonly string[] | undefined, reason: RegExp | null][] =
  [
    ['a plain table', 'CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)', undefined, null],
    ['a WITHOUT ROWID table', 'CREATE TABLE t(id PRIMARY KEY, a) WITHOUT ROWID', undefined, /index b-tree/],
    ['a virtual column', 'CREATE TABLE t(a, v AS (a + 1) VIRTUAL)', undefined, /"v" is computed/],
    ['a virtual column that nobody reads', 'CREATE TABLE t(a, v AS (a + 1) VIRTUAL)', ['a'], null],
    ['a stored generated column', 'CREATE TABLE t(a, v AS (a + 1) STORED)', undefined, null],
    ['a default of CURRENT_TIMESTAMP', 'CREATE TABLE t(a DATETIME DEFAULT CURRENT_TIMESTAMP)', undefined, null],
    ['a default from a function', "CREATE TABLE t(a DEFAULT (strftime('%s', 'now') * 1000))", undefined, null],
    ['a default with a comment in it', 'CREATE TABLE t(a DEFAULT (5 -- five\n))', undefined, null],
  ];

for (const [title, sql, columns, reason] of choices) {
  test(`${title} is read from ${reason === null ? 'pages' : 'rows'}`, async () => {
    const actual = await reasonFor(sql, columns);
    if (reason === null) assert.equal(actual, null);
    else assert.match(String(actual), reason);
  });
}

test('a UTF-16 database is read from rows', async () => {
  assert.match(String(await reasonFor('CREATE TABLE t(a)', undefined, 'UTF-16le')), /UTF-16le/);
});

test('a default that SQLite would not parse is read from rows', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'odd.db');
    makeFile(path, {}, (db) => db.exec('CREATE TABLE t(a DEFAULT 1)'));
    const { table, catalog } = readTable(path, 't');
    for (const defaultSql of [')', '1); DROP TABLE t; --', "'\ufffd'"]) {
      const columns = table.columns.map((column) => ({ ...column, defaultSql }));
      assert.equal(choosePages({ ...table, columns }, catalog).tag, 'rows', defaultSql);
    }
  });
});

const added = [
  'INTEGER DEFAULT 5',
  "INTEGER DEFAULT '5'",
  'REAL DEFAULT 5',
  'TEXT DEFAULT 5',
  'TEXT DEFAULT 5.0',
  "NUMERIC DEFAULT '1e3'",
  "BLOB DEFAULT '7'",
  "TEXT DEFAULT x'ff00'",
  'DEFAULT TRUE',
  'DEFAULT NULL',
  'INTEGER DEFAULT -9223372036854775808',
  'REAL DEFAULT 9007199254740993',
  'DEFAULT 9e999',
  'DEFAULT (- -5)',
  "DEFAULT (CAST(x'ff' AS TEXT))",
  'DEFAULT bare',
  "TEXT DEFAULT ''",
];

test('rows older than a column have its default, with the affinity of the column', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'added.db');
    makeFile(path, {}, (db) => {
      db.exec("CREATE TABLE t(a); INSERT INTO t VALUES ('old'), (zeroblob(9000))");
      for (const [i, definition] of added.entries()) db.exec(`ALTER TABLE t ADD COLUMN c${i} ${definition}`);
      db.exec("INSERT INTO t(a) VALUES ('new')");
    });
    const from = readTable(path, 't');
    assert.deepEqual(askPages(path, from), askSqlite(path, from.table));
  });
});
