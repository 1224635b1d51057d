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

test('one line gives a declared type another one in every table, keys and references included', async () => {
  const sql = `CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, s SMALLINT, at DATETIME);
    CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a(id), big INTEGER);
    INSERT INTO a VALUES (1, 5, 1, 1719784800); INSERT INTO b VALUES (1, 1, 7)`;
  const config = {
    declared: { INTEGER: 'integer', DATETIME: { type: 'timestamptz(0)', unit: 's' } },
    columns: { big: { type: 'numeric(9)' } },
  };
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      const file = path.join(folder, 'pgferry.json');
      writeFileSync(file, JSON.stringify(config));
      const sides = ['--source', makeSqlite(folder, sql), '--target', url];
      const moved = await runJson(['migrate', ...sides, '--from-source', '--config', file], { cwd: folder });
      assert.equal(moved.exitCode, 0, moved.stderr);
      const { rows } = await client.query(
        `SELECT attrelid::regclass::text || '.' || attname AS name, format_type(atttypid, atttypmod) AS type
         FROM pg_attribute WHERE attrelid IN ('a'::regclass, 'b'::regclass) AND attnum > 0 ORDER BY 1`,
      );
      assert.deepEqual(Object.fromEntries(rows.map(({ name, type }) => [name, type])), {
        'a.at': 'timestamp(0) with time zone',
        'a.id': 'integer',
        'a.n': 'integer',
        'a.s': 'bigint',
        'b.a_id': 'integer',
        'b.big': 'numeric(9,0)',
        'b.id': 'integer',
      });
      const at = await client.query(
        `INSERT INTO a (n) VALUES (1) RETURNING id, (SELECT at FROM a) = '2024-06-30 22:00Z' AS same`,
      );
      assert.deepEqual(at.rows, [{ id: 2, same: true }]);
    }),
  );
});
