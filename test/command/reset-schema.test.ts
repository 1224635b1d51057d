import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { Database } from '../../src/source/sqlite.js';
import { cli, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { envAfter, envBefore, makeSmallApp } from '../support/journey.js';

const sourceSql = `CREATE TABLE "Item" (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO "Item" VALUES (1, 'a');
  CREATE VIEW names AS SELECT name FROM "Item";`;

test('a reset drops nothing that the source does not know, unless it is named; what went is recorded', async () => {
  await withDatabase(async (url, client) => {
    await withFolder(async (folder) => {
      const args = ['migrate', '--source', makeSqlite(folder, sourceSql), '--target', url, '--reset-schema', '--yes'];
      await client.query(`CREATE TABLE "Item" (id int); INSERT INTO "Item" VALUES (7); CREATE VIEW names AS SELECT 1;
        CREATE TABLE invoices (id int); INSERT INTO invoices VALUES (1);
        CREATE SCHEMA other; CREATE VIEW other.look AS SELECT * FROM "Item"`);
      const refused = await runJson(args, { cwd: folder });
      assert.equal(refused.json.error?.code, 'plan.reset_others');
      assert.match(refused.stderr, /2 things .*: view other\.look, table invoices; nothing was dropped/);
      assert.match(refused.stderr, /--reset-also 'other\.look,invoices'/);
      assert.deepEqual((await client.query('SELECT id FROM invoices')).rows, [{ id: 1 }]);
      const one = await runJson([...args, '--reset-also', 'invoices'], { cwd: folder });
      assert.match(one.stderr, /1 thing .*: view other\.look; nothing was dropped/);
      const done = await runJson([...args, '--reset-also', 'other.look,invoices'], { cwd: folder });
      assert.equal(done.exitCode, 0, done.stderr);
      const wanted = 'dropped with schema public: view other.look, table Item, table invoices, view names';
      assert.ok(done.json.findings.some(({ code, message }) => code === 'plan.schema_reset' && message === wanted));
      const plan = readFileSync(join(done.json.runDir ?? '', 'plan.json'), 'utf8');
      assert.ok(plan.includes(wanted));
      const { rows } = await client.query('SELECT id::int, name FROM "Item"');
      assert.deepEqual(rows, [{ id: 1, name: 'a' }]);
    });
  });
});

test('a reset may drop what the .sql files make again', async () => {
  await withDatabase(async (url, client) => {
    await withFolder(async (folder) => {
      writeFileSync(
        join(folder, '1.sql'),
        `CREATE TYPE mood AS ENUM ('sad'); create extension if not exists "uuid-ossp";
         CREATE TABLE "Item" (id bigint PRIMARY KEY, name text); CREATE TABLE IF NOT EXISTS public.Audit (id int);
         CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
      );
      const args = ['migrate', '--source', makeSqlite(folder, sourceSql), '--target', url, '--sql-dir', folder];
      const rest = ['--reset-schema', '--yes', '--waive', 'view:names'];
      for (const _ of ['first', 'again']) {
        const { exitCode, stderr } = await runJson([...args, ...rest], { cwd: folder });
        assert.equal(exitCode, 0, stderr);
      }
      await client.query('CREATE TABLE public.guests (id int)');
      const { stderr } = await runJson([...args, ...rest], { cwd: folder });
      assert.match(stderr, /1 thing .*: table guests; nothing was dropped/);
    });
  });
});

const hasScript = spawnSync('script', ['--version']).status === 0;

/** Runs the command on a pseudo-terminal and types an answer once it asks; gives what the terminal showed. */
async function answerOnTerminal(
  args: readonly string[],
  folder: string,
  answer: string,
  { env = {}, whenAsked = () => {} }: { env?: Readonly<Record<string, string>>; whenAsked?: () => void } = {},
) {
  const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  const line = [process.execPath, cli, ...args].map(quote).join(' ');
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const hadAsked = shown.includes('[y/N]');
    shown += text;
    if (hadAsked || !shown.includes('[y/N]')) return;
    whenAsked();
    child.stdin.write(answer);
  });
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { exitCode, shown };
}

test('a terminal shows what a reset drops, others first, and asks before anything is read; elsewhere --yes is needed', {
  skip: hasScript ? false : 'there is no script on this machine',
}, async () => {
  await withDatabase(async (url, client) => {
    await withFolder(async (folder) => {
      const at = ['--source', makeSqlite(folder, sourceSql), '--target', url];
      const migrate = ['migrate', ...at, '--reset-schema', '--reset-also', 'invoices'];
      // An empty schema loses nothing.
      const first = await runJson(migrate, { cwd: folder });
      assert.equal(first.exitCode, 0, first.stderr);
      await client.query('CREATE TABLE invoices (id int)');
      const exists = async () => (await client.query("SELECT to_regclass('invoices') IS NOT NULL AS yes")).rows[0].yes;

      for (const command of [migrate, ['init', ...migrate.slice(1)]]) {
        const alone = await runJson(command, { cwd: folder });
        assert.equal(alone.json.error?.code, 'plan.reset_not_agreed');
        assert.match(alone.stderr, /would drop 3 things of schema public: table invoices, view names, table Item;/);
        assert.match(alone.stderr, /--yes/);
        for (const answer of ['n\r', '\r', '\x04', '\x03']) {
          const { exitCode, shown } = await answerOnTerminal(command, folder, answer);
          assert.match(
            shown,
            /No run .* drops them:\s+table invoices\s+view names\s+An earlier run .*\s+table Item\s+Drop 3 things/,
          );
          assert.equal(exitCode, answer === '\x03' ? 130 : 20, shown);
          assert.doesNotMatch(shown, /snapshot/, 'nothing was read yet');
        }
        assert.equal(await exists(), true);
      }

      const yes = await answerOnTerminal(migrate, folder, 'y\r');
      assert.equal(yes.exitCode, 0, yes.shown);
      assert.equal(await exists(), false);
    });
  });
});

test('a cutover on a terminal asks before writers wait: no leaves both worlds as they were, yes switches', {
  skip: hasScript ? false : 'there is no script on this machine',
}, async () => {
  await withDatabase(async (url, client) => {
    await withFolder(async (folder) => {
      const app = makeSmallApp(folder, url, { CUTOVER_CONFIRM: confirmation });
      await client.query('CREATE TABLE invoices (id int)');
      let id = 10;
      const whenAsked = () => {
        const db = new Database(app.source, { timeout: 0 });
        db.prepare("INSERT INTO parent VALUES (?, 'written while it asks')").run(id++);
        db.close();
      };
      const command = ['cutover', '--reset-schema', '--reset-also', 'invoices'];
      const no = await answerOnTerminal(command, folder, 'n\r', { env: app.env, whenAsked });
      assert.match(no.shown, /table invoices\s+Drop 1 thing of schema public\? \[y\/N\]/);
      assert.equal(no.exitCode, 24, no.shown);
      assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
      assert.equal((await client.query("SELECT to_regclass('invoices') IS NOT NULL AS yes")).rows[0].yes, true);
      const yes = await answerOnTerminal(command, folder, 'y\r', { env: app.env, whenAsked });
      assert.equal(yes.exitCode, 0, yes.shown);
      assert.equal(readFileSync(app.envPath, 'utf8'), envAfter);
      const { rows } = await client.query('SELECT id::int FROM parent WHERE id >= 10 ORDER BY id');
      assert.deepEqual(rows, [{ id: 10 }, { id: 11 }]);
    });
  });
});
