import assert from 'node:assert/strict';
import test from 'node:test';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import { withTransaction } from '../../../src/target/connection/transaction.js';
import { copyTogether, type FilledCopy } from '../../../src/target/copy/copy-together.js';
import { withDatabase } from '../../support/database.js';

const tables = ['a', 'b', 'c'];

async function withTables(use: (client: TargetClient) => Promise<void>): Promise<void> {
  await withDatabase(async (url, admin) => {
    for (const name of tables)
      await admin.query(`CREATE TABLE ${name} (id bigint PRIMARY KEY, note text CHECK (note <> 'bad'))`);
    await withTarget(parseTargetUrl(url).address, { applicationName: 'test' }, use);
  });
}

function copyOf(table: string, text: string, freeze = false): FilledCopy {
  return {
    into: { schema: 'public', table, columns: ['id', 'note'], format: 'text', nullText: 'NUL', freeze },
    bytes: Buffer.from(text),
  };
}

test('copies of several tables are one round trip, frozen where that is asked for, each with its own row count', async () => {
  await withTables(async (client) => {
    await withTransaction(client, async () => {
      await client.query('TRUNCATE public.a, public.c');
      let trips = 0;
      client.raw.connection.on('readyForQuery', () => {
        trips += 1;
      });
      const long = 'x'.repeat(100_000);
      const copies = [copyOf('a', '1\tone\n2\tNUL\n', true), copyOf('b', ''), copyOf('c', `7\t${long}\n`, true)];
      assert.deepEqual(await copyTogether(client, copies), [2, 0, 1]);
      assert.equal(trips, 1);
      assert.deepEqual(await copyTogether(client, []), []);
    });
    assert.deepEqual(await client.query('SELECT id, note FROM public.a ORDER BY id'), [
      { id: '1', note: 'one' },
      { id: '2', note: null },
    ]);
    assert.deepEqual(await client.query('SELECT length(note) AS length FROM public.c'), [{ length: 100_000 }]);
    await client.query('CREATE EXTENSION pg_visibility SCHEMA public');
    const frozen = `SELECT all_frozen::int FROM public.pg_visibility_map_summary('public.a')`;
    assert.deepEqual(await client.query(frozen), [{ all_frozen: 1 }]);
  });
});

test('a copy that is refused names its table, the ones behind it are passed over, and the connection goes on', async () => {
  await withTables(async (client) => {
    const many = '9\tbad\n'.repeat(50_000);
    for (const bytes of ['5\tbad\n', 'no number\tx\n', many]) {
      const refused = withTransaction(client, () =>
        copyTogether(client, [copyOf('a', '1\tone\n'), copyOf('b', bytes), copyOf('c', many)]),
      );
      await assert.rejects(refused, { code: 'data.rejected', table: 'b' });
      assert.deepEqual(await client.query('SELECT id FROM public.a UNION ALL SELECT id FROM public.b'), []);
    }
    await withTransaction(client, () => copyTogether(client, [copyOf('c', '3\tgood\n')]));
    assert.deepEqual(await client.query('SELECT id FROM public.c'), [{ id: '3' }]);
  });
});

test('a connection that is lost ends the wait for what was sent', async () => {
  await withTables(async (client) => {
    const lost = copyTogether(client, [copyOf('a', '1\tone\n')]);
    client.raw.connection.stream.destroy();
    await assert.rejects(lost, { code: 'target.connection_lost' });
    await assert.rejects(copyTogether(client, [copyOf('a', '1\tone\n')]), { code: 'target.connection_lost' });
  });
});
