import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { besideFromBytes } from '../../src/run/attempt/judged-pages.js';
import { soundNote } from '../../src/run/survey/watched-snapshot.js';
import { Database } from '../../src/source/sqlite.js';
import { runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { planted } from '../support/runs.js';

/*
 * The pages of a large file are checked while its rows are copied. Here a page of an index is damaged, which nothing but
 * that check reads: every row can be copied and proven.
 */

const rows = Math.ceil(besideFromBytes / 1000);
const sql = `CREATE TABLE ev (id INTEGER PRIMARY KEY, name TEXT, pad TEXT);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO ev SELECT i, 'a name of ' || i, printf('%01000d', i) FROM n;
  CREATE INDEX ev_name ON ev (name);`;
const targetSql = 'CREATE TABLE ev (id int PRIMARY KEY, name text, pad text); CREATE INDEX ev_name ON ev (name)';

/** The last page is one of the index. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0x5a, bytes.length - 4096);
  writeFileSync(path, bytes);
}

async function stateOf(client: pg.Client): Promise<unknown> {
  const counts = await client.query('SELECT count(*)::int AS rows FROM ev');
  const keys = await client.query(`SELECT count(*)::int AS keys FROM pg_index WHERE indrelid = 'ev'::regclass`);
  const runs = await client.query<{ state: string }>('SELECT state FROM pgferry.run ORDER BY started_at');
  const chunks = await client.query(
    'SELECT count(*)::int AS chunks FROM pgferry.chunk c JOIN pgferry.run USING (run_id)',
  );
  return { ...counts.rows[0], ...keys.rows[0], ...chunks.rows[0], runs: runs.rows.map(({ state }) => state) };
}

const empty = { rows: 0, keys: 2, chunks: 0, runs: ['abandoned'] };

test('damage that is found while rows are copied ends the run as given up, with tables that are empty and as they were', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(targetSql);
      const source = makeSqlite(folder, sql);
      const sound = readFileSync(source);
      damage(source);
      const migrate = () => runJson(['migrate', '--source', source, '--target', url], { cwd: folder });
      const { exitCode, json, stderr } = await migrate();
      assert.deepEqual([exitCode, json.error?.code], [21, 'source.corrupt'], stderr);
      assert.match(json.error?.message ?? '', /app\.db: the database is damaged, quick_check says: .*ev_name/);
      assert.match(stderr, /is given up, for its source is damaged; the tables that it loaded are empty again/);
      assert.deepEqual(await stateOf(client), empty);
      await client.query(`INSERT INTO ev VALUES (0, 'of somebody else', ''); DELETE FROM ev`);

      writeFileSync(source, sound);
      const again = await migrate();
      assert.equal(again.exitCode, 0, again.stderr);
      assert.deepEqual(await stateOf(client), { rows, keys: 2, chunks: 1, runs: ['abandoned', 'complete'] });
      const proof = await runJson(['verify', '--source', source, '--target', url], { cwd: folder });
      assert.equal(proof.exitCode, 0, proof.stderr);
      assert.ok(proof.stderr.includes(soundNote), 'a run that is complete says that its pages are sound');
    }),
  );
});

test('rows that are in the target make way for no damaged file, however large', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(targetSql);
      const source = makeSqlite(folder, sql);
      damage(source);
      await client.query(`INSERT INTO ev VALUES (7, 'what is there', '')`);
      const args = ['migrate', '--source', source, '--target', url, '--truncate-target'];
      const { exitCode, json, stderr } = await runJson(args, { cwd: folder });
      assert.deepEqual([exitCode, json.error?.code], [21, 'source.corrupt'], stderr);
      assert.equal((await client.query('SELECT name FROM ev')).rows[0].name, 'what is there');
      const ledger = await client.query(`SELECT to_regclass('pgferry.run') AS run`);
      assert.equal(ledger.rows[0].run, null);
    }),
  );
});

test('a run that was killed before its pages were judged has them judged when it goes on', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(targetSql);
      const source = makeSqlite(folder, sql);
      const runFolder = join(folder, 'run');
      const args = ['migrate', '--source', source, '--target', url, '--run-dir', runFolder, '--chunk-bytes', '1MB'];
      const counter = join(folder, 'count');
      const env = planted({ at: 'kill', when: 6, text: 'COMMIT', where: 'threads', counter });
      assert.equal((await runCommand(args, { cwd: folder, env })).signal, 'SIGKILL');
      const runs = await client.query('SELECT state FROM pgferry.run');
      assert.deepEqual(runs.rows, [{ state: 'copying' }]);

      // What the killed attempt would have found at the end of its check.
      const snapshot = join(runFolder, 'sqlite-precutover.db');
      chmodSync(snapshot, 0o600);
      damage(snapshot);
      const sha256 = createHash('sha256').update(readFileSync(snapshot)).digest('hex');
      await client.query('UPDATE pgferry.run SET snapshot_sha256 = $1', [sha256]);
      const { exitCode, json, stderr } = await runJson(args, { cwd: folder });
      assert.match(stderr, /going on with run/);
      assert.deepEqual([exitCode, json.error?.code], [21, 'source.corrupt'], stderr);
      assert.deepEqual(await stateOf(client), empty);
      assert.equal(existsSync(snapshot), false);
    }),
  );
});

test('a large file with a table that SQLite alone cannot check spares no later check', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(`${targetSql}; CREATE TABLE u (c text)`);
      const source = makeSqlite(folder, `${sql} CREATE TABLE u (c TEXT); CREATE INDEX u_c ON u (c)`);
      const db = new Database(source);
      db.unsafeMode();
      db.exec(`PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(sql, '(c)', '(c COLLATE theirs)') WHERE tbl_name = 'u'`);
      db.close();
      const run = (command: string) => runJson([command, '--source', source, '--target', url], { cwd: folder });
      const migrated = await run('migrate');
      assert.equal(migrated.exitCode, 0, migrated.stderr);
      assert.match(migrated.stderr, /quick_check could not judge table u/);
      const { exitCode, stderr } = await run('verify');
      assert.equal(exitCode, 0, stderr);
      assert.equal(stderr.includes(soundNote), false);
    }),
  );
});
