import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import { digestTable, digestVersions } from '../../../src/target/fingerprint/digest.js';
import { withDatabase } from '../../support/database.js';

/* Whether a digest of a table changes with what was done to it, on a real server. */

const world = `
  CREATE TYPE mood AS ENUM ('fine', 'sad');
  CREATE TABLE one (id int PRIMARY KEY, t text, m mood) WITH (autovacuum_enabled = false);
  INSERT INTO one SELECT i, 'text ' || i, 'fine' FROM generate_series(1, 50) AS i;
  CREATE TABLE day (id int, at int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE TABLE day_1 PARTITION OF day FOR VALUES FROM (0) TO (10);
  CREATE TABLE day_2 PARTITION OF day FOR VALUES FROM (10) TO (20);
  INSERT INTO day SELECT i, i % 20 FROM generate_series(1, 40) AS i;
  CREATE EXTENSION file_fdw;
  CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
  CREATE TABLE mixed (id int, at int) PARTITION BY RANGE (at);
  CREATE TABLE mixed_1 PARTITION OF mixed FOR VALUES FROM (0) TO (10);
  CREATE FOREIGN TABLE mixed_2 PARTITION OF mixed FOR VALUES FROM (10) TO (20)
    SERVER files OPTIONS (program 'echo 5,12', format 'csv');`;

/** What the versions say: nothing was written, something was, or that they cannot say. */
type Verdict = 'same' | 'other' | null;

/** Each with the table that it is about. */
const doings: readonly (readonly [table: string, sql: readonly string[], verdict: Verdict])[] = [
  ['one', ['SELECT * FROM one FOR UPDATE'], 'same'],
  ['one', ['BEGIN', `UPDATE one SET t = 'x'`, 'INSERT INTO one VALUES (99)', 'ROLLBACK'], 'same'],
  ['one', ['VACUUM (FREEZE, ANALYZE) one'], 'same'],
  ['one', ['VACUUM (FULL, FREEZE) one'], 'same'],
  ['one', ['CREATE INDEX ON one (t)', 'CLUSTER one USING one_pkey'], 'same'],
  ['one', [`INSERT INTO one VALUES (99, 'new', 'sad')`], 'other'],
  ['one', ['DELETE FROM one WHERE id = 99', `INSERT INTO one VALUES (99, 'newer', 'sad')`], 'other'],
  ['one', [`UPDATE one SET t = 'other' WHERE id = 7`], 'other'],
  ['one', ['DELETE FROM one WHERE id = 7'], 'other'],
  [
    'one',
    [`WITH gone AS (DELETE FROM one WHERE id = 8 RETURNING *) INSERT INTO one SELECT id + 1000, t, m FROM gone`],
    'other',
  ],
  ['one', ['TRUNCATE one'], 'other'],
  ['one', [`ALTER TYPE mood RENAME VALUE 'fine' TO 'glad'`], null],
  ['one', ['ALTER TABLE one ADD COLUMN n int DEFAULT 3'], null],
  ['one', ['ALTER TABLE one DROP COLUMN t'], null],
  ['day', ['VACUUM (FULL, FREEZE) day_1'], 'same'],
  ['day', ['INSERT INTO day_2 VALUES (900, 12)'], 'other'],
  ['day', ['UPDATE day SET at = 15 WHERE id = 3'], 'other'],
  ['day', ['ALTER TABLE day DETACH PARTITION day_2'], null],
];

test('versions tell every write, and nothing but writes; a table or column that is another one has to be read', () =>
  withDatabase(async (url, app) => {
    await app.query(world);
    await withTarget(parseTargetUrl(url).address, { applicationName: 'digest test' }, async (client) => {
      for (const [table, statements, verdict] of doings) {
        const then = await digestTable(client, 'public', table);
        for (const sql of statements) await app.query(sql);
        const now = await digestVersions(client, 'public', then);
        const { rows } = await digestTable(client, 'public', table);
        const said = now === null ? null : now === then ? 'same' : 'other';
        assert.equal(said, verdict, statements.join('; '));
        if (now === null) continue;
        assert.equal(now.rows, rows);
        assert.equal(now.sum === then.sum, verdict === 'same');
        assert.deepEqual(await digestVersions(client, 'public', now), now, 'it knows itself again');
      }
    });
  }));

test('sums tell changed values, whatever the versions say, and are all there is of a foreign table', () =>
  withDatabase(async (url, app) => {
    await app.query(world);
    await withTarget(parseTargetUrl(url).address, { applicationName: 'digest test' }, async (client) => {
      const read = async (table: string) => await digestTable(client, 'public', table);
      const before = await read('one');
      await app.query('UPDATE one SET t = t');
      const rewritten = await read('one');
      assert.equal(rewritten.sum, before.sum);
      assert.notEqual(rewritten.versions, before.versions);
      await app.query(`UPDATE one SET t = 'other' WHERE id = 7`);
      assert.notEqual((await read('one')).sum, before.sum);
      const mixed = await read('mixed');
      assert.deepEqual([mixed.rows, mixed.versions], [1, undefined]);
      assert.equal(await digestVersions(client, 'public', mixed), null);
      assert.equal(await digestVersions(client, 'public', { table: 'one', rows: 50, sum: before.sum }), null);
    });
  }));
