import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import { withFrozenView, withTarget } from '../../../src/target/connection/connect.js';
import { withReading } from '../../../src/target/copy/result.js';
import type { TargetAddress } from '../../../src/model/target.js';
import { withDatabase } from '../../support/database.js';

interface Scene {
  readonly address: TargetAddress;
  readonly client: TargetClient;
  readonly admin: pg.Client;
  /** The name of a view in which t has one row; it has two now. */
  readonly frozenAs: string;
}

async function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withDatabase(async (url, admin) => {
    await admin.query('CREATE TABLE t (a int); INSERT INTO t VALUES (1)');
    const { address } = parseTargetUrl(url);
    await withTarget(address, { applicationName: 'pgferry holder' }, async (holder) => {
      await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const [view] = await holder.query<{ name: string }>('SELECT pg_export_snapshot() AS name');
      await admin.query('INSERT INTO t VALUES (2)');
      await withTarget(address, { applicationName: 'pgferry test' }, (client) =>
        use({ address, client, admin, frozenAs: view?.name ?? '' }),
      );
    });
  });
}

async function countRows(client: TargetClient): Promise<number> {
  const [row] = await client.query<{ n: number }>('SELECT count(*)::int AS n FROM public.t');
  return row?.n ?? 0;
}

test('a kept session sees a frozen view in each job anew, even after a refused statement, and outside of them the present', () =>
  withScene(async ({ client, frozenAs }) => {
    for (let job = 0; job < 2; job += 1) {
      assert.equal(await withFrozenView(client, frozenAs, () => countRows(client)), 1);
      assert.equal(client.isInTransaction, false);
      await assert.rejects(withFrozenView(client, frozenAs, () => client.query('SELECT 1/0')));
    }
    assert.equal(await withFrozenView(client, undefined, () => countRows(client)), 2);
  }));

test('statements read one moment and write nothing, and what they set or lock ends with their job', () =>
  withScene(async ({ address, client, admin, frozenAs }) => {
    assert.equal(await withReading(client, { ...address, frozenAs }, () => countRows(client)), 1);
    const changing = withReading(client, address, () => client.query('INSERT INTO t VALUES (3)'));
    await assert.rejects(changing, /read-only/);
    await withReading(client, address, async () => {
      assert.equal(await countRows(client), 2);
      await admin.query('INSERT INTO t VALUES (3)');
      assert.equal(await countRows(client), 2, 'the moment at which the job began');
      await client.query("SELECT set_config('extra_float_digits', '0', false), pg_advisory_lock(1)");
    });
    const [digits] = await client.query<{ v: string }>("SELECT current_setting('extra_float_digits') AS v");
    assert.notEqual(digits?.v, '0');
    const { rows } = await admin.query(
      `SELECT 1 FROM pg_locks WHERE locktype = 'advisory'
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    assert.deepEqual(rows, []);
  }));
