import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { Database } from '../../src/source/sqlite.js';
import { withDatabase } from '../support/database.js';
import { assertLoadedOnce, makeHostile, makeTenants, runFleetJson } from '../support/fleet.js';
import { withFolder } from '../support/folder.js';
import { runJson } from '../support/command.js';

const sources = ['--sources', 'tenants/*.db'];
const into = ['--into', 'tenant-column'];

/** The code of a failure. */
function errorOf(json: object): string | undefined {
  return (json as { readonly error?: { readonly code: string } }).error?.code;
}

/** The partitions of a table, with what PostgreSQL says that they hold. */
async function partitionsOf(client: pg.Client, table: string): Promise<string[]> {
  const { rows } = await client.query(
    `SELECT i.inhrelid::regclass::text || ' ' || pg_get_expr(c.relpartbound, c.oid) AS line
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass ORDER BY 1`,
    [table],
  );
  return rows.map(({ line }) => line);
}

test('each file becomes a partition of tables with a column of the tenant, proven, pruned, and with keys of both', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const paths = makeTenants(join(folder, 'tenants'), { count: 6 });
      makeHostile(join(folder, 'tenants'));
      const entered = await runFleetJson(url, folder, ['enqueue', ...sources, ...into]);
      assert.equal(entered.json.handled, 8, entered.stderr);
      const other = await runFleetJson(url, folder, ['enqueue', ...sources]);
      assert.equal(other.json.error?.code, 'usage.fleet_form');
      writeFileSync(join(folder, 'rules.json'), '{ "policies": { "orphan": "fail" } }');
      const work = ['work', '--concurrency', '2', '--config', 'rules.json'];
      const workers = await Promise.all([1, 2].map(() => runFleetJson(url, folder, work)));
      const told = workers.map(({ stderr }) => stderr).join();
      const { json } = await runFleetJson(url, folder, ['status']);
      assert.deepEqual(
        [json.form, json.counts.done, json.counts.failed, json.counts.refused],
        ['tenant-column', 7, 1, 2],
        told,
      );
      for (const [index, path] of paths.entries()) await assertLoadedOnce(client, path, `tenant_${index}`);

      const names = paths.map((_, index) => `tenant_${index}`);
      const wanted = (table: string) => names.map((name) => `${name}.${table} FOR VALUES IN ('${name}')`);
      assert.deepEqual(
        await partitionsOf(client, 'public.person'),
        wanted('person'),
        'the one with orphans is not attached',
      );
      assert.deepEqual((await partitionsOf(client, 'public.song')).length, 1);
      const held = await client.query('SELECT tenant, count(*)::int AS n FROM public.person GROUP BY 1 ORDER BY 1');
      assert.deepEqual(
        held.rows,
        names.map((tenant, index) => ({ tenant, n: 20 + index })),
      );

      // Pruned, by the key of both.
      const read = await client.query(
        `EXPLAIN (VERBOSE, FORMAT TEXT) SELECT * FROM public.note n JOIN public.person p USING (tenant) WHERE tenant = 'tenant_3' AND n.id = 4`,
      );
      const plan = read.rows.map((row) => row['QUERY PLAN']).join('\n');
      assert.match(plan, /tenant_3\.note/);
      assert.match(plan, /tenant_3\.person/);
      assert.doesNotMatch(plan, /tenant_[0124567]\./);
      const keys = await client.query(
        `SELECT pg_get_constraintdef(oid) AS line FROM pg_constraint WHERE conrelid IN ('public.person'::regclass, 'tenant_1.note'::regclass)
            AND contype IN ('p', 'u', 'f') ORDER BY 1`,
      );
      assert.deepEqual(
        keys.rows.map(({ line }) => line),
        [
          'FOREIGN KEY (tenant, person) REFERENCES tenant_1.person(tenant, id) ON DELETE CASCADE',
          'PRIMARY KEY (tenant, id)',
          'PRIMARY KEY (tenant, id)',
          'UNIQUE (tenant, email)',
        ],
      );
      await assert.rejects(
        client.query(`INSERT INTO public.note (tenant, id, person) VALUES ('tenant_1', 900, 900)`),
        /foreign key/,
      );
      const added = await client.query(
        `INSERT INTO public.person (tenant, email) VALUES ('tenant_1', 'new@x') RETURNING id`,
      );
      assert.equal(Number(added.rows[0].id), 26, 'behind the last number of any tenant');
      await client.query(`DELETE FROM public.person WHERE email = 'new@x'`);

      // What the CHECK says spares the reading of the rows.
      const notices: string[] = [];
      client.on('notice', ({ message }) => notices.push(message ?? ''));
      await client.query(`ALTER TABLE public.note DETACH PARTITION tenant_2.note; SET client_min_messages = debug1;
        ALTER TABLE public.note ATTACH PARTITION tenant_2.note FOR VALUES IN ('tenant_2'); RESET client_min_messages`);
      assert.ok(
        notices.some((line) => /partition constraint for table "note" is implied/.test(line)),
        notices.join(),
      );

      const verified = await runFleetJson(url, folder, ['verify']);
      assert.deepEqual(
        verified.json.files
          .filter(({ verified: verdict }) => verdict !== null)
          .map(({ verified: verdict }) => verdict?.ok),
        Array.from({ length: 7 }, () => true),
        verified.stderr,
      );
      await client.query(`UPDATE public.person SET email = 'other' WHERE tenant = 'tenant_3' AND id = 4`);
      const again = await runFleetJson(url, folder, ['verify']);
      const differing = again.json.files.filter(({ verified: verdict }) => verdict?.ok === false);
      assert.deepEqual(
        differing.map(({ schema, verified: verdict }) => [schema, verdict?.differences]),
        [['tenant_3', 1]],
      );
    }),
  );
});

test('tables that are there already are fitted, and a failed tenant is attached once mended', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      makeTenants(join(folder, 'tenants'), { count: 2 });
      await client.query(`
        CREATE SCHEMA app;
        CREATE TABLE app."Person" (id integer GENERATED BY DEFAULT AS IDENTITY, org varchar(40) NOT NULL, email varchar(80) NOT NULL,
          boss integer, seen boolean NOT NULL DEFAULT false, PRIMARY KEY (org, id)) PARTITION BY LIST (org);
        CREATE UNIQUE INDEX "Person_email" ON app."Person" (org, email);
        CREATE TABLE app.note (org varchar(40), body text, person integer NOT NULL, id integer NOT NULL, at double precision,
          PRIMARY KEY (org, id), FOREIGN KEY (org, person) REFERENCES app."Person" (org, id)) PARTITION BY LIST (org);`);
      const target = `${url}?schema=app`;
      await runFleetJson(target, folder, ['enqueue', ...sources, ...into, '--tenant-column', 'org']);
      const worked = await runFleetJson(target, folder, ['work', '--concurrency', '2']);
      assert.deepEqual([worked.json.counts.done, worked.exitCode], [2, 0], worked.stderr);
      const held = await client.query(
        `SELECT org, p.seen, count(n.id)::int AS notes FROM app."Person" p JOIN app.note n USING (org, id) GROUP BY 1, 2 ORDER BY 1`,
      );
      assert.deepEqual(held.rows, [
        { org: 'tenant_0', seen: false, notes: 20 },
        { org: 'tenant_1', seen: false, notes: 21 },
      ]);
      const keys =
        await client.query(`SELECT conrelid::regclass::text || ' ' || pg_get_constraintdef(oid) AS line FROM pg_constraint
        WHERE contype = 'f' AND conparentid = 0 AND connamespace = 'tenant_1'::regnamespace`);
      assert.deepEqual(keys.rows.map(({ line }) => line).sort(), [
        'tenant_1."Person" FOREIGN KEY (org, boss) REFERENCES tenant_1."Person"(org, id)',
        'tenant_1.note FOREIGN KEY (org, person) REFERENCES tenant_1."Person"(org, id)',
      ]);
      assert.equal((await runFleetJson(target, folder, ['verify'])).exitCode, 0);

      // Rounds and repairs of one tenant, found by its schema; a switch of one tenant is refused.
      const own = ['--source', 'tenants/tenant 0.db', '--target', `${url}?schema=tenant_0`];
      const tenant = new Database(join(folder, 'tenants', 'tenant 0.db'));
      tenant.exec(`INSERT INTO person (email) VALUES ('late@x'); DELETE FROM note WHERE id = 1;
        UPDATE note SET body = 'late' WHERE id = 2`);
      tenant.close();
      const ofTenant = async () =>
        (
          await client.query(`SELECT (SELECT count(*)::int FROM app."Person" WHERE org = 'tenant_0') AS people,
            (SELECT string_agg(id || ' ' || body, ',' ORDER BY id) FROM app.note WHERE org = 'tenant_0' AND id < 4) AS notes`)
        ).rows;
      const wanted = [{ people: 21, notes: '2 late,3 of tenant 0-3@x' }];
      const followed = await runJson(['follow', ...own], { cwd: folder });
      assert.equal(followed.exitCode, 0, followed.stderr);
      assert.deepEqual(await ofTenant(), wanted);
      await client.query(`DELETE FROM app.note WHERE org = 'tenant_0' AND id = 3`);
      const repaired = await runJson(['repair', ...own], { cwd: folder });
      assert.equal(repaired.exitCode, 0, repaired.stderr);
      assert.deepEqual(await ofTenant(), wanted);
      const switched = await runJson(
        ['cutover', ...own, '--dry-run', '--switch-env', '0', '--generate-provider', '0'],
        {
          cwd: folder,
        },
      );
      assert.deepEqual([switched.exitCode, errorOf(switched.json)], [24, 'cutover.tenant_tables'], switched.stderr);

      // A file that no column of the tables can hold leaves nothing, nor does one whose proof differs; mended, they are attached.
      await client.query(`CREATE TABLE app.mark (org varchar(40), id integer NOT NULL, marks interval year[],
        PRIMARY KEY (org, id)) PARTITION BY LIST (org)`);
      const round = new Database(join(folder, 'tenants', 'round.db'));
      round.exec(
        `CREATE TABLE mark (id INTEGER PRIMARY KEY, marks TEXT); INSERT INTO mark VALUES (1, '{1 year 2 months}')`,
      );
      round.close();
      const bad = new Database(join(folder, 'tenants', 'bad.db'));
      bad.exec(`CREATE TABLE person (id INTEGER PRIMARY KEY, email TEXT NOT NULL, boss INTEGER);
        INSERT INTO person VALUES (1, printf('%.100c', 'x'), NULL)`);
      bad.close();
      await runFleetJson(target, folder, ['enqueue', ...sources, ...into, '--tenant-column', 'org']);
      const failed = await runFleetJson(target, folder, ['work']);
      assert.equal(failed.json.counts.failed, 2, failed.stderr);
      const differing = failed.json.files.find(({ schema }) => schema === 'round');
      assert.match(differing?.reason?.code ?? '', /^verify\./, differing?.reason?.message);
      assert.equal(
        (await client.query('SELECT 1 FROM round.mark')).rows.length,
        1,
        'it was loaded, and is no partition',
      );
      assert.deepEqual(await partitionsOf(client, 'app.mark'), []);
      assert.equal((await partitionsOf(client, 'app."Person"')).length, 2);
      const mended = new Database(join(folder, 'tenants', 'bad.db'));
      mended.exec(`UPDATE person SET email = 'short'`);
      mended.close();
      const exact = new Database(join(folder, 'tenants', 'round.db'));
      exact.exec(`UPDATE mark SET marks = '{1 year}'`);
      exact.close();
      await runFleetJson(target, folder, ['retry']);
      const again = await runFleetJson(target, folder, ['work']);
      assert.equal(again.json.counts.done, 4, again.stderr);
      assert.deepEqual(await partitionsOf(client, 'app.mark'), [`round.mark FOR VALUES IN ('round')`]);
      assert.deepEqual((await client.query(`SELECT email FROM app."Person" WHERE org = 'bad'`)).rows, [
        { email: 'short' },
      ]);
    }),
  );
});
