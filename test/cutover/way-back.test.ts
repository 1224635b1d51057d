import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hashFileSync, restoreFile } from '../../src/cutover/restored-file.js';
import { Database } from '../../src/source/sqlite.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { type CutoverJson, envAfter, envBefore, makeSmallApp, runFor } from '../support/journey.js';

test('what is discarded is saved as JSON first, documents over several lines too, and a dropped table is no hindrance', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = makeSmallApp(folder, url, { FROM_SOURCE: '0', POSTGRES_SQL_DIR: join(folder, 'sql') });
      mkdirSync(join(folder, 'sql'));
      writeFileSync(
        join(folder, 'sql/1.sql'),
        'CREATE TABLE parent (id int PRIMARY KEY, t text); CREATE TABLE child (id int PRIMARY KEY, parent int, note json)',
      );
      const db = new Database(app.source);
      db.exec(`UPDATE child SET note = '{"a":1}'`);
      db.close();
      assert.equal((await runFor(app, 'cutover')).exitCode, 0);
      const note = '{\n\t"k": "line\\nend \\\\ tab\\t",\r\n\t"n": [1,\n2]}';
      await client.query('INSERT INTO child VALUES (4, 1, $1)', [note]);
      await client.query('DROP TABLE parent CASCADE');
      const refused = await runFor(app, 'rollback', { args: ['--target-writes', 'refuse'] });
      assert.match(refused.json.error?.message ?? '', /parent \(3 rows then, dropped since\)/);
      const uncarried = await runFor(app, 'rollback');
      assert.match(uncarried.json.error?.message ?? '', /: parent: PostgreSQL has this table no more/);
      const back = await runFor(app, 'rollback', { args: ['--discard-target-writes'] });
      assert.equal(back.exitCode, 0, back.stderr);
      assert.deepEqual(
        back.json.savedWrites.map(({ table, rows }) => [table, rows]),
        [['child', 1]],
      );
      const lines = readFileSync(back.json.savedWrites[0]?.path ?? '', 'utf8')
        .trimEnd()
        .split('\n');
      const saved = lines.map((line) => JSON.parse(line) as unknown);
      const after = { id: 4, parent: 1, note: JSON.parse(note) as unknown };
      assert.deepEqual(saved, [{ table: 'child', change: 'inserted', before: null, after }]);
    }),
  );
});

test('where the ledger is behind, the env file says where the application lives', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = makeSmallApp(folder, url);
      const behind = (state: string) => client.query('UPDATE pgferry.cutover SET state = $1', [state]);
      assert.equal((await runFor(app, 'cutover')).exitCode, 0);
      await behind('closing');
      // Goes on to the end, and must not forget how the env file is switched back.
      const concluded = await runFor(app, 'cutover', { args: ['--switch-env', '0'] });
      assert.equal(concluded.exitCode, 0, concluded.stderr);
      await behind('closing');
      const released = await runFor(app, 'release');
      assert.equal(released.json.state, 'released', released.stderr);
      await behind('switched');
      const back = await runFor(app, 'rollback');
      assert.equal(back.exitCode, 0, back.stderr);
      assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
    }),
  );
});

test('an env file that other hands switched back does not make an unfinished rollback a finished one', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = makeSmallApp(folder, url);
      assert.equal((await runFor(app, 'cutover')).exitCode, 0);
      await client.query(`UPDATE pgferry.cutover SET state = 'rolling_back'`);
      assert.equal(readFileSync(app.envPath, 'utf8'), envAfter);
      writeFileSync(app.envPath, envBefore);
      const back = await runFor(app, 'rollback');
      assert.equal(back.exitCode, 0, back.stderr);
      const db = new Database(app.source);
      db.prepare('INSERT INTO child (parent) VALUES (1)').run();
      db.close();
      await assert.rejects(client.query('DELETE FROM child'), /left for SQLite by pgferry/);
    }),
  );
});

test('without a target the database is restored where its path leads, be it a URL or a link', async () => {
  await withFolder(async (folder) => {
    const database = makeSqlite(folder, 'CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)');
    const snapshot = join(folder, 'snapshot.db');
    copyFileSync(database, snapshot);
    chmodSync(snapshot, 0o400);
    const link = join(folder, 'link.db');
    symlinkSync(database, link);
    for (const [id, named] of [
      ['a1', `file:${database}?connection_limit=1`],
      ['a2', link],
    ] as const) {
      const db = new Database(database);
      db.exec('PRAGMA user_version = 7');
      db.close();
      const env = { ROLLBACK_SQLITE_BACKUP: snapshot, ROLLBACK_SQLITE_SHA256: hashFileSync(snapshot) };
      const { exitCode, json, stderr } = await runJson(
        [
          'rollback',
          '--without-target',
          '--cutover-id',
          id,
          '--source',
          named,
          '--switch-env',
          '0',
          '--generate-provider',
          '0',
          '--source-writes',
          'discard',
        ],
        { cwd: folder, env },
      );
      assert.equal(exitCode, 0, stderr);
      const { source, replacedPath } = json as unknown as CutoverJson;
      assert.deepEqual([source, replacedPath], [database, `${database}.replaced-${id}`]);
      const restored = new Database(link);
      assert.equal(restored.pragma('user_version', { simple: true }), 0);
      restored.pragma('user_version = 7');
      restored.close();
    }
  });
});

test('a -wal that a killed rollback has moved is never overwritten by the empty one of who looked since', async () => {
  await withFolder((folder) => {
    const database = makeSqlite(folder, 'PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY)');
    const snapshot = join(folder, 'snapshot.db');
    copyFileSync(database, snapshot);
    const writer = new Database(database);
    writer.exec('INSERT INTO t VALUES (1), (2)');
    copyFileSync(`${database}-wal`, join(folder, 'wal'));
    writer.close();
    const kept = `${database}.replaced`;
    copyFileSync(snapshot, database);
    linkSync(database, kept);
    renameSync(join(folder, 'wal'), `${kept}-wal`);
    writeFileSync(`${database}-wal`, '');
    const given = restoreFile({
      databasePath: database,
      snapshotPath: snapshot,
      snapshotSha256: hashFileSync(snapshot),
      replacedPath: kept,
      prepare: () => {},
    });
    assert.equal(given, kept);
    const count = (path: string) => {
      const db = new Database(path);
      const rows = db.prepare('SELECT count(*) FROM t').pluck().get();
      db.close();
      return rows;
    };
    assert.deepEqual([count(kept), count(database)], [2, 0]);
  });
});
