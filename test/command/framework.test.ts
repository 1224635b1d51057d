import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sourceSql = `CREATE TABLE django_migrations (id integer PRIMARY KEY, app varchar(255), name varchar(255), applied datetime);
  INSERT INTO django_migrations VALUES (1, 'shop', '0001_initial', '2024-02-29 12:00:00');
  CREATE TABLE shop_item (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(9)); INSERT INTO shop_item VALUES (1, 'a');`;

test('a source that a framework made is not translated unless that is asked for: the framework makes its tables', async () => {
  await withDatabase(async (url, client) => {
    await withFolder(async (folder) => {
      const sides = ['--source', makeSqlite(folder, sourceSql), '--target', url];
      const tables = async () =>
        (
          await client.query(
            `SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
          )
        ).rows;
      for (const command of ['plan', 'migrate', 'init']) {
        const { exitCode, json, stderr } = await runJson([command, ...sides], { cwd: folder });
        assert.deepEqual([exitCode, json.error?.code], [20, 'plan.framework'], stderr);
        assert.match(stderr, /Django made this database \(django_migrations\), and the target has no tables/);
        assert.match(stderr, /python manage\.py migrate/);
        assert.match(stderr, /--truncate-target.*--from-source/);
        assert.deepEqual(await tables(), []);
      }
      // What the framework itself makes, with a row of its own.
      await client.query(`CREATE TABLE django_migrations (id bigint PRIMARY KEY, app text, name text, applied timestamptz);
        INSERT INTO django_migrations VALUES (1, 'shop', '0001_initial', now());
        CREATE TABLE shop_item (id bigserial PRIMARY KEY, name varchar(9))`);
      const fitted = await runJson(['migrate', ...sides, '--truncate-target'], { cwd: folder });
      assert.equal(fitted.exitCode, 0, fitted.stderr);
      assert.deepEqual((await client.query('SELECT id::int, name FROM shop_item')).rows, [{ id: 1, name: 'a' }]);
    });
  });
  await withDatabase(async (url) => {
    await withFolder(async (folder) => {
      const args = ['migrate', '--source', makeSqlite(folder, sourceSql), '--target', url, '--from-source'];
      assert.equal((await runJson(args, { cwd: folder })).exitCode, 0);
    });
  });
});
