import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sourceSql = `PRAGMA foreign_keys = OFF;
  CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO parent VALUES (1, 'a');
  CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INT REFERENCES parent (id), other INT REFERENCES parent (id));
  INSERT INTO child VALUES (1, 1, 1), (2, 9, 1), (3, 8, NULL);`;

test('from nothing, rows without their parent arrive, and their foreign key is NOT VALID, with a warning that names them', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      const sides = ['--source', makeSqlite(folder, sourceSql), '--target', url];
      const moved = await runJson(['migrate', ...sides], { cwd: folder });
      assert.equal(moved.exitCode, 0, moved.stderr);
      const [orphans] = moved.json.findings.filter(({ code }) => code === 'plan.orphans');
      assert.equal(orphans?.severity, 'warning');
      assert.match(
        orphans?.message ?? '',
        /^2 rows refer through \(parent_id\) to rows that parent does not have, for example .*2.*3/,
      );
      const choices = orphans?.choices?.map((choice) => JSON.stringify(choice)) ?? [];
      for (const policy of ['fail', 'quarantine']) assert.ok(choices.join().includes(policy), choices.join());
      const { rows } = await client.query('SELECT id::int, parent_id::int AS parent FROM child ORDER BY id');
      assert.deepEqual(rows, [
        { id: 1, parent: 1 },
        { id: 2, parent: 9 },
        { id: 3, parent: 8 },
      ]);
      const keys = `SELECT conname::text AS name, convalidated AS valid FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY 1`;
      assert.deepEqual((await client.query(keys)).rows, [
        { name: 'child_other_fkey', valid: true },
        { name: 'child_parent_id_fkey', valid: false },
      ]);
      await assert.rejects(client.query('INSERT INTO child VALUES (4, 7, 1)'), { code: '23503' });
      for (const command of ['verify', 'accept']) {
        const compared = await runJson([command, ...sides], { cwd: folder });
        assert.equal(compared.exitCode, 0, compared.stderr);
      }
      const again = await runJson(['migrate', ...sides], { cwd: folder });
      assert.equal(again.exitCode, 0, again.stderr);
    }),
  );
});

test('into a schema of the application, rows without their parent are refused', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(`CREATE TABLE parent (id bigint PRIMARY KEY, name text);
        CREATE TABLE child (id bigint PRIMARY KEY, parent_id bigint REFERENCES parent (id), other bigint REFERENCES parent (id))`);
      const args = ['migrate', '--source', makeSqlite(folder, sourceSql), '--target', url];
      const { json } = await runJson(args, { cwd: folder });
      assert.equal(json.error?.code, 'plan.refused');
      assert.deepEqual(
        json.findings.filter(({ code }) => code === 'plan.orphans').map(({ severity }) => severity),
        ['error'],
      );
    }),
  );
});
