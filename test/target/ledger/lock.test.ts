import assert from 'node:assert/strict';
import test from 'node:test';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import { openLedger } from '../../../src/target/ledger/ledger.js';
import { withRunLock } from '../../../src/target/ledger/lock.js';
import { beginRun } from '../../../src/target/ledger/run.js';
import { withDatabase } from '../../support/database.js';

async function withTwo(use: (client: TargetClient, other: TargetClient) => Promise<void>): Promise<void> {
  await withDatabase(async (url) => {
    const { address } = parseTargetUrl(url);
    const options = { applicationName: 'test' };
    await withTarget(address, options, (client) => withTarget(address, options, (other) => use(client, other)));
  });
}

test('the lock of a schema is held by one session and free again afterwards', async () => {
  await withTwo(async (client, other) => {
    await withRunLock(client, 'public', async () => {
      const second = withRunLock(other, 'public', () => assert.fail('two hold the lock'));
      await assert.rejects(second, { code: 'target.run_active', message: /test works on schema public/ });
      assert.equal(await withRunLock(other, 'elsewhere', async () => 'free'), 'free');
    });
    assert.equal(await withRunLock(other, 'public', async () => 'free'), 'free');
  });
});

test('a second holder gets an error that names the run, its pid and host, and the session of the server', async () => {
  await withTwo(async (client, other) => {
    await openLedger(client);
    const at = { schema: 'public', planHash: 'aa', snapshotPath: '/s', snapshotSha256: 'cd', snapshotTakenAt: 'then' };
    const by = { sourcePath: '/app/dev.db', toolVersion: '0.1.0', host: 'ferry-host', pid: 4242, plan: '{}' };
    const [backend] = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await withRunLock(client, 'public', async () => {
      await beginRun(client, { runId: 'r77', ...at, ...by });
      const wanted = new RegExp(
        `run r77 is active .*pid 4242 on ferry-host, since .*pid ${backend?.pid} on the server`,
      );
      await assert.rejects(
        withRunLock(other, 'public', async () => undefined),
        { message: wanted },
      );
    });
  });
});

test('the error of the work under the lock is the one thrown, and the lock is free again', async () => {
  await withTwo(async (client, other) => {
    const error = new Error('broken');
    await assert.rejects(
      withRunLock(client, 'public', () => Promise.reject(error)),
      (thrown) => thrown === error,
    );
    assert.equal(await withRunLock(other, 'public', async () => 'free'), 'free');
  });
});

test('losing the connection that holds the lock is reported at once', { timeout: 300_000 }, async () => {
  await withTwo(async (client, other) => {
    const [backend] = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const reason = await withRunLock(client, 'public', async (lost) => {
      const fired = new Promise((resolve) => lost.addEventListener('abort', () => resolve(lost.reason)));
      await other.query('SELECT pg_terminate_backend($1)', [backend?.pid]);
      return await fired;
    });
    assert.equal((reason as { code: string }).code, 'target.connection_lost');
    assert.equal(await withRunLock(other, 'public', async () => 'free'), 'free');
  });
});
