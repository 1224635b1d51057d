import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { ofIndexAlone, withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const rows = (type: string, values: string) =>
  `CREATE TABLE t (id INTEGER PRIMARY KEY, a ${type}); INSERT INTO t VALUES ${values};`;

const manyRows = `CREATE TABLE t (id INTEGER PRIMARY KEY, a INT);
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) INSERT INTO t SELECT i, i FROM n;`;

/** What only the target knows: its schema, the source, the key that the error names, and what the message shows. */
const cases: readonly (readonly [what: string, schema: string, sql: string, key: string, shown: RegExp])[] = [
  // The plan does not see a system column, more than five thousand values, what a function says, overflow pages, and its other tables.
  [
    'CHECK',
    'id int PRIMARY KEY, a int CHECK (a > 0 AND tableoid > 0)',
    rows('INT', '(1, 1), (2, -1), (3, 4)'),
    'id=2',
    /\(2, -1\)/,
  ],
  ['domain', 'id int PRIMARY KEY, a small', manyRows, 'id=6000', /column a, key id=6000/],
  ['UNIQUE', 'id int, a text', rows('TEXT', `(1, 'x'), (2, 'x'), (3, 'y')`), 'a=x', /a=x/],
  ['FOREIGN KEY', 'id int PRIMARY KEY, a int REFERENCES q (id)', rows('INT', '(1, NULL), (2, 7)'), 'a=7', /a=7/],
  [
    'NUL',
    'id int PRIMARY KEY, a text',
    rows('TEXT', `(1, printf('%.9000c', 'x')), (2, printf('%.8000c', 'x') || char(0))`),
    'id=2',
    /byte 8000/,
  ],
];

for (const [what, columns, sql, key, shown] of cases) {
  test(`a row that only the target refuses (${what}) is named with a line of the config file that brings the others in`, async () => {
    await withDatabase((url, client) =>
      withFolder(async (folder) => {
        await client.query(`CREATE DOMAIN small AS int CHECK (VALUE < 6000);
          ${ofIndexAlone('counted')}
          CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE q (id int PRIMARY KEY)`);
        await client.query(`CREATE TABLE t (${columns})`);
        if (what === 'UNIQUE') await client.query('CREATE UNIQUE INDEX t_once ON t (a) WHERE counted(a) IS NOT NULL');
        const source = makeSqlite(folder, `${sql} CREATE TABLE p (id INTEGER PRIMARY KEY);`);
        const sides = ['migrate', '--source', source, '--target', url];
        const { exitCode, json } = await runJson(sides, { cwd: folder });
        assert.equal(exitCode, 23, JSON.stringify(json.error));
        assert.equal(json.error?.key?.toLowerCase(), key);
        assert.match(json.error?.message ?? '', shown);
        const hint = json.error?.hint ?? '';
        assert.equal(/check:NAME/.test(hint), what === 'CHECK' || what === 'domain', hint);
        assert.doesNotMatch(hint, /foreign_key_check/);
        const line = /by the config file: (\{.*\});/.exec(hint)?.[1] ?? '';
        writeFileSync(join(folder, 'c.json'), line);
        const moved = await runJson([...sides, '--config', 'c.json', '--fresh'], { cwd: folder });
        assert.equal(moved.exitCode, 0, `${moved.stderr}\n${line}`);
        assert.equal(moved.json.tables.find(({ table }) => table === 't')?.quarantinedRows, 1);
      }),
    );
  });
}

test('an index that fails beside others that are still being built is told as what it is', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      // The one that fails is found at its end, and again at the end of the next try, when the other one has long been built.
      await client.query(`CREATE FUNCTION slow (v anyelement, seconds float) RETURNS anyelement IMMUTABLE LANGUAGE plpgsql AS
          'BEGIN PERFORM pg_sleep(seconds); RETURN v; END';
        CREATE TABLE t (id int PRIMARY KEY, a text);
        ${ofIndexAlone('slowly', 'PERFORM pg_sleep(0.02)')}
        CREATE UNIQUE INDEX t_a ON t (slowly(a)); CREATE INDEX t_slow ON t (slow(id, 0.03))`);
      const values = Array.from({ length: 40 }, (_, i) => `(${i}, 'x')`).join(', ');
      const source = makeSqlite(folder, rows('TEXT', values));
      const args = ['migrate', '--source', source, '--target', url, '--connections', '4'];
      const { exitCode, json } = await runJson(args, { cwd: folder });
      assert.deepEqual([exitCode, json.error?.code], [23, 'data.duplicate_key'], JSON.stringify(json.error));
    }),
  );
});
