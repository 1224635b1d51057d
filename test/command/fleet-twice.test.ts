import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { WorkerFiles } from '../../src/commands/fleet/worker-files.js';
import { withTarget } from '../../src/target/connection/connect.js';
import { parseTargetUrl } from '../../src/target/connection/address.js';
import { withDatabase } from '../support/database.js';
import { makeTenants, runFleetJson } from '../support/fleet.js';
import { withFolder } from '../support/folder.js';

test('a file is in a fleet once however its path is written; one that another fleet has too is named', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      makeTenants(join(folder, 'tenants'), { count: 3 });
      const enqueue = (fleet: string, ...args: string[]) =>
        runFleetJson(url, folder, ['enqueue', '--fleet', fleet, ...args]);
      assert.equal((await enqueue('one', '--sources', 'tenants/*.db')).json.handled, 3);
      symlinkSync('tenants', join(folder, 'link'));
      writeFileSync(join(folder, 'own.tsv'), './tenants/tenant 1.db\ttenant_1\ntenants/../tenants/tenant 2.db\n');
      for (const args of [
        ['--sources', join(folder, 'tenants/*.db')],
        ['--sources', 'link/*.db'],
        ['--manifest', 'own.tsv'],
      ]) {
        const { json, stderr } = await enqueue('one', ...args);
        assert.deepEqual([json.handled, json.files.length, stderr], [0, 3, ''], args.join(' '));
      }
      const other = await enqueue('two', '--sources', join(folder, 'tenants/*.db'));
      assert.equal(other.json.handled, 3);
      assert.match(
        other.stderr,
        /tenant 0\.db is in fleet one too, as schema tenant_0: here it is loaded once more, as tenant_0_[0-9a-f]{8} \(and 2 files more of other fleets\)/,
      );
    }),
  );
});

test('a file that is refused keeps no schema from others, and is entered under a new one once it is mended', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      makeTenants(join(folder, 'tenants'), { count: 2 });
      writeFileSync(join(folder, 'tenants/bad.db'), 'no database');
      writeFileSync(
        join(folder, 'one.tsv'),
        'tenants/bad.db\tacme\ntenants/tenant 0.db\tpg_x\ntenants/tenant 1.db\tpg_x\n',
      );
      const enqueue = (fleet: string, name: string) =>
        runFleetJson(url, folder, ['enqueue', '--fleet', fleet, '--manifest', name]);
      const states = ({ json, stderr }: Awaited<ReturnType<typeof enqueue>>) => {
        assert.notEqual(json.files, undefined, stderr);
        return json.files.map(({ source, schema, state }) => [source, schema, state]);
      };
      assert.deepEqual(states(await enqueue('one', 'one.tsv')), [
        ['tenants/bad.db', 'acme', 'refused'],
        ['tenants/tenant 0.db', 'pg_x', 'refused'],
        ['tenants/tenant 1.db', 'pg_x', 'refused'],
      ]);
      writeFileSync(join(folder, 'two.tsv'), 'tenants/tenant 0.db\tacme\n');
      assert.deepEqual(states(await enqueue('two', 'two.tsv')), [['tenants/tenant 0.db', 'acme', 'waiting']]);
      makeTenants(join(folder, 'made'), { count: 1 });
      writeFileSync(
        join(folder, 'one.tsv'),
        'tenants/bad.db\tacme\ntenants/tenant 1.db\tpg_y\ntenants/tenant 1.db\tzwei\n',
      );
      const taken = await enqueue('one', 'one.tsv');
      assert.match(
        taken.stderr,
        /bad\.db is left out: its schema acme is that of tenants\/tenant 0\.db in fleet two; give the file another schema in the manifest/,
      );
      assert.match(taken.stderr, /tenant 1\.db is left out: it is the same file as tenants\/tenant 1\.db/);
      writeFileSync(join(folder, 'one.tsv'), 'tenants/tenant 1.db\tzwei\n');
      assert.deepEqual(states(await enqueue('one', 'one.tsv')), [
        ['tenants/bad.db', 'acme', 'refused'],
        ['tenants/tenant 0.db', 'pg_x', 'refused'],
        ['tenants/tenant 1.db', 'zwei', 'waiting'],
      ]);
      const worked = await runFleetJson(url, folder, ['work', '--fleet', 'one']);
      assert.deepEqual([worked.json.handled, worked.json.counts.done], [1, 1], worked.stderr);
    }),
  );
});

test('a worker reads the list of all files once, and takes none of another machine', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const paths = makeTenants(join(folder, 'tenants'), { count: 6 });
      const lines = paths.flatMap((path, index) => [`elsewhere/${index}.db\te${index}`, `${path}\tt${index}`]);
      writeFileSync(join(folder, 'fleet.tsv'), lines.join('\n'));
      await runFleetJson(url, folder, ['enqueue', '--manifest', 'fleet.tsv']);
      // Every other one is of another machine: e0, t0, e1, t1.
      await client.query(
        `UPDATE pgferry_queue.job SET created_on = now() - interval '1 hour'
           + (2 * substr(data->>'schema', 2)::int + (data->>'schema' LIKE 't%')::int) * interval '1 second'`,
      );
      let lists = 0;
      await withTarget(parseTargetUrl(url).address, { applicationName: 'test' }, async (target) => {
        const counting = new Proxy(target, {
          get(of, name) {
            const value: unknown = Reflect.get(of, name, of);
            if (typeof value !== 'function') return value;
            return (...args: unknown[]) => {
              if (name === 'query' && String(args[0]).includes("state IN ('waiting', 'taken')")) lists += 1;
              return (value as (...all: unknown[]) => unknown).apply(of, args);
            };
          },
        });
        const files = await WorkerFiles.open(counting, 'main', { fetches: false });
        for (const _ of paths) {
          const taken = await files.take();
          assert.equal(taken.tag, 'file');
          if (taken.tag === 'file')
            await files.done(taken.file, { tag: 'done', runId: null, rows: 0, bytes: null, remarks: [] });
        }
        assert.equal(lists, 1);
        const { rows } = await client.query(
          'SELECT sum(attempts)::int AS n, max(worker) AS worker FROM pgferry.fleet_file',
        );
        assert.deepEqual(rows, [{ n: 6, worker: 1 }]);
        assert.equal((await files.take()).tag, 'over');
      });
    }),
  );
});
