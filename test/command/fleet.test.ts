import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import { withDatabase } from '../support/database.js';
import { assertLoadedOnce, makeHostile, makeTenants, runFleetJson } from '../support/fleet.js';
import { withFolder } from '../support/folder.js';
import { runCount } from '../support/run-count.js';

const sources = ['--sources', 'tenants/*.db'];

/** Good files beside the four hostile ones of a fleet; 5 % of all files are hostile in the full run. */
const count = runCount({ usual: 12, full: 76 });

test('a fleet is planned, entered, loaded by two workers and verified; hostile files stop nobody else', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const paths = makeTenants(join(folder, 'tenants'), { count });
      makeHostile(join(folder, 'tenants'));
      const planned = await runFleetJson(url, folder, ['plan', ...sources]);
      assert.equal(planned.exitCode, 1, planned.stderr);
      assert.deepEqual(
        planned.json.versions.map(({ files, tables }) => [files, tables]),
        [
          [count + 1, 2],
          [1, 1],
        ],
      );
      assert.deepEqual(planned.json.versions[1]?.differences, [
        'lacks table note',
        'lacks table person',
        'has table song besides',
      ]);
      const refused = planned.json.files.filter(({ state }) => state === 'refused');
      assert.deepEqual(
        refused.map(({ schema, reason }) => [schema, reason?.code]),
        [
          ['damaged0', 'source.corrupt'],
          ['no_database', 'source.not_a_database'],
        ],
      );
      const { rows: before } = await client.query(`SELECT 1 FROM pg_namespace WHERE nspname LIKE 'pgferry%'`);
      assert.equal(before.length, 0, 'a plan writes nothing');

      const entered = await runFleetJson(url, folder, ['enqueue', ...sources]);
      assert.equal(entered.json.handled, count + 2, entered.stderr);
      const again = await runFleetJson(url, folder, ['enqueue', ...sources]);
      assert.equal(again.json.handled, 0, 'entered once');

      writeFileSync(join(folder, 'rules.json'), '{ "policies": { "orphan": "fail" } }');
      const rules = ['--config', 'rules.json'];
      const workers = await Promise.all(
        [1, 2].map(() => runFleetJson(url, folder, ['work', '--concurrency', '2', ...rules])),
      );
      assert.equal(
        workers.reduce((sum, { json }) => sum + json.handled, 0),
        count + 2,
        workers.map(({ stderr }) => stderr).join(),
      );
      const { json } = await runFleetJson(url, folder, ['status']);
      assert.deepEqual(json.counts, { waiting: 0, taken: 0, done: count + 1, failed: 1, refused: 2 });
      const orphans = json.files.find(({ schema }) => schema === 'orphans');
      assert.deepEqual([orphans?.state, orphans?.attempts, orphans?.reason?.code], ['failed', 1, 'plan.orphans']);
      for (const [index, path] of paths.entries()) await assertLoadedOnce(client, path, `tenant_${index}`);
      const dead = await client.query(
        `SELECT data->>'schema' AS schema, data->'reason'->>'code' AS code FROM pgferry_queue.job WHERE name = 'fleet_main_dead'`,
      );
      assert.deepEqual(dead.rows, [{ schema: 'orphans', code: 'plan.orphans' }]);
      const left = await client.query(
        `SELECT count(*)::int AS n FROM pgferry_queue.job WHERE name = 'fleet_main' AND state <> 'failed'`,
      );
      assert.deepEqual(left.rows, [{ n: 0 }]);

      // Nothing in a schema leans on another one, which is what lets whole schemas be moved to other nodes.
      const crossing = await client.query(
        `SELECT c.conname FROM pg_constraint c JOIN pg_class a ON a.oid = c.conrelid JOIN pg_class b ON b.oid = c.confrelid
          WHERE a.relnamespace <> b.relnamespace AND a.relnamespace::regnamespace::text LIKE 'tenant%'
         UNION ALL SELECT tgname FROM pg_trigger t JOIN pg_class a ON a.oid = t.tgrelid
          WHERE NOT tgisinternal AND a.relnamespace::regnamespace::text LIKE 'tenant%'`,
      );
      assert.deepEqual(crossing.rows, []);

      const mended = new Database(join(folder, 'tenants', 'orphans.db'));
      mended.exec('DELETE FROM note');
      mended.close();
      const retried = await runFleetJson(url, folder, ['retry']);
      assert.equal(retried.json.handled, 1);
      assert.equal(
        (await client.query(`SELECT 1 FROM pgferry_queue.job WHERE name = 'fleet_main_dead'`)).rows.length,
        0,
      );
      await runFleetJson(url, folder, ['work']);
      await client.query(`UPDATE tenant_3.person SET email = 'other' WHERE id = 4`);
      const verified = await runFleetJson(url, folder, ['verify', '--concurrency', '2']);
      assert.equal(verified.exitCode, 1);
      assert.deepEqual([verified.json.handled, verified.json.counts.done], [count + 2, count + 2]);
      const differing = verified.json.files.filter(({ verified: verdict }) => verdict?.ok === false);
      assert.deepEqual(
        differing.map(({ schema, verified: verdict }) => [schema, verdict?.differences]),
        [['tenant_3', 1]],
      );
    }),
  );
});

test('a manifest names files and schemas; what it says twice, or cannot be a schema, is refused line by line', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const [path = ''] = makeTenants(join(folder, 'tenants'), { count: 3 });
      const written = await runFleetJson(url, folder, ['plan', ...sources, '--write-manifest', 'fleet.tsv']);
      assert.deepEqual(written.json.written, ['fleet.tsv']);
      assert.match(readFileSync(join(folder, 'fleet.tsv'), 'utf8'), /^tenants\/tenant 0\.db\ttenant_0$/m);
      const lines = [
        'tenants/tenant 0.db\tFirst "one"',
        './tenants/tenant 0.db\ttwice',
        'tenants/tenant 1.db\tpg_x',
        'tenants/tenant 2.db\tFirst "one"',
      ];
      writeFileSync(join(folder, 'own.tsv'), `${lines.join('\n')}\nelsewhere/x.db\tx\n`);
      const entered = await runFleetJson(url, folder, ['enqueue', '--manifest', 'own.tsv', '--fleet', 'own']);
      assert.equal(entered.json.handled, 2, entered.stderr);
      const worked = await runFleetJson(url, folder, ['work', '--fleet', 'own']);
      assert.deepEqual([worked.json.handled, worked.json.notHere], [1, 1], worked.stderr);
      assert.equal((await client.query(`SELECT 1 FROM "First ""one""".person`)).rows.length, 20);
      // The file that is not here stays for whoever has it, or is fetched.
      mkdirSync(join(folder, 'elsewhere'));
      const fetch = ['--fetch-command', `cp 'tenants/tenant 1.db' "$1"`];
      const fetched = await runFleetJson(url, folder, ['work', '--fleet', 'own', ...fetch]);
      assert.equal(fetched.json.handled, 1, fetched.stderr);
      await assertLoadedOnce(client, join(folder, 'elsewhere', 'x.db'), 'x');
      assert.ok(path !== '');
    }),
  );
});

test('two machines with folders of their own each load what they have, at the same time', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const paths = makeTenants(join(folder, 'one/tenants'), { count: 10 });
      mkdirSync(join(folder, 'two/tenants'), { recursive: true });
      await runFleetJson(url, join(folder, 'one'), ['enqueue', ...sources]);
      // Whoever has none of the files leaves the queue as it is.
      const jobs = async () => (await client.query('SELECT job FROM pgferry.fleet_file')).rows.map(({ job }) => job);
      const before = await jobs();
      assert.equal((await runFleetJson(url, join(folder, 'two'), ['work', '--concurrency', '1'])).json.handled, 0);
      assert.equal((await jobs()).filter((job) => !before.includes(job)).length, 0);
      const moved = paths.map((path, index) => (index % 2 === 0 ? path : path.replace('/one/', '/two/')));
      for (const [index, path] of paths.entries()) renameSync(path, moved[index] ?? path);
      const machines = ['one', 'two'].map((name) =>
        runFleetJson(url, join(folder, name), ['work', '--concurrency', '2']),
      );
      const ended = await Promise.all(machines);
      assert.deepEqual(
        ended.map(({ json }) => json.handled),
        [5, 5],
        ended.map(({ stderr }) => stderr).join(),
      );
      for (const [index, path] of moved.entries()) await assertLoadedOnce(client, path, `tenant_${index}`);
      assert.equal((await runFleetJson(url, folder, ['status'])).json.counts.done, 10);
    }),
  );
});

test('a line has options of its own, and the report has the verdict of every file', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      makeTenants(join(folder, 'tenants'), { count: 3 });
      makeHostile(join(folder, 'tenants'));
      const lines = [
        `tenants/tenant 0.db\t\t${JSON.stringify({ tables: ['person'] })}`,
        'tenants/tenant 1.db\tall',
        `tenants/tenant 2.db\tbad\t${JSON.stringify({ workers: 3 })}`,
        `tenants/orphans.db\tstrict\t${JSON.stringify({ policies: { orphan: 'fail' } })}`,
        `tenants/damaged0.db\t<b>"&`,
      ];
      writeFileSync(join(folder, 'own.tsv'), lines.join('\n'));
      const entered = await runFleetJson(url, folder, ['enqueue', '--manifest', 'own.tsv']);
      assert.deepEqual(
        entered.json.files.map(({ schema, state, reason }) => [schema, state, reason?.code ?? null]),
        [
          ['<b>"&', 'refused', 'source.corrupt'],
          ['all', 'waiting', null],
          ['bad', 'refused', 'usage.config_key'],
          ['strict', 'waiting', null],
          ['tenant_0', 'waiting', null],
        ],
        entered.stderr,
      );
      const worked = await runFleetJson(url, folder, ['work']);
      assert.deepEqual(
        worked.json.files.map(({ schema, state }) => [schema, state]),
        [
          ['<b>"&', 'refused'],
          ['all', 'done'],
          ['bad', 'refused'],
          ['strict', 'failed'],
          ['tenant_0', 'done'],
        ],
        worked.stderr,
      );
      const tables = await client.query(
        `SELECT schemaname AS schema, tablename AS name FROM pg_tables WHERE schemaname IN ('all', 'tenant_0') ORDER BY 1, 2`,
      );
      assert.deepEqual(
        tables.rows.map(({ schema, name }) => `${schema}.${name}`),
        ['all.note', 'all.person', 'tenant_0.person'],
      );
      const verified = await runFleetJson(url, folder, ['verify']);
      assert.deepEqual(
        verified.json.files.flatMap(({ verified: verdict }) => verdict?.ok ?? []),
        [true, true],
        verified.stderr,
      );

      // The queue may be dropped at any time: the ledger knows what waits.
      await client.query('DROP SCHEMA pgferry_queue CASCADE');
      const again = await runFleetJson(url, folder, ['retry']);
      assert.deepEqual([again.json.handled, again.json.counts.waiting], [1, 1], again.stderr);
      await client.query('DROP SCHEMA pgferry_queue CASCADE');
      const refilled = await runFleetJson(url, folder, ['work']);
      assert.match(refilled.stderr, /the queue lacked the jobs of (1|one) waiting file/);
      assert.deepEqual([refilled.json.handled, refilled.json.counts.failed], [1, 1], refilled.stderr);

      const reported = await runFleetJson(url, folder, ['report', '--backup-dir', 'backups']);
      assert.deepEqual(reported.json.written, ['backups/fleet-main.html', 'backups/fleet-main.json'], reported.stderr);
      const page = readFileSync(join(folder, 'backups/fleet-main.html'), 'utf8');
      assert.match(page, /✗ 3 of 5 files need a look/);
      assert.match(page, /&lt;b&gt;&quot;&amp;/);
      assert.doesNotMatch(page, /<b>"&/);
      const told = JSON.parse(readFileSync(join(folder, 'backups/fleet-main.json'), 'utf8')) as typeof reported.json;
      assert.deepEqual(told.files, reported.json.files);
      assert.equal(
        (await runFleetJson(url, folder, ['report', '--backup-dir', 'backups'])).json.written.length,
        2,
        'made anew',
      );
    }),
  );
});
