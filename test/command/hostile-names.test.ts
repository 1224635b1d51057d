import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import type pg from 'pg';
import { shortName } from '../../src/plan/names/names.js';
import { runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const esc = String.fromCharCode(27);
const csi = String.fromCharCode(0x9b);
const bell = String.fromCharCode(7);
const names: readonly string[] = [
  'with "quotes"',
  "it's",
  'a\nb\\!\\.',
  '🚀 émoji 数据',
  'x"; DROP TABLE "it\'s"; --',
  '../../x',
  'select',
  'User',
  'É',
  'é',
  `${esc}]0;owned${bell}${esc}[2J`,
  `${csi}31m`,
  'tab\tname',
  'n'.repeat(300),
  '%s $1 {0} :name',
  '\u202ethgir',
  ' ',
];

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** One table per name, with columns, an index and a foreign key that are named likewise, three rows each. */
function makeHostile(folder: string): string {
  const path = join(folder, 'app.db');
  const db = new Database(path);
  names.forEach((name, i) => {
    const parent = quote(names[Math.max(0, i - 1)] ?? '');
    db.exec(`CREATE TABLE ${quote(name)} (id INTEGER PRIMARY KEY, ${quote(`c ${name}`)} TEXT,
      ${quote(`r ${name}`)} INTEGER REFERENCES ${parent})`);
    db.exec(`CREATE INDEX ${quote(`i ${name}`)} ON ${quote(name)} (${quote(`c ${name}`)})`);
    const insert = db.prepare(`INSERT INTO ${quote(name)} VALUES (?, ?, 1)`);
    for (let id = 1; id <= 3; id++) insert.run(id, name);
  });
  db.close();
  return path;
}

/** Nothing in a text may drive a terminal: of all control characters only line ends, and tabs where they are wanted. */
function checkHarmless(text: string, where: string, allowed = '\n'): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not be there
  const found = [...text.matchAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g)]
    .map(([character]) => character)
    .filter((character) => !allowed.includes(character));
  assert.deepEqual(found, [], where);
}

function checkRunFolder(path: string): void {
  const files = readdirSync(path);
  for (const name of files) {
    assert.match(name, /^[a-z-]+\.(db|json|tsv|log|sha256|sql)$/);
    if (name.endsWith('.db')) continue;
    checkHarmless(readFileSync(join(path, name), 'utf8'), name, name.endsWith('.tsv') ? '\n\t' : '\n');
  }
  const lines = readFileSync(join(path, 'tables.tsv'), 'utf8').trimEnd().split('\n');
  assert.equal(lines.length, names.length + 1);
  for (const line of lines) assert.equal(line.split('\t').length, 8, line);
}

test('tables and columns with hostile names are moved and verified, and nothing of them drives the terminal', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const at = ['--source', makeHostile(folder), '--target', url];
      const migrated = await runJson(['migrate', ...at], { cwd: folder });
      assert.equal(migrated.exitCode, 0, migrated.stderr);
      assert.deepEqual(migrated.json.tables.map(({ table }) => table).sort(), [...names].sort());
      checkRunFolder(migrated.json.runDir ?? '');
      await checkRows(client);
      for (const command of ['verify', 'plan', 'status']) {
        const { exitCode, stdout, stderr } = await runCommand([command, ...at], { cwd: folder });
        assert.equal(exitCode, 0, stderr);
        checkHarmless(stdout + stderr, command);
      }
      const graph = await runCommand(['plan', ...at, '--graph'], { cwd: folder });
      checkHarmless(graph.stdout, 'graph');
      checkHarmless(migrated.stdout + migrated.stderr, 'migrate');
    }),
  );
});

async function checkRows(client: pg.Client): Promise<void> {
  for (const name of names) {
    const column = quote(shortName(`c ${name}`));
    const { rows } = await client.query(`SELECT ${column} AS value FROM public.${quote(shortName(name))}`);
    assert.deepEqual(rows, [{ value: name }, { value: name }, { value: name }]);
  }
}

test('a difference in a table with a hostile name is reported without driving the terminal', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const name = `${esc}[2J`;
      const source = makeSqlite(folder, `CREATE TABLE ${quote(name)} (${quote(name)} TEXT PRIMARY KEY, v TEXT);`);
      const db = new Database(source);
      db.prepare(`INSERT INTO ${quote(name)} VALUES (?, ?)`).run(name, name);
      db.close();
      const at = ['--source', source, '--target', url];
      assert.equal((await runJson(['migrate', ...at], { cwd: folder })).exitCode, 0);
      await client.query(`UPDATE public.${quote(name)} SET v = $1`, [`${name}${csi}`]);
      const { exitCode, stdout, stderr } = await runCommand(['verify', ...at], { cwd: folder });
      assert.equal(exitCode, 1, stderr);
      checkHarmless(stdout + stderr, 'verify');
      assert.match(stdout, /\\u001b\[2J/);
    }),
  );
});

test('a name that is the short form of another one is refused by a finding', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const long = 'n'.repeat(100);
      const sql = `CREATE TABLE ${long} (id INTEGER PRIMARY KEY); CREATE TABLE ${shortName(long)} (id INTEGER PRIMARY KEY);`;
      const { exitCode, json } = await runJson(['migrate', '--source', makeSqlite(folder, sql), '--target', url], {
        cwd: folder,
      });
      assert.equal(exitCode, 20);
      assert.ok(json.findings.some(({ code, severity }) => code === 'plan.name' && severity === 'error'));
    }),
  );
});

const evil = `evil ${esc}[31m${csi}2J`;
const serverTexts: readonly (readonly [title: string, sql: string])[] = [
  [
    'the name of a constraint',
    `CREATE TABLE t (id bigint PRIMARY KEY, name text, CONSTRAINT "${evil}" CHECK (id < 2))`,
  ],
  [
    'the words of a trigger, as notice and as error',
    `CREATE TABLE t (id bigint PRIMARY KEY, name text);
     CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE NOTICE '${evil}'; RAISE WARNING '${evil}'; RAISE EXCEPTION '${evil}' USING DETAIL = '${evil}', HINT = '${evil}'; END $$;
     CREATE TRIGGER "${evil}" BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION stop();
     ALTER TABLE t ENABLE ALWAYS TRIGGER "${evil}"`,
  ],
];

for (const [title, sql] of serverTexts) {
  test(`what the server says cannot drive the terminal: ${title}`, async () => {
    await withFolder((folder) =>
      withDatabase(async (url, client) => {
        await client.query(sql);
        const source = makeSqlite(
          folder,
          'CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (2, 1);',
        );
        const args = ['migrate', '--source', source, '--target', url, '--keep-constraints'];
        const { exitCode, stdout, stderr, json } = await runJson(args, { cwd: folder });
        assert.notEqual(exitCode, 0);
        assert.match(stderr, /evil/);
        checkHarmless(stdout + stderr, 'output');
        assert.equal(json.ok, false);
        for (const run of readdirSync(join(folder, '.db-migration-backups'))) {
          if (run === '.gitignore') continue;
          const log = readFileSync(join(folder, '.db-migration-backups', run, 'run.log'), 'utf8');
          assert.match(log, /evil/);
          checkHarmless(log, 'run.log');
        }
      }),
    );
  });
}

test('a note that repeats a warning of the server is made harmless too', async () => {
  const role = `t_${randomBytes(6).toString('hex')}`;
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      await client.query(`CREATE ROLE ${role}`);
      try {
        await client.query(`CREATE TABLE ${quote(evil)} (id bigint PRIMARY KEY)`);
        await client.query(
          `GRANT SELECT, INSERT, UPDATE ON ${quote(evil)} TO ${role}; CREATE SCHEMA pgferry AUTHORIZATION ${role}`,
        );
        const source = makeSqlite(
          folder,
          `CREATE TABLE ${quote(evil)} (id INTEGER PRIMARY KEY); INSERT INTO ${quote(evil)} VALUES (1);`,
        );
        const target = `${url}?options=-c%20role%3D${role}`;
        const { exitCode, stdout, stderr } = await runJson(['migrate', '--source', source, '--target', target], {
          cwd: folder,
        });
        assert.equal(exitCode, 0, stderr);
        assert.match(stderr, /statistics of evil .*permission denied to (analyze|vacuum)/);
        checkHarmless(stdout + stderr, 'output');
      } finally {
        await client.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
      }
    }),
  );
});
