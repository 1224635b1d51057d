import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sourceSql = `
  CREATE TABLE film (id INTEGER PRIMARY KEY, title VARCHAR(9) NOT NULL, length INT, CHECK (hex(title) <> ''));
  CREATE INDEX odd ON film (round(length)); CREATE VIEW long AS SELECT title FROM film WHERE length > 100;
  CREATE VIEW loud AS SELECT printf('%s!', title) FROM film;
  CREATE TRIGGER gone AFTER DELETE ON film BEGIN SELECT 1; END;
  INSERT INTO film VALUES (1, 'a', 120), (2, 'b', 90);`;
const rules = {
  tableRules: {
    film: { target: 'movies', columns: { length: { target: 'minutes', type: 'smallint' } } },
  },
};

test('init --print gives a script that psql could run, tells what it does not carry, and touches nothing', async () => {
  await withFolder((folder) =>
    withDatabase(async (_url, client) => {
      const source = makeSqlite(folder, sourceSql);
      const refused = await runCommand(['init', '--print', '--source', source], { cwd: folder });
      assert.equal(refused.exitCode, 20);
      assert.match(refused.stdout, /^-- film: CHECK \(hex\(title\) <> ''\) has no sure equivalent/m);
      const at = ['init', '--print', '--source', source, '--waive', 'check:film,index:odd'];
      const printed = await runCommand(at, { cwd: folder });
      assert.equal(printed.exitCode, 0, printed.stderr);
      assert.equal(existsSync(join(folder, '.pgferry')), false);
      await client.query(printed.stdout);
      await client.query(`INSERT INTO film VALUES (1, 'a', 120), (2, 'b', 90)`);
      assert.deepEqual((await client.query('SELECT * FROM long')).rows, [{ title: 'a' }]);
      assert.match(printed.stdout, /^-- loud: the view has no sure equivalent: the function printf/m);
      assert.match(printed.stdout, /^-- a trigger is not carried over: gone$/m);
      const { json } = await runJson(at, { cwd: folder });
      const { sql, tag } = json as unknown as Record<string, unknown>;
      assert.equal(sql, printed.stdout);
      assert.equal(tag, 'printed');
    }),
  );
});

test('what init --print gives is taken back by --sql-dir', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(folder, sourceSql);
      const waived = ['--waive', 'check:film,index:odd'];
      const printed = await runCommand(['init', '--print', '--source', source, ...waived], { cwd: folder });
      mkdirSync(join(folder, 'sql'));
      writeFileSync(join(folder, 'sql', '1.sql'), printed.stdout);
      const at = ['--source', source, '--target', url, '--sql-dir', 'sql', ...waived];
      for (const command of ['plan', 'migrate']) {
        const ended = await runJson([command, ...at], { cwd: folder });
        assert.equal(ended.exitCode, 0, ended.stderr);
      }
      assert.deepEqual((await client.query('SELECT title FROM film ORDER BY id')).rows, [
        { title: 'a' },
        { title: 'b' },
      ]);
    }),
  );
});

test('names and types of the config file are taken where the schema is made, and names where it is there', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const config = join(folder, 'config.json');
      writeFileSync(config, JSON.stringify({ ...rules, waive: ['check:film', 'index:odd'] }));
      const at = ['--source', makeSqlite(folder, sourceSql), '--target', url, '--config', config, '--from-source'];
      const made = await runJson(['migrate', ...at], { cwd: folder });
      assert.equal(made.exitCode, 0, made.stderr);
      const { rows } = await client.query('SELECT minutes, pg_typeof(minutes)::text AS type FROM movies ORDER BY id');
      assert.deepEqual(rows, [
        { minutes: 120, type: 'smallint' },
        { minutes: 90, type: 'smallint' },
      ]);
      assert.deepEqual((await client.query('SELECT * FROM long')).rows, [{ title: 'a' }]);
      await client.query('DROP VIEW long; TRUNCATE movies; ALTER TABLE movies RENAME minutes TO lasts');
      writeFileSync(config, JSON.stringify(rules).replace('minutes', 'lasts'));
      const fitted = await runJson(['migrate', ...at], { cwd: folder });
      assert.equal(fitted.exitCode, 0, fitted.stderr);
      writeFileSync(config, JSON.stringify(rules).replace('minutes', 'nowhere').replace('movies', 'films'));
      const refused = await runJson(['verify', ...at.filter((arg) => arg !== '--from-source')], { cwd: folder });
      assert.equal(refused.exitCode, 20);
      assert.match(refused.json.findings[0]?.message ?? '', /no table films, which tableRules names/);
    }),
  );
});

test('plan --diff lays both schemas side by side, with reasons and the config line that changes each', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const at = ['plan', '--source', makeSqlite(folder, sourceSql), '--target', url, '--from-source'];
      const waive = ['--waive', 'check:*,index:*'];
      const { stdout, exitCode } = await runCommand([...at, ...waive, '--diff', '--quiet'], { cwd: folder });
      assert.equal(exitCode, 0);
      const lines = stdout.split('\n').map((line) => line.trim().replace(/ {2,}/g, ' | '));
      for (const line of [
        '= | table | film | public.film | the names are the same | "tableRules": {"film":{"target":"…"}}',
        '= | column | title VARCHAR(9) NOT NULL | title character varying(9) NOT NULL | declared VARCHAR(9), which its values agree with | "tableRules": {"film":{"columns":{"title":{"type":"character varying(9)"}}}}',
        '= | column | length INT | length bigint | it holds 2 integers | "tableRules": {"film":{"columns":{"length":{"type":"bigint"}}}}',
        '= | primary key | PRIMARY KEY (id) | PRIMARY KEY (id) | both sides have it',
      ])
        assert.ok(lines.includes(line), `${line}\n${stdout}`);
      assert.ok(
        lines.some((line) => /^– \| check \| CHECK .* "waive": \["check:film"\]$/.test(line)),
        stdout,
      );
      assert.ok(
        lines.some((line) => line.startsWith('– | index | CREATE INDEX odd')),
        stdout,
      );
      assert.ok(
        lines.some((line) => line.startsWith('– | trigger | gone |')),
        stdout,
      );
    }),
  );
});
