import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { migrate } from '../../../src/pgferry.js';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import { withDatabase } from '../../support/database.js';
import { makeSqlite, withFolder } from '../../support/folder.js';
import { hasPooler, withPooler } from '../../support/pooler.js';

const skip = hasPooler ? false : 'pgbouncer is not installed';
const name = { applicationName: 'pgferry test' };

for (const mode of ['transaction', 'statement'] as const) {
  for (const size of [1, 4]) {
    test(`a pooler in ${mode} mode with ${size} idle backends is refused, and nothing stays in it`, {
      skip,
    }, async () => {
      await withDatabase(async (url) => {
        await withPooler(url, { mode, size }, async (pooled) => {
          const refused = { code: 'target.pooler' };
          const { address } = parseTargetUrl(pooled);
          await assert.rejects(
            withTarget(address, name, () => assert.fail('it was let through')),
            refused,
          );
          await withFolder(async (folder) => {
            const source = makeSqlite(folder, 'CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (1)');
            await assert.rejects(migrate({ sourcePath: source, targetUrl: pooled, backupFolder: folder }), refused);
          });
          assert.deepEqual(await readSession(pooled), await readSession(url));
          assert.deepEqual(await readLocks(url), []);
          assert.deepEqual(await readTables(url), []);
        });
      });
    });
  }
}

test('a pooler that others use all the time is refused in transaction mode too', { skip }, async () => {
  await withDatabase(async (url) => {
    await withPooler(url, { mode: 'transaction', size: 6 }, async (pooled) => {
      const others = new AbortController();
      const atWork = [1, 2, 3].map(() => work(pooled, others.signal));
      try {
        const { address } = parseTargetUrl(pooled);
        await assert.rejects(
          withTarget(address, name, () => assert.fail('it was let through')),
          {
            code: 'target.pooler',
          },
        );
      } finally {
        others.abort();
        await Promise.all(atWork);
      }
    });
  });
});

test('a pooler in session mode is used as the server itself', { skip }, async () => {
  await withDatabase(async (url, client) => {
    await withPooler(url, { mode: 'session', size: 40 }, async (pooled) => {
      await withFolder(async (folder) => {
        const source = makeSqlite(folder, 'CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (1), (2)');
        const { ok } = await migrate({ sourcePath: source, targetUrl: pooled, backupFolder: folder });
        assert.equal(ok, true);
        const { rows } = await client.query('SELECT id::int FROM a ORDER BY id');
        assert.deepEqual(rows, [{ id: 1 }, { id: 2 }]);
      });
      const { address } = parseTargetUrl(pooled);
      await withTarget(address, name, async (target) => {
        const [row] = await target.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        assert.equal(target.backendPid, row?.pid);
      });
    });
  });
});

async function work(url: string, signal: AbortSignal): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  while (!signal.aborted) await client.query('SELECT pg_sleep(0.001)');
  await client.end();
}

/** What a session of an application finds set. */
async function readSession(url: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query(
      `SELECT name, setting FROM pg_settings WHERE name IN ('search_path', 'row_security', 'statement_timeout', 'jit')`,
    );
    return rows;
  } finally {
    await client.end();
  }
}

async function readLocks(url: string): Promise<unknown[]> {
  return await readFrom(
    url,
    `SELECT pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE locktype = 'advisory' AND datname = current_database()`,
  );
}

async function readTables(url: string): Promise<unknown[]> {
  return await readFrom(
    url,
    `SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname IN ('public', 'pgferry')`,
  );
}

async function readFrom(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
