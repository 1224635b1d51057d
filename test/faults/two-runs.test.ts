import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { runJson, startCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { withProxy } from '../support/proxy.js';
import {
  assertWhole,
  committedChunks,
  isStopped,
  makeFaultSource,
  migrateArgs,
  type Picture,
  planted,
  runState,
  startUntilChunks,
  undisturbed,
  until,
} from '../support/runs.js';

interface Scene {
  readonly folder: string;
  readonly url: string;
  readonly client: pg.Client;
  readonly source: string;
  readonly expected: Picture;
}

async function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  const expected = await undisturbed();
  await withFolder((folder) =>
    withDatabase((url, client) => use({ folder, url, client, source: makeFaultSource(folder).path, expected })),
  );
}

const slow = ['--max-rows-per-second', '10000'];

/** Takes the first run's lock away, as a network does that has lost its connection. */
async function endCoordinator(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    `SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE 'pgferry coordinator%'`,
  );
  assert.deepEqual(rows, [{ ended: true }]);
  await until('the lock is free', async () => {
    const { rows: locks } = await client.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'pgferry coordinator%'`,
    );
    return locks.length === 0;
  });
}

/** Everything that a zombie could change: the ledger and the schema. */
async function ledger(client: pg.Client): Promise<unknown> {
  const runs = await client.query('SELECT run_id, state, token, finished_at FROM pgferry.run ORDER BY run_id');
  const objects = await client.query('SELECT ordinal, state, restored_at FROM pgferry.object ORDER BY ordinal');
  return { runs: runs.rows, objects: objects.rows, chunks: await committedChunks(client) };
}

test('a second run is refused with the run that is active, where, and since when', async () => {
  await withScene(async ({ folder, url, client, source, expected }) => {
    const args = migrateArgs(source, url);
    const options = { cwd: folder };
    const first = await startUntilChunks([...args, ...slow, '--json'], { client, count: 2, options });
    // It sleeps, so that it is still active whenever the second comes.
    first.child.kill('SIGSTOP');
    try {
      const { rows } = await client.query('SELECT run_id FROM pgferry.run');
      for (const more of [[], ['--fresh']]) {
        const second = await runJson([...args, ...more], options);
        assert.equal(second.exitCode, 22, second.stderr);
        assert.equal(second.json.error?.code, 'target.run_active');
        const wanted = `run ${rows[0].run_id} is active on schema public \\(pid ${first.child.pid} on ${hostname()}, since`;
        assert.match(second.json.error?.message ?? '', new RegExp(wanted));
      }
    } finally {
      first.child.kill('SIGCONT');
    }
    const ended = await first.ended;
    await assertWhole({ ...ended, json: JSON.parse(ended.stdout) }, client, expected);
  });
});

test('of two commands that want to go on with the same run, one wins and the other is refused', async () => {
  await withScene(async ({ folder, url, client, source, expected }) => {
    const args = migrateArgs(source, url);
    const options = { cwd: folder };
    const killed = await startUntilChunks([...args, ...slow], { client, count: 2, options });
    killed.child.kill('SIGKILL');
    await killed.ended;
    const slower = [...args, '--max-rows-per-second', '4000'];
    const both = await Promise.all([runJson(slower, options), runJson(slower, options)]);
    const [winner, loser] = both[0].exitCode === 0 ? both : [both[1], both[0]];
    assert.equal(loser.exitCode, 22, loser.stderr);
    assert.equal(loser.json.error?.code, 'target.run_active');
    await assertWhole(winner, client, expected);
  });
});

test('a process that was stopped and has lost its lock can commit nothing when it wakes up', async () => {
  await withScene(async ({ folder, url, client, source, expected }) => {
    const args = migrateArgs(source, url);
    const options = { cwd: folder };
    const { child, ended } = await startUntilChunks([...args, ...slow], { client, count: 3, options });
    child.kill('SIGSTOP');
    try {
      await endCoordinator(client);
      const before = await committedChunks(client);
      const second = await runJson(args, options);
      await assertWholeBut(second, client, expected);
      assert.equal(second.json.chunksResumed, before.length);
      const left = await ledger(client);
      child.kill('SIGCONT');
      const { exitCode, stderr } = await ended;
      assert.equal(exitCode, 22, stderr);
      assert.match(stderr, /lost the connection that held the lock of the run|taken over or ended by somebody else/);
      assert.deepEqual(await ledger(client), left);
      await assertWhole(second, client, expected);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

/** Whole, while the sleeper's connections, whose other end still stands, may be there. */
async function assertWholeBut(second: Awaited<ReturnType<typeof runJson>>, client: pg.Client, expected: Picture) {
  assert.equal(second.exitCode, 0, second.stderr);
  assert.deepEqual(
    [...second.json.tables].sort((a, b) => (a.table < b.table ? -1 : 1)),
    expected.tables,
  );
  assert.equal(await runState(client), 'complete');
}

for (const text of ['USING btree', 'USING INDEX', 'VALIDATE CONSTRAINT']) {
  test(`a process that was stopped right after it sent ${text} does not keep the next one waiting`, async () => {
    await withScene(async ({ folder, url, client, source, expected }) => {
      const args = migrateArgs(source, url);
      const env = planted({ at: 'stop', when: 1, text, where: 'main', counter: join(folder, 'counter') });
      const { child, ended } = startCommand(args, { cwd: folder, env });
      try {
        await until('the first process has stopped', () => isStopped(child.pid ?? 0));
        await endCoordinator(client);
        const second = await runJson(args, { cwd: folder });
        await assertWholeBut(second, client, expected);
        const left = await ledger(client);
        child.kill('SIGCONT');
        const { exitCode, stderr } = await ended;
        assert.equal(exitCode, 22, stderr);
        assert.deepEqual(await ledger(client), left);
        await assertWhole(second, client, expected);
      } finally {
        child.kill('SIGKILL');
      }
    });
  });
}

test('a run that is cut off but alive keeps its lock until it is taken, and ends by itself', async () => {
  await withScene(async ({ folder, url, client, source, expected }) => {
    await withProxy(url, {}, async (proxy) => {
      const options = { cwd: folder };
      const throughProxy = [...migrateArgs(source, proxy.url), ...slow, '--stall-timeout', '2'];
      const first = await startUntilChunks(throughProxy, { client, count: 3, options });
      for (const pair of proxy.pairs) pair.freeze();
      const args = migrateArgs(source, url);
      const refused = await runJson(args, options);
      assert.equal(refused.json.error?.code, 'target.run_active', refused.stderr);
      assert.match(refused.json.error?.hint ?? '', /pg_terminate_backend/);
      await endCoordinator(client);
      const second = await runJson(args, options);
      await assertWholeBut(second, client, expected);
      const left = await ledger(client);
      const { exitCode, stderr } = await first.ended;
      assert.equal(exitCode, 22, stderr);
      assert.deepEqual(await ledger(client), left);
    });
    const { rows } = await client.query('SELECT count(*)::int AS runs FROM pgferry.run');
    assert.deepEqual(rows, [{ runs: 1 }]);
  });
});
