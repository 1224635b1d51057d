import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { type ConnectionPool, withConnectionPool } from '../../../src/run/load/connection-pool.js';
import { ConnectionSlots } from '../../../src/run/load/connection-slots.js';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { type Ended, startCommand } from '../../support/command.js';
import { withDatabase } from '../../support/database.js';
import { makeSqlite, withFolder } from '../../support/folder.js';
import { until } from '../../support/runs.js';

const applicationName = 'pgferry test of the pool';

async function countBackends(client: pg.Client): Promise<number> {
  const { rows } = await client.query(
    'SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1',
    [applicationName],
  );
  return rows[0].n;
}

test('connections that no task needs are closed while the pool stays open, and made again when one comes', async () => {
  await withDatabase(async (url, client) => {
    const { address } = parseTargetUrl(url);
    const { signal } = new AbortController();
    const capacity = { left: 2, isCopyOver: true, onLeft: () => {} };
    const options = {
      address,
      connectionsMax: 2,
      capacity,
      applicationName,
      locks: {},
      onFewer: () => {},
      signal,
    };
    await withConnectionPool(options, async (pool) => {
      const pid = () => pool.run(async (client) => (await client.query('SELECT pg_backend_pid() AS pid'))[0]?.['pid']);
      await Promise.all([pid(), pid()]);
      const first = await pid();
      assert.equal(await countBackends(client), 2);
      await until('both are closed', async () => (await countBackends(client)) === 0);
      assert.notEqual(await pid(), first);
    });
    await until('all are closed', async () => (await countBackends(client)) === 0);
  });
});

/** Lends a pool of three connections whose capacity these slots decide. */
async function withSlots<T>(
  url: string,
  slots: ConnectionSlots,
  use: (pool: ConnectionPool) => Promise<T>,
): Promise<T> {
  const { address } = parseTargetUrl(url);
  const { signal } = new AbortController();
  return await withConnectionPool(
    { address, connectionsMax: 3, capacity: slots, applicationName, locks: {}, onFewer: () => {}, signal },
    use,
  );
}

test('tasks wait while chunks want every slot, and begin as soon as these leave one', async () => {
  await withDatabase(async (url) => {
    const slots = new ConnectionSlots({ connections: 3, streams: 2 });
    await withSlots(url, slots, async (pool) => {
      const begun: string[] = [];
      const ends = new Map<string, () => void>();
      const task = (name: string) =>
        pool.run(async () => {
          begun.push(name);
          await new Promise<void>((end) => ends.set(name, end));
        });
      const tasks = ['a', 'b', 'c'].map(task);
      await until('the slot that chunks cannot use has a task', async () => begun.length === 1);
      assert.equal(pool.spareProcesses(), 0);
      slots.want(1);
      await until('the slot that was left has another', async () => begun.length === 2);
      slots.want(2);
      ends.get('a')?.();
      await tasks[0];
      // Chunks have taken the slot back: one task is at work, where two were.
      assert.deepEqual(begun, ['a', 'b']);
      slots.want(0);
      await until('the third has begun', async () => begun.length === 3);
      for (const end of ends.values()) end();
      await Promise.all(tasks);
    });
  });
});

test('of the tasks that wait, lower ranks go first, then the biggest, then the first', async () => {
  await withDatabase(async (url) => {
    const slots = new ConnectionSlots({ connections: 1, streams: 1 });
    await withSlots(url, slots, async (pool) => {
      const order: string[] = [];
      const task = (name: string, rank: number, bytes: number) =>
        pool.run(async () => void order.push(name), { rank, bytes });
      const tasks = [
        task('statistics', 2, 9),
        task('small index', 1, 1),
        task('small proof', 0, 1),
        task('big index', 1, 5),
        task('big index too', 1, 5),
        task('big proof', 0, 5),
      ];
      slots.want(0);
      await Promise.all(tasks);
      assert.deepEqual(order, ['big proof', 'small proof', 'big index', 'big index too', 'small index', 'statistics']);
    });
  });
});

test('a task may have helpers where it is alone, connections are left for them, or few others wait', async () => {
  await withDatabase(async (url) => {
    const slots = new ConnectionSlots({ connections: 3, streams: 1 });
    await withSlots(url, slots, async (pool) => {
      assert.equal(await pool.run(async () => pool.spareProcesses()), 1);
      slots.want(0);
      assert.equal(await pool.run(async () => pool.spareProcesses()), Number.POSITIVE_INFINITY);
      let begun = 0;
      const spares: number[] = [];
      const beside = async () => {
        begun += 1;
        await until('both have begun', async () => begun === 2);
        spares.push(pool.spareProcesses());
        await until('both have looked', async () => spares.length === 2);
      };
      await Promise.all([pool.run(beside), pool.run(beside)]);
      assert.deepEqual(spares, [1, 1]);
      const crowd = Array.from({ length: 6 }, () => pool.run(async () => pool.spareProcesses()));
      assert.equal((await Promise.all(crowd))[0], 0);
    });
  });
});

test('a task that waits is refused when the pool is closed', async () => {
  await withDatabase(async (url) => {
    const slots = new ConnectionSlots({ connections: 1, streams: 1 });
    let task: Promise<void> = Promise.resolve();
    await withSlots(url, slots, async (pool) => {
      task = pool.run(async () => assert.fail('it began'));
      task.catch(() => {});
    });
    await assert.rejects(task, { code: 'interrupted.aborted' });
  });
});

const rowsPerSecond = 4000;

/** The first table has more bytes, so that its copy begins before; the second has rows for as many seconds. */
const tablesSql = (seconds: number): string =>
  [
    { table: 'first', rows: 1000, chars: 10_000 },
    { table: 'second', rows: rowsPerSecond * seconds, chars: 1 },
  ]
    .map(
      ({ table, rows, chars }) => `CREATE TABLE ${table} (id INTEGER PRIMARY KEY, name TEXT);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
      INSERT INTO ${table} SELECT i, printf('%.${chars}c', 'x') FROM n;`,
    )
    .join('\n');

/** Starts a migration by one worker, slowly; lends its log, which grows. */
async function withSlowRun(
  { connections, seconds }: { readonly connections: number; readonly seconds: number },
  use: (run: {
    readonly child: ChildProcess;
    readonly ended: Promise<Ended>;
    readonly log: () => string;
  }) => Promise<void>,
): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const runFolder = join(folder, 'run');
      const at = [
        'migrate',
        '--source',
        makeSqlite(folder, tablesSql(seconds)),
        '--target',
        url,
        '--run-dir',
        runFolder,
      ];
      const slowly = ['--max-rows-per-second', String(rowsPerSecond), '--block-bytes', '4k', '--workers', '1'];
      const { child, ended } = startCommand([...at, ...slowly, '--connections', String(connections)], { cwd: folder });
      const path = join(runFolder, 'run.log');
      try {
        await use({ child, ended, log: () => (existsSync(path) ? readFileSync(path, 'utf8') : '') });
      } finally {
        child.kill('SIGKILL');
        await ended;
      }
    }),
  );
}

test('with one worker and one connection a table that is whole is proven after the copy', async () => {
  await withSlowRun({ connections: 1, seconds: 0.5 }, async ({ ended, log }) => {
    const { exitCode, stderr } = await ended;
    assert.equal(exitCode, 0, stderr);
    assert.ok(log().indexOf('verified "first"') > log().indexOf('copied "second"'), log());
  });
});

test('with one worker and two connections a table that is whole is proven while another is still copied', async () => {
  // The second table would be copied for a minute: time enough for the proof on any machine, and not waited for.
  await withSlowRun({ connections: 2, seconds: 60 }, async ({ log }) => {
    const isOver = () => /copied "second"/.test(log());
    await until('the first table is proven', () => isOver() || log().includes('verified "first"'), 180_000);
    assert.ok(!isOver(), log());
    assert.match(log(), /copied "first"/);
  });
});
