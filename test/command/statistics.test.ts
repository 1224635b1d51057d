import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { runJson } from '../support/command.js';
import { serverUrl, withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

/** Tables that are analysed side by side at the end. */
const sideTables = 6;

const sql = `
  CREATE TABLE small (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE odd (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE);
  CREATE INDEX odd_name ON odd (name COLLATE NOCASE);
  CREATE TABLE cut (id INTEGER PRIMARY KEY, name TEXT, odd INTEGER REFERENCES odd (id));
  CREATE INDEX cut_name ON cut (name);
  CREATE TABLE empty (id INTEGER PRIMARY KEY);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) INSERT INTO small SELECT i, 'f' || i FROM n;
  INSERT INTO odd SELECT id, name FROM small;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
    INSERT INTO cut SELECT i, printf('%.60c', 'x') || i, 1 + i % 400 FROM n;
  ${many((at) => `CREATE TABLE side${at} AS SELECT * FROM cut; CREATE INDEX side${at}_name ON side${at} (name COLLATE NOCASE);`)}`;

function many(sql: (at: number) => string): string {
  return Array.from({ length: sideTables }, (_, at) => sql(at)).join('\n');
}

/** VACUUM passes over a page that somebody holds just then, such as the server's own writer to disk. */
const pinnedMax = 2;

/**
 * A transaction in another database: every snapshot taken meanwhile reaches back to it, and keeps VACUUM in its own
 * database from marking what was written since.
 */
async function openTransaction(): Promise<AsyncDisposable> {
  const client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT pg_current_xact_id()');
  return { [Symbol.asyncDispose]: () => client.end() };
}

for (const connections of ['1', '4']) {
  test(`after a run on ${connections} connections every table is analysed, and all pages of those that are not small are visible to all`, async () => {
    await withFolder((folder) =>
      withDatabase(async (url, client) => {
        await using _ = await openTransaction();
        const at = ['migrate', '--source', makeSqlite(folder, sql), '--target', url, '--chunk-bytes', '64k'];
        const { exitCode, stderr } = await runJson([...at, '--workers', '2', '--connections', connections], {
          cwd: folder,
        });
        assert.equal(exitCode, 0, stderr);
        const { rows } = await client.query(
          `SELECT relname AS name, reltuples AS rows, relpages - relallvisible <= ${pinnedMax} AS visible
             FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1`,
        );
        // Those of small tables are so by chance alone: it is an index over an expression that has one vacuumed.
        const told = rows.map(({ visible, ...row }) => (row.rows === 400 ? row : { ...row, visible }));
        assert.deepEqual(told, [
          { name: 'cut', rows: 9000, visible: true },
          { name: 'empty', rows: 0, visible: true },
          { name: 'odd', rows: 400 },
          ...Array.from({ length: sideTables }, (_, at) => ({ name: `side${at}`, rows: 9000, visible: true })),
          { name: 'small', rows: 400 },
        ]);
        const { rows: ofIndex } = await client.query(`SELECT n_distinct FROM pg_stats WHERE tablename = 'odd_name'`);
        assert.deepEqual(ofIndex, [{ n_distinct: -1 }]);
      }),
    );
  });
}
