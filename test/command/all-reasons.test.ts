import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import type { Finding } from '../../src/model/plan.js';

/** Of everything that stands against a plan one: of the file, of the schema, of values and of references. */
const sql = `PRAGMA foreign_keys = OFF;
  CREATE TABLE word (w TEXT PRIMARY KEY, at INTEGER REFERENCES parent (id)) WITHOUT ROWID; INSERT INTO word VALUES ('b', 5), ('c', 6);
  CREATE TABLE parent (id INTEGER PRIMARY KEY);
  CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id)); INSERT INTO child VALUES (1, 9);
  CREATE TABLE born (id INTEGER PRIMARY KEY, day DATE); INSERT INTO born VALUES (1, '2024-02-29'), (2, '2023-02-29');
  CREATE TABLE person (id INTEGER PRIMARY KEY, mail TEXT); INSERT INTO person VALUES (1, 'a@x'), (2, 'A@x');
  CREATE TABLE rule (id INTEGER PRIMARY KEY, v TEXT CHECK (soundex(v) <> ''), mixed); INSERT INTO rule (id, mixed) VALUES (1, 'x'), (2, x'00ff');
  CREATE VIRTUAL TABLE note USING fts5 (body); INSERT INTO note VALUES ('only here');`;

function makeSource(folder: string): string {
  const path = join(folder, 'app.db');
  const db = new Database(path);
  db.function('soundex', { deterministic: true }, () => 'S');
  db.exec(sql);
  db.unsafeMode(true);
  db.pragma('writable_schema = ON');
  db.exec(`UPDATE sqlite_schema SET sql = replace(sql, 'w TEXT', 'w TEXT COLLATE icu_root')`);
  db.close();
  return path;
}

const errorsOf = (findings: readonly Finding[]) =>
  findings
    .filter(({ severity }) => severity === 'error')
    .map(({ code, table }) => `${code} ${table}`)
    .sort();

test('reasons of the file, of values, of keys and of references stand in one list, and nothing is written', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(`CREATE TABLE word (w text PRIMARY KEY, at int); CREATE TABLE parent (id int PRIMARY KEY);
        CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent (id));
        CREATE TABLE born (id int PRIMARY KEY, day date); CREATE TABLE rule (id int PRIMARY KEY, v text, mixed bytea);
        CREATE EXTENSION citext; CREATE TABLE person (id int PRIMARY KEY, mail citext UNIQUE);`);
      const sides = ['--source', makeSource(folder), '--target', url];
      const expected = [
        'data.duplicate_key person',
        'data.not_a_date born',
        'data.text_in_blob rule',
        'plan.orphans child',
        'plan.virtual_rows note',
        'source.needs_application word',
      ];
      for (const command of ['plan', 'migrate']) {
        const { exitCode, json, stderr } = await runJson([command, ...sides], { cwd: folder });
        assert.equal(exitCode, 20, stderr);
        assert.deepEqual(errorsOf(json.findings), expected, command);
        assert.doesNotMatch(stderr, /snapshot\.db/);
      }
      const { rows } = await client.query('SELECT count(*)::int AS n FROM born');
      assert.deepEqual(rows, [{ n: 0 }]);
    }),
  );
});

test('what cannot be translated stands beside the other reasons, and what only follows from it is not told', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      const sides = ['--source', makeSource(folder), '--target', url, '--from-source'];
      for (const command of ['plan', 'migrate']) {
        const { exitCode, json, stderr } = await runJson([command, ...sides], { cwd: folder });
        assert.equal(exitCode, 20, stderr);
        assert.deepEqual(
          errorsOf(json.findings),
          [
            'data.not_a_date born',
            'plan.check_untranslated rule',
            'plan.mixed_types rule',
            'plan.virtual_rows note',
            'source.needs_application word',
          ],
          command,
        );
        assert.ok(json.findings.some(({ code, table }) => code === 'plan.orphans' && table === 'child'));
        assert.equal(json.findings.filter(({ code }) => code === 'verify.schema_differs').length, 0);
      }
      const init = await runJson(['init', ...sides, '--exclude', 'word'], { cwd: folder });
      assert.deepEqual([init.exitCode, init.json.error?.code], [20, 'plan.refused'], init.stderr);
      const { rows } = await client.query(
        `SELECT count(*)::int AS n FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
      );
      assert.deepEqual(rows, [{ n: 0 }]);
    }),
  );
});
