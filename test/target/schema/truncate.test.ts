import assert from 'node:assert/strict';
import test from 'node:test';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import { emptyTables } from '../../../src/target/schema/truncate.js';
import { withDatabase } from '../../support/database.js';

async function withTables(sql: string, use: (client: TargetClient) => Promise<void>): Promise<void> {
  await withDatabase(async (url, admin) => {
    await admin.query(sql);
    await withTarget(parseTargetUrl(url).address, { applicationName: 'test' }, use);
  });
}

async function counts(client: TargetClient, tables: readonly string[]): Promise<number[]> {
  const list: number[] = [];
  for (const table of tables) {
    list.push(Number((await client.query<{ n: string }>(`SELECT count(*) AS n FROM ONLY public.${table}`))[0]?.n));
  }
  return list;
}

const ab = ['a', 'b'].map((name) => ({ schema: 'public', name }));

test('tables that refer to each other are emptied, others and the sequences are left alone', async () => {
  const sql = `CREATE TABLE a (id serial PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
    ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b; CREATE TABLE c (id int);
    INSERT INTO a DEFAULT VALUES; INSERT INTO b VALUES (1, 1); UPDATE a SET b = 1; INSERT INTO c VALUES (1)`;
  await withTables(sql, async (client) => {
    await emptyTables(client, ab);
    assert.deepEqual(await counts(client, ['a', 'b', 'c']), [0, 0, 1]);
    assert.deepEqual(await client.query(`SELECT nextval('public.a_id_seq') AS n`), [{ n: '2' }]);
    await emptyTables(client, []);
  });
});

test('a table that inherits from one of ours keeps its rows, partitions lose theirs', async () => {
  const sql = `CREATE TABLE a (id int); CREATE TABLE heir () INHERITS (a); INSERT INTO a VALUES (1); INSERT INTO heir VALUES (2);
    CREATE TABLE b (id int) PARTITION BY RANGE (id); CREATE TABLE b1 PARTITION OF b FOR VALUES FROM (0) TO (9); INSERT INTO b VALUES (1)`;
  await withTables(sql, async (client) => {
    await emptyTables(client, ab);
    assert.deepEqual(await counts(client, ['a', 'heir', 'b1']), [0, 1, 0]);
  });
});

test('where a foreign key of an empty table elsewhere forbids TRUNCATE, the rows are deleted in any order', async () => {
  const sql = `CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE RESTRICT);
    CREATE TABLE c (id int, a int REFERENCES a ON DELETE CASCADE); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1);
    INSERT INTO c VALUES (1, NULL)`;
  await withTables(sql, async (client) => {
    await emptyTables(client, ab);
    assert.deepEqual(await counts(client, ['a', 'b', 'c']), [0, 0, 1]);
  });
});

for (const action of ['CASCADE', 'SET NULL', 'SET DEFAULT', 'NO ACTION']) {
  test(`rows elsewhere that refer to ours with ON DELETE ${action} stop us, and nothing is deleted`, async () => {
    const sql = `CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int); INSERT INTO b VALUES (1);
      CREATE TABLE c (id int, a int REFERENCES a ON DELETE ${action}); INSERT INTO a VALUES (1); INSERT INTO c VALUES (1, 1)`;
    await withTables(sql, async (client) => {
      const code = action === 'NO ACTION' ? 'data.rejected' : 'target.rows_elsewhere';
      await assert.rejects(emptyTables(client, ab), { code, table: 'c' });
      assert.deepEqual(await counts(client, ['a', 'b', 'c']), [1, 1, 1]);
      assert.deepEqual(await client.query('SELECT a FROM public.c'), [{ a: 1 }]);
    });
  });
}

test('a role without TRUNCATE deletes instead', async () => {
  const role = `t_truncate_${process.pid}`;
  const sql = `CREATE TABLE a (id int); CREATE TABLE b (id int); INSERT INTO a VALUES (1); CREATE ROLE ${role};
    GRANT SELECT, DELETE ON a, b TO ${role}; GRANT USAGE ON SCHEMA public TO ${role}`;
  await withTables(sql, async (client) => {
    try {
      await client.query(`SET ROLE ${role}`);
      await emptyTables(client, ab);
      assert.deepEqual(await counts(client, ['a', 'b']), [0, 0]);
    } finally {
      await client.query(`RESET ROLE; DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });
});
