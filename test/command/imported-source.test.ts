import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const d1 = `PRAGMA defer_foreign_keys=TRUE;
CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE);
INSERT INTO "d1_migrations" ("id","name") VALUES(1,'0001_init.sql');
CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
INSERT INTO "_cf_KV" ("key","value") VALUES('alarm',X'00');
CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO "author" ("id","name") VALUES(1,'it''s; me'),(2,'é');
CREATE TABLE book (id INTEGER PRIMARY KEY, author INTEGER REFERENCES author(id));
INSERT INTO "book" ("id","author") VALUES(1,2);
`;

const names = 'SELECT name FROM author ORDER BY id';
const expected = [{ name: "it's; me" }, { name: 'é' }];

test('a compressed export is moved as it is, without the tables of its host, and verified', async () => {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, 'export.sql.gz'), gzipSync(d1));
    await withDatabase(async (url, client) => {
      const moved = await runCommand(['migrate', 'export.sql.gz', url], { cwd: folder });
      assert.equal(moved.exitCode, 0, moved.stderr);
      assert.match(moved.stderr, /export\.sql\.gz is a dump, not the database that the application writes/);
      assert.deepEqual((await client.query(names)).rows, expected);
      const { rows } = await client.query("SELECT relname FROM pg_class WHERE relname IN ('d1_migrations', '_cf_KV')");
      assert.deepEqual(rows, []);
      const proven = await runCommand(['verify', 'export.sql.gz', url], { cwd: folder });
      assert.equal(proven.exitCode, 0, proven.stderr);
      writeFileSync(join(folder, 'export.sql.gz'), gzipSync(d1.replace("it''s", "IT''s")));
      const differs = await runCommand(['verify', 'export.sql.gz', url], { cwd: folder });
      assert.equal(differs.exitCode, 1, differs.stderr);
    });
  });
});

test('so is what a pipe or a command writes, a dump as well as a database', async () => {
  await withFolder(async (folder) => {
    await withDatabase(async (url, client) => {
      const moved = await runCommand(['migrate', '-', url], { cwd: folder, input: d1 });
      assert.equal(moved.exitCode, 0, moved.stderr);
      assert.deepEqual((await client.query(names)).rows, expected);
    });
    writeFileSync(join(folder, 'export.sql'), `${d1}${'-- a comment\n'.repeat(100_000)}`);
    await withDatabase(async (url, client) => {
      // A program in Node sets the pipe not to block, at both its ends.
      const writer = `"${process.execPath}" -e "process.stdout.write(require('fs').readFileSync('export.sql'))"`;
      const through = ['sh', '-c', `${writer} | "$@"`, 'sh'];
      const moved = await runCommand(['migrate', '-', url], { cwd: folder, through });
      assert.equal(moved.exitCode, 0, moved.stderr);
      assert.deepEqual((await client.query(names)).rows, expected);
    });
    makeSqlite(folder, "CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO author VALUES (1, 'x')");
    await withDatabase(async (url, client) => {
      const moved = await runCommand(['migrate', url, '--source-command', 'gzip -c app.db'], { cwd: folder });
      assert.equal(moved.exitCode, 0, moved.stderr);
      assert.match(moved.stderr, /command: gzip -c app\.db is a copy/);
      assert.deepEqual((await client.query(names)).rows, [{ name: 'x' }]);
    });
  });
});

test('what a command writes is accepted like a file, and no cutover is proposed', async () => {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, 'export.sql'), d1);
    await withDatabase(async (url) => {
      const sides = [url, '--source-command', 'cat export.sql'];
      const moved = await runJson(['migrate', ...sides], { cwd: folder });
      assert.deepEqual([moved.exitCode, moved.json.snapshot?.imported], [0, 'dump'], moved.stderr);
      const accepted = await runCommand(['accept', ...sides], { cwd: folder });
      assert.equal(accepted.exitCode, 0, accepted.stderr);
      assert.match(accepted.stdout, /next: .* status /);
      assert.doesNotMatch(accepted.stdout, /next: .* cutover/);
    });
  });
});

test('a command that fails says why, and what it wrote is not moved', async () => {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, 'export.sql'), d1);
    await withDatabase(async (url, client) => {
      const command = 'cat export.sql; echo "no route to host" >&2; exit 3';
      const { exitCode, json } = await runJson(['migrate', url, '--source-command', command], { cwd: folder });
      assert.deepEqual([exitCode, json.error?.code], [21, 'source.command']);
      assert.match(json.error?.message ?? '', /it ended with 3: no route to host/);
      assert.deepEqual((await client.query("SELECT 1 FROM pg_class WHERE relname = 'author'")).rows, []);
    });
    const left = readdirSync(join(folder, '.db-migration-backups'), { recursive: true, encoding: 'utf8' });
    assert.deepEqual(
      left.filter((name) => name.endsWith('.db')),
      [],
    );
  });
});

const live = [['cutover', '--dry-run'], ['follow'], ['release']];

test('what needs the live file refuses every other source by its name', async () => {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, 'export.sql'), d1);
    writeFileSync(join(folder, '.vps.env'), 'VPS_DB_PROVIDER=sqlite\n');
    await withDatabase(async (url) => {
      const sides = ['--target', url];
      const loaded = await runCommand(['migrate', 'export.sql', url], { cwd: folder });
      assert.equal(loaded.exitCode, 0, loaded.stderr);
      for (const words of live) {
        const file = await runJson([...words, ...sides, '--source', 'export.sql'], { cwd: folder });
        assert.match(
          `${file.json.error?.message} ${file.json.error?.hint}`,
          /export\.sql is a script in SQL.* database file/,
          words[0],
        );
        for (const source of [
          ['--source', '-'],
          ['--source-command', 'cat export.sql'],
        ]) {
          const other = await runJson([...words, ...sides, ...source], { cwd: folder, input: d1 });
          assert.ok([21, 24].includes(other.exitCode ?? 0), `${words[0]} ${other.stderr}`);
          assert.match(
            other.json.error?.message ?? '',
            /the source is (?:standard input|what a command writes), not/,
            words[0],
          );
        }
      }
    });
  });
});

test('--source-command and --source exclude each other', async () => {
  await withFolder(async (folder) => {
    const { exitCode, stderr } = await runCommand(['census', 'app.db', '--source-command', 'cat x'], { cwd: folder });
    assert.equal(exitCode, 2, stderr);
    assert.match(stderr, /usage\.combination/);
  });
});
