import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { soundNote } from '../../src/run/survey/watched-snapshot.js';
import { Database } from '../../src/source/sqlite.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

/* A proof spares the check of the pages only where the ledger says that the last run found the very same bytes sound. */

const sql = `CREATE TABLE ev (id INTEGER PRIMARY KEY, name TEXT);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO ev SELECT i, 'a name of ' || i FROM n;
  CREATE INDEX ev_name ON ev (name);`;
const targetSql = 'CREATE TABLE ev (id int PRIMARY KEY, name text); CREATE INDEX ev_name ON ev (name)';

test('a proof of the bytes that the last run checked does not check them again, and of no others', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(targetSql);
      const source = makeSqlite(folder, sql);
      const run = (command: string) => runJson([command, '--source', source, '--target', url], { cwd: folder });
      const isSpared = async (command: string) => {
        const { exitCode, stderr } = await run(command);
        assert.equal(exitCode, 0, stderr);
        return stderr.includes(soundNote);
      };
      assert.equal(await isSpared('migrate'), false);
      for (const command of ['verify', 'accept', 'shadow']) assert.equal(await isSpared(command), true, command);
      assert.equal(await isSpared('plan'), false);

      const recorded = await client.query('SELECT checked FROM pgferry.run');
      const checked = JSON.parse(recorded.rows[0].checked);
      const record = (change: object | null) =>
        client.query('UPDATE pgferry.run SET checked = $1', [change === null ? null : JSON.stringify(change)]);
      for (const other of [null, { ...checked, sqlite: '3.0.0' }, { ...checked, sha256: 'ab'.repeat(32) }]) {
        await record(other);
        assert.equal(await isSpared('verify'), false, JSON.stringify(other));
      }
      await record(checked);
      // The plan of a large schema is long, and a proof wants nothing of it.
      await client.query(`UPDATE pgferry.run SET plan = 'unread'`);
      for (const command of ['verify', 'accept', 'shadow']) assert.equal(await isSpared(command), true, command);
      await client.query(`UPDATE pgferry.run SET tool_version = '0.0.1'`);
      assert.equal(await isSpared('verify'), false, 'of another version');
    }),
  );
});

test('what the last run counted in the very same bytes is not counted again, but for columns of times', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query('CREATE TABLE ev (id int PRIMARY KEY, mark uuid, at timestamptz)');
      const source = makeSqlite(
        folder,
        `CREATE TABLE ev (id INTEGER PRIMARY KEY, mark BLOB, at DATETIME); INSERT INTO ev VALUES (1, NULL, 1719828000000), (2, NULL, NULL)`,
      );
      const verify = async () => {
        const { json } = await runJson(['verify', '--source', source, '--target', url], { cwd: folder });
        return { ok: json.ok, areBlobs: json.findings.some(({ code }) => code === 'plan.uuid_bytes') };
      };
      const migrated = await runJson(['migrate', '--source', source, '--target', url], { cwd: folder });
      assert.equal(migrated.exitCode, 0, migrated.stderr);
      const { census } = (await client.query('SELECT census FROM pgferry.run')).rows[0];
      const change = (column: string, counts: object) => {
        const stored = JSON.parse(census);
        for (const one of stored[0].columns) if (one.column === column) Object.assign(one, counts);
        return client.query('UPDATE pgferry.run SET census = $1', [JSON.stringify(stored)]);
      };
      // Counts that are made up, so that they show where they are believed.
      await change('at', { integers: 0, integerMin: null, integerMax: null, reals: 2, realMin: 1, realMax: 2 });
      assert.deepEqual(await verify(), { ok: true, areBlobs: false });
      await change('mark', { blobs: 1, bytesMax: 16 });
      assert.deepEqual(await verify(), { ok: true, areBlobs: true });
      const db = new Database(source);
      db.pragma('user_version = 7');
      db.close();
      assert.deepEqual(await verify(), { ok: true, areBlobs: false }, 'other bytes are counted');
    }),
  );
});

test('damage of the source after a run is found by every proof, even where no row is read from it', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(targetSql);
      const source = makeSqlite(folder, sql);
      const run = (command: string) => runJson([command, '--source', source, '--target', url], { cwd: folder });
      assert.equal((await run('migrate')).exitCode, 0);
      const bytes = readFileSync(source);
      // The last page is one of the index.
      bytes.fill(0x5a, bytes.length - 4096);
      writeFileSync(source, bytes);
      for (const command of ['verify', 'accept', 'shadow']) {
        const { exitCode, json, stderr } = await run(command);
        assert.notEqual(exitCode, 0, command);
        assert.equal(json.error?.code, 'source.corrupt', stderr);
      }
    }),
  );
});

test('a run over tables that SQLite alone cannot check spares no later check', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query('CREATE TABLE u (c text)');
      const source = makeSqlite(folder, 'CREATE TABLE u (c TEXT); CREATE INDEX u_c ON u (c)');
      const db = new Database(source);
      db.unsafeMode();
      db.exec(`PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, '(c)', '(c COLLATE theirs)')`);
      db.close();
      const run = (command: string) => runJson([command, '--source', source, '--target', url], { cwd: folder });
      const migrated = await run('migrate');
      assert.equal(migrated.exitCode, 0, migrated.stderr);
      const { exitCode, stderr } = await run('verify');
      assert.equal(exitCode, 0, stderr);
      assert.equal(stderr.includes(soundNote), false);
    }),
  );
});
