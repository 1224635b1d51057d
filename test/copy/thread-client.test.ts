import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { ThreadClient } from '../../src/copy/thread-client.js';
import { parseTargetUrl } from '../../src/target/connection/address.js';
import type { TargetClient } from '../../src/target/connection/client.js';
import { connectTarget } from '../../src/target/connection/connect.js';
import { withDatabase } from '../support/database.js';
import { assertNoBackends, until } from '../support/runs.js';

async function withKept(use: (kept: ThreadClient, admin: pg.Client) => Promise<void>): Promise<void> {
  await withDatabase(async (url, admin) => {
    const { address } = parseTargetUrl(url);
    await use(new ThreadClient(() => connectTarget(address, { applicationName: 'pgferry test' })), admin);
    await assertNoBackends(admin);
  });
}

function pidOf(kept: ThreadClient): Promise<number | null> {
  return kept.lend(async (client) => client.backendPid);
}

test('a connection is kept from one job to the next, and closed when it is idle for long', () =>
  withKept(async (kept) => {
    const pid = await pidOf(kept);
    assert.notEqual(pid, null);
    assert.equal(await pidOf(kept), pid);
  }));

test('a connection that broke while it was idle is replaced at the next job', () =>
  withKept(async (kept, admin) => {
    const lent: TargetClient[] = [];
    const pid = await kept.lend(async (client) => {
      lent.push(client);
      return client.backendPid;
    });
    await admin.query('SELECT pg_terminate_backend($1)', [pid]);
    await until('the end was seen', () => lent[0]?.isBroken === true);
    const next = await kept.lend((client) => client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'));
    assert.notEqual(next[0]?.pid, pid);
  }));

test('a connection whose job failed is closed, and the next job has another', () =>
  withKept(async (kept) => {
    const pid = await pidOf(kept);
    await assert.rejects(kept.lend((client) => client.query('BEGIN; SELECT 1/0')));
    const next = await kept.lend(async (client) => ({ pid: client.backendPid, isInside: client.isInTransaction }));
    assert.notEqual(next.pid, pid);
    assert.equal(next.isInside, false);
  }));
