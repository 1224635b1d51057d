import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const spellings = [
  'timestamptz',
  'TIMESTAMPTZ(3)',
  'timestamp(3) with time zone',
  'Timestamp With Time Zone',
  'timestamp (0)  with  time zone',
  'pg_catalog.timestamptz',
];

test('a type of times is the same however it is spelled, and its default is the present moment in every time zone', async () => {
  const columns = spellings.map((_, at) => `c${at} datetime DEFAULT CURRENT_TIMESTAMP`);
  const sql = `CREATE TABLE item (id integer PRIMARY KEY, ${columns.join(', ')}, fixed datetime DEFAULT '2020-01-01 00:00:00');
    INSERT INTO item (id) VALUES (1)`;
  const rules = Object.fromEntries(
    [...spellings, 'timestamptz'].map((type, at) => [at < spellings.length ? `c${at}` : 'fixed', { type }]),
  );
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      const config = path.join(folder, 'pgferry.json');
      writeFileSync(config, JSON.stringify({ tableRules: { item: { columns: rules } } }));
      const sides = ['--source', makeSqlite(folder, sql), '--target', url];
      const moved = await runJson(['migrate', ...sides, '--from-source', '--config', config], { cwd: folder });
      assert.equal(moved.exitCode, 0, moved.stderr);
      await client.query(`SET timezone = 'Asia/Kolkata'; INSERT INTO item (id) VALUES (2)`);
      const far = spellings.map((_, at) => `abs(extract(epoch FROM c${at} - now())) < 60 AS c${at}`);
      const { rows } = await client.query(
        `SELECT ${far.join(', ')}, fixed = '2020-01-01Z' AS fixed FROM item WHERE id = 2`,
      );
      assert.deepEqual(rows, [Object.fromEntries(Object.keys(rules).map((name) => [name, true]))]);
    }),
  );
});
