import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSampleDatabase } from '../../prisma/sample.js';
import type pg from 'pg';
import { type JsonResult, runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { lendToFile } from '../support/lend.js';

const sqlFolder = new URL('../../../prisma/postgres', import.meta.url).pathname;

/** The sample application, migrated once for the tests that only look at the outcome. */
const migrated = lendToFile<{
  source: string;
  tables: Readonly<Record<string, number>>;
  client: pg.Client;
  json: JsonResult;
}>((use) =>
  withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = join(folder, 'app.db');
      const { tables } = makeSampleDatabase(source);
      const args = ['migrate', '--source', source, '--target', url, '--sql-dir', sqlFolder];
      const { exitCode, json, stderr } = await runJson(args, { cwd: folder });
      assert.equal(exitCode, 0, stderr);
      await use({ source, tables, client, json });
    }),
  ),
);

test('1. migrate moves the sample application whole: fourteen tables, every count, keyset and fingerprint equal', async () => {
  const { tables, client, json } = migrated();
  assert.equal(json.ok, true);
  assert.equal(json.tables.length, 14);
  for (const table of json.tables) {
    assert.equal(table.sourceRows, tables[table.table]);
    assert.equal(table.copiedRows, table.sourceRows);
    assert.equal(table.targetRows, table.sourceRows);
    assert.equal(table.keyset.source, table.keyset.target);
    assert.equal(table.ok, true);
    const { rows } = await client.query(`SELECT count(*)::int AS n FROM public."${table.table}"`);
    assert.equal(rows[0].n, table.sourceRows);
  }
  const nonZero = json.tables.filter((table) => table.keyset.source !== '0000000000000000');
  assert.equal(nonZero.length, 14);
});

test('2. after a migration verify finds both sides identical, and names one planted difference', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = join(folder, 'app.db');
      makeSampleDatabase(source);
      const at = ['--source', source, '--target', url];
      const migrated = await runJson(['migrate', ...at, '--sql-dir', sqlFolder], { cwd: folder });
      assert.equal(migrated.exitCode, 0, migrated.stderr);
      const same = await runJson(['verify', ...at], { cwd: folder });
      assert.equal(same.exitCode, 0, same.stderr);
      const { rows } = await client.query('SELECT id FROM public."Host" ORDER BY id LIMIT 1');
      const id = rows[0].id;
      await client.query(`UPDATE public."Host" SET name = name || ' ' WHERE id = $1`, [id]);
      const differs = await runJson(['verify', ...at], { cwd: folder });
      assert.equal(differs.exitCode, 1, differs.stderr);
      assert.equal(differs.json.ok, false);
      assert.equal(differs.json.differences.length, 1);
      const [difference] = differs.json.differences;
      assert.equal(difference?.table, 'Host');
      assert.equal(difference?.column, 'name');
      assert.match(difference?.key ?? '', new RegExp(id));
      assert.equal(difference?.target, `${difference?.source?.slice(0, -1)} '`);
    }),
  );
});

test('3. the run folder holds snapshot, plan, results and a manifest that fits, for the owner alone', async () => {
  const { json } = migrated();
  const runDir = json.runDir ?? '';
  assert.equal(statSync(runDir).mode & 0o777, 0o700);
  const names = readdirSync(runDir);
  for (const name of [
    'sqlite-precutover.db',
    'plan.json',
    'result.json',
    'tables.tsv',
    'columns.tsv',
    'run.log',
    'manifest.sha256',
  ]) {
    assert.ok(names.includes(name), `${name} is in ${names.join(', ')}`);
    assert.equal(statSync(join(runDir, name)).mode & 0o077, 0, name);
  }
  const lines = readFileSync(join(runDir, 'manifest.sha256'), 'utf8').trim().split('\n');
  assert.ok(lines.length >= 6);
  for (const line of lines) {
    const [hash, name] = line.split('  ');
    const actual = createHash('sha256')
      .update(readFileSync(join(runDir, name ?? '')))
      .digest('hex');
    assert.equal(hash, actual, name);
  }
  assert.equal(
    json.snapshot?.sha256,
    createHash('sha256')
      .update(readFileSync(join(runDir, 'sqlite-precutover.db')))
      .digest('hex'),
  );
});

test('4. indexes, keys and foreign keys are the same after the run as the SQL made them', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const definitions = `
        SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated AS d
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`;
      await client.query(readFileSync(join(sqlFolder, '0001_init.sql'), 'utf8'));
      const before = (await client.query(definitions)).rows;
      assert.ok(before.length > 60);
      const source = join(folder, 'app.db');
      makeSampleDatabase(source);
      const { exitCode, stderr } = await runJson(['migrate', '--source', source, '--target', url], { cwd: folder });
      assert.equal(exitCode, 0, stderr);
      assert.deepEqual((await client.query(definitions)).rows, before);
    }),
  );
});

for (const flags of [
  ['--format', 'text'],
  ['--keep-constraints'],
  ['--reader', 'rows'],
  ['--reader', 'pages'],
  ['--workers', '1', '--chunk-bytes', '64k', '--block-bytes', '4k'],
]) {
  test(`5. the same fingerprints come out with ${flags.join(' ')}`, async () => {
    await withFolder((folder) =>
      withDatabase(async (url) => {
        const { source, json: plain } = migrated();
        const args = ['migrate', '--source', source, '--sql-dir', sqlFolder, '--target', url, ...flags];
        const { exitCode, json, stderr } = await runJson(args, { cwd: folder });
        assert.equal(exitCode, 0, stderr);
        const byName = ({ tables }: JsonResult) => [...tables].sort((a, b) => (a.table < b.table ? -1 : 1));
        assert.deepEqual(byName(json), byName(plain));
      }),
    );
  });
}

test('6. a second migrate replaces what the first one loaded, but refuses when somebody changed a row since', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(
        folder,
        `CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b');`,
      );
      const args = ['migrate', '--source', source, '--target', url];
      assert.equal((await runJson(args, { cwd: folder })).exitCode, 0);
      const again = await runJson(args, { cwd: folder });
      assert.equal(again.exitCode, 0, again.stderr);
      assert.equal(again.json.tables[0]?.targetRows, 2);
      await client.query(`UPDATE public.t SET name = 'c' WHERE id = 2`);
      const refused = await runJson(args, { cwd: folder });
      assert.equal(refused.exitCode, 20);
      assert.match(refused.stderr, /TRUNCATE_TARGET/);
      assert.equal((await client.query('SELECT name FROM public.t WHERE id = 2')).rows[0].name, 'c');
      const forced = await runJson(args, { cwd: folder, env: { TRUNCATE_TARGET: '1' } });
      assert.equal(forced.exitCode, 0, forced.stderr);
      assert.equal((await client.query('SELECT name FROM public.t WHERE id = 2')).rows[0].name, 'b');
    }),
  );
});

test('7. the sequence of an AUTOINCREMENT key goes on above everything that SQLite ever handed out', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(
        folder,
        `CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT); INSERT INTO t VALUES (5, 'a'), (90, 'b'); DELETE FROM t WHERE id = 90;`,
      );
      const { exitCode, stderr } = await runJson(['migrate', '--source', source, '--target', url], { cwd: folder });
      assert.equal(exitCode, 0, stderr);
      const { rows } = await client.query(`INSERT INTO public.t (name) VALUES ('c') RETURNING id`);
      assert.equal(rows[0].id, '91');
    }),
  );
});

test('8. plan shows layers, types and reasons, writes nothing, and draws its graph', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = join(folder, 'app.db');
      makeSampleDatabase(source);
      const args = ['plan', '--source', source, '--target', url, '--sql-dir', sqlFolder];
      const text = await runCommand(args, { cwd: folder });
      assert.equal(text.exitCode, 0, text.stderr);
      assert.match(text.stdout, /layer 1/);
      assert.match(text.stdout, /timestamp\(3\)/);
      const graph = await runCommand([...args, '--graph'], { cwd: folder });
      assert.match(graph.stdout, /flowchart|graph/);
      const { rows } = await client.query(
        `SELECT count(*)::int AS n FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN ('public', 'pgferry')`,
      );
      assert.equal(rows[0].n, 0);
      assert.deepEqual(readdirSync(join(folder, '.db-migration-backups')), ['.gitignore']);
    }),
  );
});

test('9. status tells the state of the last run', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const source = makeSqlite(folder, 'CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);');
      const none = await runCommand(['status', '--target', url], { cwd: folder });
      assert.match(none.stdout, /no run/);
      await runJson(['migrate', '--source', source, '--target', url], { cwd: folder });
      const status = await runJson(['status', '--target', url], { cwd: folder });
      assert.equal((status.json as unknown as { run: { state: string } }).run.state, 'complete');
    }),
  );
});

test('10. init makes the schema and leaves a second call nothing to do', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = join(folder, 'app.db');
      makeSampleDatabase(source);
      const args = ['init', '--source', source, '--target', url, '--sql-dir', sqlFolder];
      const made = await runCommand(args, { cwd: folder });
      assert.equal(made.exitCode, 0, made.stderr);
      assert.match(made.stdout, /0001_init\.sql/);
      const { rows } = await client.query(`SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'`);
      assert.equal(rows[0].n, 14);
      const again = await runCommand(args, { cwd: folder });
      assert.equal(again.exitCode, 0);
      assert.match(again.stdout, /already/);
    }),
  );
});

test('11. --quiet leaves stderr empty and --json gives exactly one line on stdout', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const source = makeSqlite(folder, 'CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);');
      const { stdout, stderr } = await runCommand(
        ['migrate', '--source', source, '--target', url, '--quiet', '--json'],
        { cwd: folder },
      );
      assert.equal(stderr, '');
      assert.equal(stdout.trim().split('\n').length, 1);
      assert.equal(existsSync(join(folder, '.pgferry')), false);
    }),
  );
});

test('12. .sql files that nobody named and that make none of the source’s tables are left alone, and the schema is translated', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(folder, 'CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);');
      cpSync(sqlFolder, join(folder, 'prisma/postgres'), { recursive: true });
      const { exitCode, stderr, json } = await runJson(['migrate', '--source', source, '--target', url], {
        cwd: folder,
      });
      assert.equal(exitCode, 0, stderr);
      assert.equal(json.tables[0]?.targetRows, 1);
      const { rows } = await client.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
      assert.deepEqual(rows, [{ tablename: 't' }]);
      const { rows: types } = await client.query(
        `SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'`,
      );
      assert.deepEqual(types, []);
    }),
  );
});
