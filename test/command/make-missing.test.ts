import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

/** The application's own tables, and beside them what its user made. */
const sourceSql = `
  CREATE TABLE sys (id integer PRIMARY KEY, v text);
  CREATE TABLE users (id char(36) PRIMARY KEY, name text);
  CREATE TABLE posts (id integer PRIMARY KEY, title text NOT NULL, sys integer REFERENCES sys (id) ON DELETE CASCADE,
    author char(36) REFERENCES users (id), parent integer REFERENCES posts (id), missing integer REFERENCES tags (id));
  CREATE TABLE tags (id integer PRIMARY KEY, name text UNIQUE);
  CREATE INDEX posts_title ON posts (title);
  INSERT INTO sys VALUES (1, 'a');
  INSERT INTO users VALUES ('0b7e2a86-6a3c-4b4e-9f0e-0d1f2a3b4c5d', 'u');
  INSERT INTO tags VALUES (5, 'red');
  INSERT INTO posts VALUES (1, 't', 1, '0b7e2a86-6a3c-4b4e-9f0e-0d1f2a3b4c5d', NULL, 5), (2, 'u', NULL, NULL, 1, NULL);`;

const targetSql = `
  CREATE TABLE sys (id serial PRIMARY KEY, v text);
  CREATE TABLE users (id uuid PRIMARY KEY, name text)`;

test('tables that the target lacks are made beside the others, with foreign keys between both kinds', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(targetSql);
      const sides = ['--source', makeSqlite(folder, sourceSql), '--target', url];
      const refused = await runJson(['migrate', ...sides], { cwd: folder });
      assert.equal(refused.json.error?.code, 'plan.refused');
      assert.match(refused.stderr, /--make-missing/);
      const asked = await runJson(['init', ...sides, '--tables', 'posts,tags'], { cwd: folder });
      assert.deepEqual([asked.exitCode === 0, asked.json.error?.code], [false, 'plan.table_missing']);
      const moved = await runCommand(['migrate', ...sides, '--make-missing'], { cwd: folder });
      assert.equal(moved.exitCode, 0, moved.stderr);
      assert.match(moved.stderr, /2 tables made beside those that were there: posts, tags/);
      const { rows } = await client.query<{ child: string; def: string }>(
        `SELECT conrelid::regclass::text AS child, pg_get_constraintdef(oid) AS def FROM pg_constraint
          WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY def`,
      );
      assert.deepEqual(rows, [
        { child: 'posts', def: 'FOREIGN KEY (author) REFERENCES users(id)' },
        { child: 'posts', def: 'FOREIGN KEY (missing) REFERENCES tags(id)' },
        { child: 'posts', def: 'FOREIGN KEY (parent) REFERENCES posts(id)' },
        { child: 'posts', def: 'FOREIGN KEY (sys) REFERENCES sys(id) ON DELETE CASCADE' },
      ]);
      const types = await client.query<{ type: string }>(
        `SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute
          WHERE attrelid = 'posts'::regclass AND attname IN ('sys', 'author') ORDER BY attname`,
      );
      assert.deepEqual(
        types.rows.map(({ type }) => type),
        ['uuid', 'integer'],
        'the types of what they refer to',
      );
      assert.deepEqual((await client.query('SELECT title, sys FROM posts ORDER BY id')).rows, [
        { title: 't', sys: 1 },
        { title: 'u', sys: null },
      ]);
      const verified = await runCommand(['verify', ...sides], { cwd: folder });
      assert.equal(verified.exitCode, 0, verified.stderr);
    }),
  );
});

test('a plan makes nothing, and init makes what was asked for', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(targetSql);
      const sides = ['--source', makeSqlite(folder, sourceSql), '--target', url];
      const tables = async () =>
        (await client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")).rows.map(
          ({ tablename }) => tablename,
        );
      const planned = await runCommand(['plan', ...sides, '--make-missing'], { cwd: folder });
      assert.equal(planned.exitCode, 0, planned.stderr);
      assert.deepEqual(await tables(), ['sys', 'users']);
      const made = await runCommand(['init', ...sides, '--make-missing'], { cwd: folder });
      assert.equal(made.exitCode, 0, made.stderr);
      assert.deepEqual(await tables(), ['posts', 'sys', 'tags', 'users']);
    }),
  );
});

test('a view in the place of a table is named as what it is, and the table under it takes the rows', () =>
  withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(
        `CREATE TABLE sys_rows (id bigint PRIMARY KEY, v text); CREATE VIEW sys AS SELECT * FROM sys_rows`,
      );
      const source = makeSqlite(
        folder,
        `CREATE TABLE sys (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO sys VALUES (1, 'a')`,
      );
      const args = ['migrate', '--source', source, '--target', url];
      for (const more of [[], ['--make-missing']]) {
        const { exitCode, json } = await runJson([...args, ...more], { cwd: folder });
        assert.equal(exitCode, 20);
        const told = json.findings.filter(({ severity }) => severity === 'error');
        assert.deepEqual(
          told.map(({ code, message }) => [code, message]),
          [['plan.table_missing', 'sys is a view of the schema public, and rows are copied into tables alone']],
        );
      }
      const config = join(folder, 'config.json');
      writeFileSync(config, JSON.stringify({ tableRules: { sys: { target: 'sys_rows' } } }));
      const moved = await runCommand([...args, '--config', config], { cwd: folder });
      assert.equal(moved.exitCode, 0, moved.stderr);
      const { rows } = await client.query('SELECT v FROM sys');
      assert.deepEqual(rows, [{ v: 'a' }]);
    }),
  ));
