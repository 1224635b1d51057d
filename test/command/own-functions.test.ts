import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';

const sql = `
  CREATE TABLE item (id INTEGER PRIMARY KEY, title TEXT, sort TEXT); CREATE INDEX by_title ON item (title); CREATE INDEX by_sort ON item (sort);
  INSERT INTO item VALUES (1, 'Äpfel', 'Apfel'), (2, 'b', 'b');
  CREATE TABLE word (w TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO word VALUES ('b'), ('c');
  CREATE TABLE calc (id INTEGER PRIMARY KEY, a TEXT, v TEXT AS (own(a)) VIRTUAL); INSERT INTO calc (a) VALUES ('x');`;

/** A file whose collation and function only its application has. */
function makeForeign(folder: string): string {
  const path = join(folder, 'app.db');
  const db = new Database(path);
  db.function('own', { deterministic: true }, (value: unknown) => `${value}!`);
  db.exec(sql);
  db.unsafeMode(true);
  db.pragma('writable_schema = ON');
  const edit = db.prepare('UPDATE sqlite_schema SET sql = replace(sql, ?, ?)');
  edit.run('ON item (title)', 'ON item (title COLLATE icu_root)');
  edit.run('sort TEXT)', 'sort TEXT COLLATE icu_root)');
  edit.run('w TEXT', 'w TEXT COLLATE icu_root');
  db.close();
  return path;
}

test('what SQLite cannot judge without the application stops only the tables that it cannot read, each by its name', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      const source = makeForeign(folder);
      const run = (command: string, ...more: string[]) =>
        runJson([command, '--source', source, '--target', url, ...more], { cwd: folder });
      const first = await run('plan');
      const unread = first.json.findings.filter(({ code }) => code === 'source.needs_application');
      assert.deepEqual([first.exitCode, unread.map(({ table }) => table).sort()], [20, ['calc', 'word']], first.stderr);
      const messageOf = ({ json }: typeof first) => json.findings.map(({ message }) => message).join('\n');
      const init = await run('init');
      assert.deepEqual([init.exitCode, init.json.error?.code], [21, 'source.needs_application'], init.stderr);
      assert.match(
        first.stderr,
        /quick_check could not judge table item and its indexes \(no such collation sequence: icu_root\)/,
      );
      const word = await run('plan', '--exclude', 'calc');
      assert.match(
        messageOf(word),
        /cannot read table word without its application: its key needs the collation icu_root/,
      );
      const calc = await run('plan', '--exclude', 'word');
      assert.match(messageOf(calc), /cannot read table calc without its application: unknown function: own\(\)/);
      const rest = ['--exclude', 'word,calc'];
      const moved = await run('migrate', '--from-source', ...rest);
      assert.equal(moved.exitCode, 0, moved.stderr);
      const lost = moved.json.findings.filter(({ code }) => code === 'plan.index_untranslated');
      assert.deepEqual(
        lost.map(({ severity, waiver }) => [severity, waiver]),
        [
          ['warning', 'index:by_sort'],
          ['warning', 'index:by_title'],
        ],
      );
      const { rows } = await client.query('SELECT id::int, title, sort FROM item ORDER BY id');
      assert.deepEqual(rows, [
        { id: 1, title: 'Äpfel', sort: 'Apfel' },
        { id: 2, title: 'b', sort: 'b' },
      ]);
      for (const command of ['verify', 'accept']) {
        const ended = await run(command, ...rest);
        assert.equal(ended.exitCode, 0, ended.stderr);
      }
    }),
  );
});
