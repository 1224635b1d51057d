import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runJson } from '../../support/command.js';
import { withDatabase } from '../../support/database.js';
import { makeSqlite, withFolder } from '../../support/folder.js';
import { quarantinedByTable, makeOrphans, readQuarantined } from '../../support/orphans.js';

test('rows go with the rows they depend on, or stay as their policy says, and every count follows', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const args = await makeOrphans(folder, url, client);
      const { exitCode, json, stderr } = await runJson(args, { cwd: folder });
      assert.equal(exitCode, 0, stderr);
      assert.deepEqual(await readQuarantined(client), quarantinedByTable);
      for (const { table, sourceRows, copiedRows, quarantinedRows, targetRows } of json.tables) {
        const { rows } = await client.query(`SELECT count(*)::int AS n FROM "${table}"`);
        assert.deepEqual([quarantinedRows, targetRows], [quarantinedByTable[table]?.held, rows[0].n], table);
        assert.deepEqual([sourceRows, copiedRows], [copiedRows + quarantinedRows, targetRows], table);
      }
      const loose = await client.query('SELECT count(*)::int AS n FROM loose WHERE parent IS NULL');
      assert.equal(loose.rows[0].n, 12);
      const both = await client.query(
        `SELECT column_name, hazard, rule, changed FROM pgferry.quarantine WHERE key = 'id=4' AND table_name = 'loose'`,
      );
      const names = { column_name: 'x, parent', hazard: 'nul_byte, orphan', rule: 'strip, set-null', changed: [1, 2] };
      assert.deepEqual(both.rows, [names]);
      const valid = await client.query(
        `SELECT conrelid::regclass::text AS t FROM pg_constraint WHERE contype = 'f' AND NOT convalidated`,
      );
      assert.deepEqual(valid.rows, [{ t: '"left"' }]);
      const verified = await runJson(['verify', ...args.slice(1, 5)], { cwd: folder });
      assert.equal(verified.exitCode, 0, verified.stderr + JSON.stringify(verified.json.findings));
      // A kept row that is lost, and one that comes back by hand, break the law of conservation.
      await client.query(`DELETE FROM pgferry.quarantine WHERE table_name = 'grandchild' AND key = 'id=1'`);
      await client.query('INSERT INTO grandchild SELECT 2, NULL');
      const differing = await runJson(['verify', ...args.slice(1, 5)], { cwd: folder });
      assert.equal(differing.exitCode, 1);
      const found = differing.json.differences.map(({ table, key, kind }) => `${table} ${key} ${kind}`);
      assert.deepEqual(
        found,
        ['grandchild id=1 missing', 'grandchild id=2 repeated', 'grandchild id=2 changed'].filter((line) =>
          found.includes(line),
        ),
      );
      assert.ok(found.includes('grandchild id=1 missing') && found.length >= 2, found.join('; '));
    }),
  );
});

test('with constraints in force rows that refer to quarantined ones are refused one by one', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(
        folder,
        `CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id));
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO p SELECT i, 'a' FROM n;
         INSERT INTO c SELECT id, id FROM p; UPDATE p SET a = CAST(x'ff' AS TEXT) WHERE id IN (7, 200, 201);
         CREATE TABLE d (id INTEGER PRIMARY KEY, k TEXT); INSERT INTO d VALUES (1, 'a'), (2, 'A'), (3, 'b');`,
      );
      await client.query(`CREATE TABLE p (id int PRIMARY KEY, a text); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p);
        CREATE COLLATION anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE d (id int PRIMARY KEY, k text COLLATE anycase UNIQUE)`);
      writeFileSync(join(folder, 'c.json'), '{ "policies": { "*": "quarantine" } }');
      const args = ['--source', source, '--target', url, '--config', 'c.json'];
      const { exitCode, json, stderr } = await runJson(['migrate', ...args, '--keep-constraints'], { cwd: folder });
      assert.equal(exitCode, 0, stderr);
      const counts = json.tables.map(({ table, quarantinedRows }) => `${table} ${quarantinedRows}`).sort();
      assert.deepEqual(counts, ['c 3', 'd 1', 'p 3']);
      const { rows } = await client.query(
        `SELECT table_name AS t, string_agg(key || ' ' || hazard, '; ' ORDER BY row_number) AS k FROM pgferry.quarantine GROUP BY 1 ORDER BY 1`,
      );
      assert.deepEqual(rows, [
        { t: 'c', k: 'id=7 orphan; id=200 orphan; id=201 orphan' },
        { t: 'd', k: 'id=2 duplicate_key' },
        { t: 'p', k: 'id=7 invalid_utf8; id=200 invalid_utf8; id=201 invalid_utf8' },
      ]);
    }),
  );
});

test('a row that lost two references lost both, and of rows with equal keys the one that stays is not the one that is kept', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(
        folder,
        `PRAGMA foreign_keys = OFF; CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1), (2);
         CREATE TABLE c (id INTEGER PRIMARY KEY, a INT REFERENCES p (id), b INT REFERENCES p (id));
         INSERT INTO c VALUES (1, 1, 2), (2, 7, 2), (3, 8, 9), (4, 1, 9);
         CREATE TABLE keyless (a INT REFERENCES p (id), b INT REFERENCES p (id), t TEXT);
         INSERT INTO keyless SELECT a, b, 't' FROM c; INSERT INTO keyless SELECT * FROM keyless;
         CREATE TABLE d (id TEXT PRIMARY KEY, v TEXT);
         INSERT INTO d VALUES ('0F8FAD5B-D9CB-469F-A165-70867728950E', 'upper'), ('0f8fad5b-d9cb-469f-a165-70867728950e', 'lower');`,
      );
      await client.query(`CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE d (id uuid PRIMARY KEY, v text);
        CREATE TABLE c (id int PRIMARY KEY, a int REFERENCES p, b int REFERENCES p);
        CREATE TABLE keyless (a int REFERENCES p, b int REFERENCES p, t text)`);
      writeFileSync(
        join(folder, 'c.json'),
        '{ "policies": { "orphan": { "convert": "set-null" }, "duplicate_key": "quarantine" } }',
      );
      const args = ['--source', source, '--target', url];
      const { exitCode, json, stderr } = await runJson(['migrate', ...args, '--config', 'c.json'], { cwd: folder });
      assert.equal(exitCode, 0, stderr + JSON.stringify(json.findings));
      const rows = await client.query('SELECT id, a, b FROM c ORDER BY id');
      assert.deepEqual(
        rows.rows.map(({ id, a, b }) => [id, a, b]),
        [
          [1, 1, 2],
          [2, null, 2],
          [3, null, null],
          [4, 1, null],
        ],
      );
      const kept = await client.query(
        `SELECT convert_from(cells[2], 'UTF8') AS v FROM pgferry.quarantine WHERE table_name = 'd'
          UNION ALL SELECT v FROM d ORDER BY 1`,
      );
      assert.deepEqual(kept.rows, [{ v: 'lower' }, { v: 'upper' }]);
      assert.equal((await runJson(['verify', ...args], { cwd: folder })).exitCode, 0);
    }),
  );
});
