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
      // Its own account of its migrations stays.
      const { rows } = await client.query('SELECT applied > now() - interval $$1 hour$$ AS own FROM django_migrations');
      assert.deepEqual(rows, [{ own: true }]);
    });
  });
});

test('a translated schema takes the names of the migrations along, so that the framework goes on from them', async () => {
  await withDatabase(async (url, client) => {
    await withFolder(async (folder) => {
      const sides = ['--source', makeSqlite(folder, sourceSql), '--target', url];
      const moved = await runJson(['migrate', ...sides, '--from-source'], { cwd: folder });
      assert.equal(moved.exitCode, 0, moved.stderr);
      const { rows } = await client.query('SELECT name, applied::text FROM django_migrations');
      assert.deepEqual(rows, [{ name: '0001_initial', applied: '2024-02-29 12:00:00' }]);
      // Both sides are one also for the commands that come after.
      await client.query(`UPDATE django_migrations SET name = 'other'`);
      const { exitCode, stdout } = await runJson(['verify', ...sides], { cwd: folder });
      assert.equal(exitCode, 1, stdout);
    });
  });
  await withDatabase(async (url) => {
    await withFolder(async (folder) => {
      const [names = ''] = sourceSql.split('CREATE TABLE shop_item');
      const alone = ['plan', '--source', makeSqlite(folder, names), '--target', url, '--from-source'];
      const { exitCode, json } = await runJson(alone, { cwd: folder });
      assert.equal(exitCode, 20);
      assert.ok(json.findings.some(({ code }) => code === 'plan.no_tables'));
    });
  });
});

test('the plan says where both sides of an application are not of one version', async () => {
  await withDatabase(async (url, client) => {
    await withFolder(async (folder) => {
      const sides = ['--source', makeSqlite(folder, sourceSql), '--target', url];
      const versions = async () => {
        const args = ['plan', ...sides, '--app', 'django', '--truncate-target'];
        const { json } = await runJson(args, { cwd: folder });
        return json.findings.filter(({ code }) => code === 'plan.application_version').map(({ message }) => message);
      };
      await client.query('CREATE TABLE shop_item (id bigserial PRIMARY KEY, name varchar(9))');
      assert.match((await versions())[0] ?? '', /Django has not made django_migrations in the target/);
      await client.query('CREATE TABLE django_migrations (id bigint PRIMARY KEY, app text, name text)');
      assert.match((await versions())[0] ?? '', /\(app, name\) the target lacks shop\.0001_initial$/);
      await client.query(`INSERT INTO django_migrations VALUES (7, 'shop', '0001_initial')`);
      assert.deepEqual(await versions(), []);
      await client.query(
        `INSERT INTO django_migrations SELECT n, 'shop', 'next_' || n FROM generate_series(10, 14) AS n`,
      );
      assert.match(
        (await versions())[0] ?? '',
        /not of one version.* the source lacks shop\.next_10, shop\.next_11, shop\.next_12 and 2 more$/,
      );
    });
  });
});
