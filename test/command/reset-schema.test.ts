import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sourceSql = `CREATE TABLE "Item" (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO "Item" VALUES (1, 'a');
  CREATE VIEW names AS SELECT name FROM "Item";`;

test('a reset drops nothing that the source does not know, unless it is named; what went is recorded', async () => {
  await withDatabase(async (url, client) => {
    await withFolder(async (folder) => {
      const args = ['migrate', '--source', makeSqlite(folder, sourceSql), '--target', url, '--reset-schema'];
      await client.query(`CREATE TABLE "Item" (id int); INSERT INTO "Item" VALUES (7); CREATE VIEW names AS SELECT 1;
        CREATE TABLE invoices (id int); INSERT INTO invoices VALUES (1);
        CREATE SCHEMA other; CREATE VIEW other.look AS SELECT * FROM "Item"`);
      const refused = await runJson(args, { cwd: folder });
      assert.equal(refused.json.error?.code, 'plan.reset_others');
      assert.match(refused.stderr, /2 things .*: view other\.look, table invoices; nothing was dropped/);
      assert.match(refused.stderr, /--reset-also 'other\.look,invoices'/);
      assert.deepEqual((await client.query('SELECT id FROM invoices')).rows, [{ id: 1 }]);
      const one = await runJson([...args, '--reset-also', 'invoices'], { cwd: folder });
      assert.match(one.stderr, /1 thing .*: view other\.look; nothing was dropped/);
      const done = await runJson([...args, '--reset-also', 'other.look,invoices'], { cwd: folder });
      assert.equal(done.exitCode, 0, done.stderr);
      const wanted = 'dropped with schema public: view other.look, table Item, table invoices, view names';
      assert.ok(done.json.findings.some(({ code, message }) => code === 'plan.schema_reset' && message === wanted));
      const plan = readFileSync(join(done.json.runDir ?? '', 'plan.json'), 'utf8');
      assert.ok(plan.includes(wanted));
      const { rows } = await client.query('SELECT id::int, name FROM "Item"');
      assert.deepEqual(rows, [{ id: 1, name: 'a' }]);
    });
  });
});

test('a reset may drop what the .sql files make again', async () => {
  await withDatabase(async (url, client) => {
    await withFolder(async (folder) => {
      writeFileSync(
        join(folder, '1.sql'),
        `CREATE TYPE mood AS ENUM ('sad'); create extension if not exists "uuid-ossp";
         CREATE TABLE "Item" (id bigint PRIMARY KEY, name text); CREATE TABLE IF NOT EXISTS public.Audit (id int);
         CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
      );
      const args = ['migrate', '--source', makeSqlite(folder, sourceSql), '--target', url, '--sql-dir', folder];
      const rest = ['--reset-schema', '--waive', 'view:names'];
      for (const _ of ['first', 'again']) {
        const { exitCode, stderr } = await runJson([...args, ...rest], { cwd: folder });
        assert.equal(exitCode, 0, stderr);
      }
      await client.query('CREATE TABLE public.guests (id int)');
      const { stderr } = await runJson([...args, ...rest], { cwd: folder });
      assert.match(stderr, /1 thing .*: table guests; nothing was dropped/);
    });
  });
});
