import assert from 'node:assert/strict';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { setTimeout as wait } from 'node:timers/promises';
import { Dice } from '../source/pages/pages-scenario.js';
import { startCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { assertLoadedOnce, makeHostile, makeTenants, runFleetJson } from '../support/fleet.js';
import { withFolder } from '../support/folder.js';
import { runCount } from '../support/run-count.js';
import { until } from '../support/runs.js';
import { parseTargetUrl } from '../../src/target/connection/address.js';
import { withTarget } from '../../src/target/connection/connect.js';
import { withRunLock } from '../../src/target/ledger/lock.js';

const killsWanted = runCount({ usual: 8, full: 200 });
const filesPerRound = runCount({ usual: 16, full: 60 });
const seed = Number(process.env.PGFERRY_SEED ?? Date.now() % 1_000_000);

for (const form of ['schema-per-file', 'tenant-column'])
  test(`${form}: workers on two machines that are killed at any moment lose no file and load none twice, hostile ones among them (seed ${seed})`, async () => {
    const dice = new Dice(seed);
    let kills = 0;
    for (let round = 0; kills < killsWanted; round++) {
      await withFolder((folder) =>
        withDatabase(async (url, client) => {
          const machines = ['one', 'two'].map((name) => join(folder, name));
          const [first = ''] = machines;
          const made = makeTenants(join(first, 'tenants'), { count: filesPerRound });
          makeHostile(join(first, 'tenants'));
          await runFleetJson(url, first, ['enqueue', '--sources', 'tenants/*.db', '--into', form]);
          // Each machine has half of the files, in a folder of its own.
          mkdirSync(join(folder, 'two/tenants'), { recursive: true });
          const paths = made.map((path, index) => (index % 2 === 0 ? path : path.replace('/one/', '/two/')));
          for (const [index, path] of made.entries()) renameSync(path, paths[index] ?? path);
          const begin = (cwd: string) =>
            startCommand(['fleet', 'work', '--concurrency', '2', '--target', url], { cwd });
          const workers = machines.map(begin);
          const left = async () =>
            Number(
              (await client.query(`SELECT count(*) AS n FROM pgferry.fleet_file WHERE state IN ('waiting', 'taken')`))
                .rows[0].n,
            );
          while (kills < killsWanted && (await left()) > 2) {
            await wait(dice.roll(1500));
            const slot = dice.roll(2);
            workers[slot]?.child.kill('SIGKILL');
            await workers[slot]?.ended;
            workers[slot] = begin(machines[slot] ?? '');
            kills += 1;
          }
          for (const { ended } of workers) {
            const { exitCode, stderr } = await ended;
            assert.equal(exitCode, 1, stderr);
          }
          // What a killed worker had is taken over by another one that has the file.
          for (const machine of machines) await runFleetJson(url, machine, ['work']);
          const { json, stderr } = await runFleetJson(url, folder, ['status']);
          assert.deepEqual(
            json.counts,
            { waiting: 0, taken: 0, done: filesPerRound + 2, failed: 0, refused: 2 },
            stderr,
          );
          for (const [index, path] of paths.entries()) await assertLoadedOnce(client, path, `tenant_${index}`);
          if (form === 'tenant-column') await assertAttached(client, filesPerRound);
          const jobs = await client.query(`SELECT name, state FROM pgferry_queue.job`);
          assert.deepEqual(jobs.rows, []);
        }),
      );
      assert.ok(kills > 0 || round < 3, 'somebody was killed');
    }
  });

/** Every tenant is there by way of the partitioned tables, once, and a query of one reads no other. */
async function assertAttached(client: pg.Client, count: number): Promise<void> {
  for (const table of ['person', 'note']) {
    const { rows } = await client.query(
      `SELECT count(*)::int AS partitions, (SELECT count(DISTINCT tenant)::int FROM ${table} WHERE tenant <> 'orphans') AS tenants FROM pg_inherits WHERE inhparent = '${table}'::regclass`,
    );
    assert.deepEqual(rows, [{ partitions: count + 1, tenants: count }], table);
    const plan = await client.query(`EXPLAIN (VERBOSE) SELECT id FROM ${table} WHERE tenant = 'tenant_1'`);
    const read = plan.rows.flatMap((row) => /on (\S+) /.exec(row['QUERY PLAN'])?.[1] ?? []);
    assert.deepEqual(read, [`tenant_1.${table}`]);
  }
}

test('a file that a dead worker had is taken over, and one whose load was over already is not loaded again', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const [path = ''] = makeTenants(join(folder, 'tenants'), { count: 1 });
      await runFleetJson(url, folder, ['enqueue', '--sources', 'tenants/*.db']);
      await runFleetJson(url, folder, ['work']);
      const { rows: loaded } = await client.query('SELECT run_id FROM pgferry.run');
      // As a worker leaves it that dies between the end of the run and its note: the worker that had it is gone.
      await client.query(`UPDATE pgferry.fleet_file SET state = 'taken', run_id = NULL`);
      assert.equal((await runFleetJson(url, folder, ['status'])).json.lost, 1);
      const { json, stderr } = await runFleetJson(url, folder, ['work']);
      assert.deepEqual([json.handled, json.counts.done, json.files[0]?.runId], [1, 1, loaded[0]?.run_id], stderr);
      await assertLoadedOnce(client, path, 'tenant_0');
      assert.equal((await client.query('SELECT losses FROM pgferry.fleet_file')).rows[0].losses, 1);
    }),
  );
});

test('a file over which worker after worker died ends in the dead letters', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      makeTenants(join(folder, 'tenants'), { count: 1 });
      await runFleetJson(url, folder, ['enqueue', '--sources', 'tenants/*.db']);
      await client.query(`INSERT INTO pgferry.fleet_worker (lock_key, host, pid) VALUES (1, 'gone', 1)`);
      await client.query(
        `UPDATE pgferry.fleet_file SET state = 'taken', losses = 9, worker = (SELECT max(number) FROM pgferry.fleet_worker)`,
      );
      const { json, exitCode, stderr } = await runFleetJson(url, folder, ['work']);
      assert.deepEqual([exitCode, json.counts.failed, json.files[0]?.reason?.code], [1, 1, 'thread.lost'], stderr);
      const dead = await client.query(
        `SELECT data->>'schema' AS schema FROM pgferry_queue.job WHERE name = 'fleet_main_dead'`,
      );
      assert.deepEqual(dead.rows, [{ schema: 'tenant_0' }]);
    }),
  );
});

test('the tables of a tenant that was loaded already become partitions when its worker died before', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const [path = ''] = makeTenants(join(folder, 'tenants'), { count: 1 });
      await runFleetJson(url, folder, ['enqueue', '--sources', 'tenants/*.db', '--into', 'tenant-column']);
      await runFleetJson(url, folder, ['work']);
      const count = async () =>
        (
          await client.query(
            `SELECT count(*)::int AS n FROM pg_inherits WHERE inhparent IN ('person'::regclass, 'note'::regclass)`,
          )
        ).rows[0].n;
      assert.equal(await count(), 2);
      await client.query('ALTER TABLE person DETACH PARTITION tenant_0.person');
      await client.query(`UPDATE pgferry.fleet_file SET state = 'taken', run_id = NULL`);
      const { json, stderr } = await runFleetJson(url, folder, ['work']);
      assert.deepEqual([json.counts.done, await count()], [1, 2], stderr);
      await assertLoadedOnce(client, path, 'tenant_0');
      assert.equal((await runFleetJson(url, folder, ['verify'])).exitCode, 0);
    }),
  );
});

test('a file that a run outside of the fleet works on is waited for, and said so once', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const [path = ''] = makeTenants(join(folder, 'tenants'), { count: 1 });
      await runFleetJson(url, folder, ['enqueue', '--sources', 'tenants/*.db']);
      const jobs = new Set<string>();
      await withTarget(parseTargetUrl(url).address, { applicationName: 'pgferry test' }, async (holder) => {
        const { work } = await withRunLock(holder, 'tenant_0', async () => {
          const started = runFleetJson(url, folder, ['work']);
          await until('the file is given back again and again', async () => {
            for (const { job } of (await client.query('SELECT job FROM pgferry.fleet_file')).rows) jobs.add(job);
            return jobs.size > 3;
          });
          return { work: started };
        });
        const { json, stderr } = await work;
        assert.deepEqual(
          [json.counts.done, stderr.match(/given back \(target\.run_active\)/g)?.length],
          [1, 1],
          stderr,
        );
      });
      await assertLoadedOnce(client, path, 'tenant_0');
    }),
  );
});
