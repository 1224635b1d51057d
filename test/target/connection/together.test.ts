import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTarget } from '../../../src/target/connection/connect.js';
import { runTogether } from '../../../src/target/connection/together.js';
import { withTransaction } from '../../../src/target/connection/transaction.js';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { withDatabase } from '../../support/database.js';

const makeTable = (name: string) => ({
  sql: `CREATE TABLE public.${name} (a int) -- made`,
  context: { doing: `make ${name}` },
});

test('statements that go together are all done, in few messages, and the error of one is its own', async () => {
  await withDatabase(async (url) => {
    const { address } = parseTargetUrl(url);
    await withTarget(address, { applicationName: 'test' }, async (client) => {
      const run = client.run.bind(client);
      let messages = 0;
      client.run = ((...args: Parameters<typeof run>) => {
        messages += 1;
        return run(...args);
      }) as typeof client.run;
      const many = Array.from({ length: 150 }, (_, at) => makeTable(`t${at}`));
      await withTransaction(client, () => runTogether(client, many));
      assert.equal(messages, 2 + 2 * 3, 'two groups, each a message within a savepoint, in one transaction');
      const [row] = await client.query(`SELECT count(*)::int AS count FROM pg_tables WHERE tablename ~ '^t\\d+$'`);
      assert.deepEqual(row, { count: 150 });
      const failing = [makeTable('x1'), makeTable('t7'), makeTable('x2')];
      await assert.rejects(
        withTransaction(client, () => runTogether(client, failing)),
        { foreignCode: '42P07', message: /make t7/ },
      );
      assert.deepEqual(await client.query(`SELECT FROM pg_tables WHERE tablename ~ '^x'`), []);
    });
  });
});
