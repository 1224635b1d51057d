import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const root = '0F8FAD5B-D9CB-469F-A165-70867728950E';
const zero = '00000000-0000-0000-0000-000000000000';

/** Types of SQLite and PostgreSQL, the parent's keys, and the references that are whole to PostgreSQL. */
const kinds: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
  ['TEXT', 'uuid', [root], [root.toLowerCase(), root.replaceAll('-', ''), `{${root}}`]],
  ['TEXT', 'citext', ['Ärger', 'b'], ['ärger', 'B']],
  ['TEXT', 'char(4)', ['ab'], ['ab ', 'ab  ']],
  ['TEXT', 'numeric', ['1.5', '10'], ['1.50', '10.0', '1e1']],
  ['TEXT', 'bigint', ['7'], ['07']],
  ['TEXT', 'timestamptz', ['2024-01-01T10:00:00Z'], ['2024-01-01 12:00:00+02:00']],
];

function sourceSql(): string {
  const tables = kinds.map(([type, , keys, references], at) => {
    const rows = references.map((value, id) => `(${id}, '${value}', 1)`).join(', ');
    return `CREATE TABLE p${at} (k ${type}, n INTEGER, PRIMARY KEY (k, n)) WITHOUT ROWID;
        INSERT INTO p${at} VALUES ${keys.map((key) => `('${key}', 1)`).join(', ')};
        CREATE TABLE c${at} (id INTEGER PRIMARY KEY, k ${type}, n INTEGER, FOREIGN KEY (k, n) REFERENCES p${at});
        INSERT INTO c${at} VALUES ${rows};`;
  });
  return `PRAGMA foreign_keys = OFF; ${tables.join('\n')}`;
}

function targetSql(): string {
  const tables = kinds.map(
    ([, type], at) => `CREATE TABLE p${at} (k ${type}, n int, PRIMARY KEY (k, n));
      CREATE TABLE c${at} (id int PRIMARY KEY, k ${type}, n int, FOREIGN KEY (k, n) REFERENCES p${at});`,
  );
  return `CREATE EXTENSION citext; ${tables.join('\n')}`;
}

test('references that are equal to the target in another spelling are no orphans', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(targetSql());
      const sides = ['--source', makeSqlite(folder, sourceSql()), '--target', url];
      for (const command of ['migrate', 'verify']) {
        const ended = await runJson([command, ...sides], { cwd: folder });
        assert.equal(ended.exitCode, 0, ended.stderr);
        assert.deepEqual(
          ended.json.findings.filter(({ code }) => code === 'plan.orphans'),
          [],
        );
      }
      const { rows } = await client.query(
        `SELECT count(*)::int AS n, bool_and(convalidated) AS whole FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace`,
      );
      assert.deepEqual(rows, [{ n: kinds.length, whole: true }]);
    }),
  );
});

test('a reference that is whole to SQLite alone is an orphan, and one of no owner is named and set to NULL', async () => {
  const sql = `PRAGMA foreign_keys = OFF; CREATE TABLE item (id TEXT NOT NULL PRIMARY KEY, parent TEXT REFERENCES item);
    INSERT INTO item VALUES ('${root}', '${zero}'), ('7C9E6679-7425-40DE-944B-E07FC1F90AE7', '${root.toLowerCase()}');
    CREATE TABLE word (w TEXT COLLATE NOCASE PRIMARY KEY); INSERT INTO word VALUES ('Tree');
    CREATE TABLE used (id INTEGER PRIMARY KEY, w TEXT REFERENCES word); INSERT INTO used VALUES (1, 'Tree'), (2, 'tree');`;
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(`CREATE TABLE item (id uuid PRIMARY KEY, parent uuid REFERENCES item);
        CREATE TABLE word (w text PRIMARY KEY); CREATE TABLE used (id int PRIMARY KEY, w text REFERENCES word);`);
      const sides = ['--source', makeSqlite(folder, sql), '--target', url];
      const refused = await runJson(['migrate', ...sides], { cwd: folder });
      assert.equal(refused.exitCode, 20);
      const found = refused.json.findings.filter(({ code }) => code === 'plan.orphans');
      assert.deepEqual(
        found.map(({ severity, table, column, message }) => [
          severity,
          table,
          column,
          /^(\d+) .*example (.*)$/.exec(message)?.slice(1),
        ]),
        [
          ['error', 'item', 'parent', ['1', `id='${root}'`]],
          ['error', 'used', 'w', ['1', 'id=2']],
        ],
      );
      assert.deepEqual(
        found.map(({ hint }) => /PRAGMA foreign_key_check/.test(hint)),
        [true, false],
      );
      const config = path.join(folder, 'pgferry.json');
      writeFileSync(config, JSON.stringify({ policies: { orphan: { convert: 'set-null' } } }));
      const moved = await runJson(['migrate', ...sides, '--config', config], { cwd: folder });
      assert.equal(moved.exitCode, 0, moved.stderr);
      const { rows } = await client.query(`SELECT parent FROM item ORDER BY parent`);
      assert.deepEqual(rows, [{ parent: root.toLowerCase() }, { parent: null }]);
      assert.deepEqual((await client.query('SELECT w FROM used ORDER BY id')).rows, [{ w: 'Tree' }, { w: null }]);
    }),
  );
});
