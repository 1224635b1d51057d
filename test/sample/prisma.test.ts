import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import { makeSampleDatabase } from '../../prisma/sample.js';
import { sampleIndexesSql, sampleTablesSql } from '../../prisma/sample-schema.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { root } from '../support/page.js';
import { type PrismaClient, type PrismaClients, type PrismaRow, withPrismaClients } from '../support/prisma-clients.js';

/** Every row of a table as a client reads it, in an order that no collation decides. */
async function readModel(client: PrismaClient, name: string): Promise<PrismaRow[]> {
  const rows = await client.model(name).findMany();
  const key = (row: PrismaRow): string => String(row['id'] ?? row['token']);
  return rows.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Moves the file and checks that the application reads on PostgreSQL, with its own client, what it read on SQLite. */
async function checkMoved(clients: PrismaClients, folder: string, path: string, models: readonly string[]) {
  await withDatabase(async (url) => {
    const source = await clients.sqlite(path);
    const before = new Map<string, PrismaRow[]>();
    for (const name of models) before.set(name, await readModel(source, name));
    const args = ['migrate', '--source', path, '--target', url, '--sql-dir', join(root, 'prisma/postgres')];
    const { exitCode, stderr } = await runJson(args, { cwd: folder });
    assert.equal(exitCode, 0, stderr);
    const target = await clients.postgres(url);
    for (const name of models) {
      const rows = before.get(name) ?? [];
      assert.ok(rows.length > 0, `${name} has rows`);
      assert.deepEqual(await readModel(target, name), rows, name);
    }
  });
}

/** What stands in a column of the file itself: its storage classes and, for text, how long it is. */
function formsOf(path: string, table: string, column: string): string[] {
  const db = new Database(path, { readonly: true });
  try {
    const sql = `SELECT DISTINCT typeof("${column}") || ' ' || length("${column}") FROM "${table}" ORDER BY 1`;
    return db.prepare<[], string>(sql).pluck().all();
  } finally {
    db.close();
  }
}

test('what Prisma clients wrote to SQLite, and the older engine and CURRENT_TIMESTAMP too, the PostgreSQL client reads deeply equal', async () => {
  await withPrismaClients((clients) =>
    withFolder(async (folder) => {
      const old = join(folder, 'old.db');
      const models = Object.keys(makeSampleDatabase(old).tables);
      await checkMoved(clients, folder, old, models);

      const path = makeSqlite(folder, sampleTablesSql + sampleIndexesSql, 'new.db');
      const reading = await clients.sqlite(old);
      const writers = [await clients.sqlite(path), await clients.sqlite(path, 'unixepoch-ms')] as const;
      for (const name of models) {
        const rows = await readModel(reading, name);
        for (const [i, writer] of writers.entries()) {
          await writer.model(name).createMany({ data: rows.filter((_, row) => row % 2 === i) });
        }
      }
      const [writer] = writers;
      const user = await writer.model('User').create({ data: { email: 'defaults@example.com' } });
      await writer.model('Host').create({ data: { userId: user['id'], name: 'all else by default' } });
      assert.deepEqual(formsOf(path, 'Session', 'expires'), ['integer 12', 'integer 13', 'text 29']);
      await checkMoved(clients, folder, path, models);
    }),
  );
});
