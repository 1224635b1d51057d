import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sourceSql = `
  CREATE TABLE usage (a TEXT, b INTEGER, what TEXT NOT NULL, PRIMARY KEY (a, b));
  INSERT INTO usage VALUES (NULL, NULL, 'x'), (NULL, NULL, 'y'), ('EPSG', 1, 'z');
  CREATE TABLE v (id INT PRIMARY KEY, what TEXT); INSERT INTO v VALUES (NULL, 'x'), (NULL, 'x'), (NULL, 'y'), (1, 'z');`;
const targetSql = `CREATE TABLE usage (a text, b bigint, what text NOT NULL, UNIQUE (a, b)); CREATE TABLE v (id bigint UNIQUE, what text)`;

for (const isFitted of [false, true]) {
  test(`rows with NULLs in their primary key arrive ${isFitted ? 'in a schema whose key takes them' : 'under a UNIQUE constraint'}, and both sides are told to be equal`, async () => {
    await withDatabase((url, client) =>
      withFolder(async (folder) => {
        if (isFitted) await client.query(targetSql);
        const sides = ['--source', makeSqlite(folder, sourceSql), '--target', url];
        const moved = await runJson(['migrate', ...sides], { cwd: folder });
        assert.equal(moved.exitCode, 0, moved.stderr);
        const notes = moved.json.findings
          .filter(({ code }) => code === 'plan.null_in_key')
          .map(({ table, column }) => `${table}.${column}`);
        assert.deepEqual(notes, isFitted ? [] : ['usage.a', 'usage.b', 'v.id']);
        const { rows } = await client.query(`SELECT a, b::int, what FROM usage ORDER BY what`);
        assert.deepEqual(rows, [
          { a: null, b: null, what: 'x' },
          { a: null, b: null, what: 'y' },
          { a: 'EPSG', b: 1, what: 'z' },
        ]);
        await assert.rejects(client.query(`INSERT INTO usage VALUES ('EPSG', 1, 'w')`), { code: '23505' });
        const { rows: all } = await client.query('SELECT id::int, what FROM v ORDER BY what');
        assert.deepEqual(
          all.map(({ id, what }) => `${id} ${what}`),
          ['null x', 'null x', 'null y', '1 z'],
        );
        for (const command of ['verify', 'accept']) {
          const compared = await runJson([command, ...sides], { cwd: folder });
          assert.equal(compared.exitCode, 0, compared.stderr);
          assert.deepEqual(
            compared.json.findings.filter(({ code }) => code.startsWith('verify.')),
            [],
          );
        }
        await client.query(`UPDATE v SET what = 'X' WHERE ctid = (SELECT min(ctid) FROM v WHERE what = 'x')`);
        const differs = await runJson(['verify', ...sides], { cwd: folder });
        assert.equal(differs.exitCode, 1);
        assert.ok(differs.json.differences.length > 0, 'the difference is named');
      }),
    );
  });
}
