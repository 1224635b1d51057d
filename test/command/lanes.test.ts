import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { type ConnectionPool, withConnectionPool } from '../../src/run/load/connection-pool.js';
import { ConnectionSlots } from '../../src/run/load/connection-slots.js';
import { parseTargetUrl } from '../../src/target/connection/address.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { until } from '../support/runs.js';

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

const rowsSql = [
  ['first', 3000],
  ['second', 2000],
]
  .map(
    ([table, rows]) => `CREATE TABLE ${table} (id INTEGER PRIMARY KEY, name TEXT);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
      INSERT INTO ${table} SELECT i, printf('%.100c', 'x') FROM n;`,
  )
  .join('\n');

for (const [connections, isOverlapping] of [
  [1, false],
  [2, true],
] as const) {
  const when = isOverlapping ? 'while another is still copied' : 'after the copy';
  test(`with one worker and ${connections} connections a table that is whole is proven ${when}`, async () => {
    await withFolder((folder) =>
      withDatabase(async (url) => {
        const at = [
          'migrate',
          '--source',
          makeSqlite(folder, rowsSql),
          '--target',
          url,
          '--run-dir',
          join(folder, 'run'),
        ];
        const slowly = ['--max-rows-per-second', '4000', '--block-bytes', '4k', '--workers', '1'];
        const args = [...at, ...slowly, '--connections', String(connections)];
        const { exitCode, stderr } = await runJson(args, { cwd: folder });
        assert.equal(exitCode, 0, stderr);
        const log = readFileSync(join(folder, 'run', 'run.log'), 'utf8');
        assert.equal(log.indexOf('verified "first"') < log.indexOf('copied "second"'), isOverlapping, log);
      }),
    );
  });
}
