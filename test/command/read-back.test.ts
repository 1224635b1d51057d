import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const rows = `CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, NULL), (3, '');`;

/** In this database alone PostgreSQL's hash of texts has another name: as on an engine that does not have it. */
const otherHash = `SET allow_system_table_mods = on;
  ALTER FUNCTION pg_catalog.hashtextextended(text, bigint) RENAME TO hashtextextended_moved`;

test('where the server hashes otherwise, the run says so and reads the tables back', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      await client.query(otherHash);
      const source = makeSqlite(folder, rows);
      const { exitCode, stderr, json } = await runJson(['migrate', '--source', source, '--target', url], {
        cwd: folder,
      });
      assert.equal(exitCode, 0, stderr);
      assert.match(stderr, /hashes values otherwise/);
      assert.equal(json.tables[0]?.ok, true);
      assert.equal(json.tables[0]?.copiedRows, 3);
    }),
  );
});

for (const [server, preparation] of [
  ['its fingerprint', 'SELECT 1'],
  ['reading back alone', otherHash],
] as const) {
  test(`a value that a trigger changes on the way is found by ${server}, and named`, async () => {
    await withFolder((folder) =>
      withDatabase(async (url, client) => {
        await client.query(preparation);
        await client.query(`CREATE TABLE public.t (id bigint PRIMARY KEY, name text);
        CREATE FUNCTION public.shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
        CREATE TRIGGER shout BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.shout()`);
        const source = makeSqlite(folder, rows);
        const args = ['migrate', '--source', source, '--target', url, '--keep-constraints'];
        const { exitCode, stderr, json } = await runJson(args, { cwd: folder });
        assert.equal(exitCode, 1, stderr);
        assert.deepEqual(
          json.differences.map(({ key, column, source, target }) => ({ key, column, source, target })),
          [{ key: 'id=1', column: 'name', source: "'a'", target: "'A'" }],
        );
      }),
    );
  });
}

test('a jsonb column is compared value by value although it has no fingerprint', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      await client.query(`CREATE TABLE public.t (id bigint PRIMARY KEY, name jsonb);
        CREATE FUNCTION public.other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := '{"a": 2}'; RETURN NEW; END $$;
        CREATE TRIGGER other BEFORE INSERT ON public.t FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION public.other()`);
      const source = makeSqlite(
        folder,
        `CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, '{"b":1,"a":[1, 2.50]}'), (2, '{"a":1}');`,
      );
      const args = ['migrate', '--source', source, '--target', url, '--keep-constraints'];
      const { exitCode, stderr, json } = await runJson(args, { cwd: folder });
      assert.equal(exitCode, 1, stderr);
      assert.deepEqual(
        json.differences.map(({ key, column }) => ({ key, column })),
        [{ key: 'id=2', column: 'name' }],
      );
    }),
  );
});
