import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import { withTransaction } from '../../../src/target/connection/transaction.js';
import { copyIn } from '../../../src/target/copy/copy-in.js';
import { prepareFreeze } from '../../../src/target/copy/freeze.js';
import { withDatabase } from '../../support/database.js';

async function withTable(use: (client: TargetClient, admin: pg.Client) => Promise<void>): Promise<void> {
  await withDatabase(async (url, admin) => {
    await admin.query('CREATE TABLE public.t (id int PRIMARY KEY)');
    await withTarget(parseTargetUrl(url).address, { applicationName: 'test' }, (client) => use(client, admin));
  });
}

const readIds = async (admin: pg.Client) =>
  (await admin.query('SELECT id FROM public.t ORDER BY id')).rows.map(({ id }) => id);

test('rows of a table that was made ready arrive frozen', async () => {
  await withTable(async (client, admin) => {
    await withTransaction(client, async () => {
      assert.deepEqual(await prepareFreeze(client, 'public', ['t']), new Set(['t']));
      const into = { schema: 'public', table: 't', columns: ['id'], format: 'text', freeze: true } as const;
      await copyIn(client, into, (write) => write(Buffer.from('1\n2\n')));
    });
    await admin.query('CREATE EXTENSION pg_visibility SCHEMA public');
    const { rows } = await admin.query(`SELECT all_frozen::int FROM public.pg_visibility_map_summary('public.t')`);
    assert.deepEqual(rows, [{ all_frozen: 1 }]);
    assert.deepEqual(await readIds(admin), [1, 2]);
  });
});

test('a table that holds rows is left as it is', async () => {
  await withTable(async (client, admin) => {
    await admin.query('INSERT INTO public.t VALUES (7)');
    await withTransaction(client, async () => {
      assert.deepEqual(await prepareFreeze(client, 'public', ['t']), new Set());
    });
    assert.deepEqual(await readIds(admin), [7]);
  });
});

test('a table in use by another session, or referred to by a foreign key, is left as it is and the transaction goes on', async () => {
  await withTable(async (client, admin) => {
    await admin.query('BEGIN; LOCK TABLE public.t IN ACCESS SHARE MODE');
    await withTransaction(client, async () => {
      assert.deepEqual(await prepareFreeze(client, 'public', ['t']), new Set());
      await client.query('INSERT INTO public.t VALUES (1)');
    });
    await admin.query('COMMIT; DELETE FROM public.t; CREATE TABLE public.c (t int REFERENCES public.t)');
    await withTransaction(client, async () => {
      assert.deepEqual(await prepareFreeze(client, 'public', ['t']), new Set());
      await client.query('INSERT INTO public.t VALUES (2)');
    });
    assert.deepEqual(await readIds(admin), [2]);
  });
});
