import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { makeSampleDatabase } from '../../prisma/sample.js';
import type { AcceptResult } from '../../src/model/shadow.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { root } from '../support/page.js';

const run = promisify(execFile);
const sqlFolder = join(root, 'prisma/postgres');

async function accept(args: readonly string[], folder: string) {
  const ended = await runJson(['accept', ...args], { cwd: folder });
  return { ...ended, json: ended.json as unknown as AcceptResult & { readonly error?: { readonly code: string } } };
}

/** Runs the audit of an acceptance as a stranger would: nothing but the script, the standard programs and a url. */
async function audit(runDir: string, url: string, ...args: readonly string[]) {
  const env = { PATH: process.env['PATH'] ?? '', PG_URL: url };
  return await run('sh', [join(runDir, 'audit.sh'), ...args], { env, cwd: '/' }).then(
    ({ stdout }) => ({ exitCode: 0, stdout }),
    ({ code, stdout }) => ({ exitCode: code as number, stdout: stdout as string }),
  );
}

test('1. the sample application is accepted: values, keys, schema and its seven reads are equal, and the audit says so', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = join(folder, 'app.db');
      makeSampleDatabase(source);
      const at = ['--source', source, '--target', url];
      const migrated = await runJson(['migrate', ...at, '--sql-dir', sqlFolder], { cwd: folder });
      assert.equal(migrated.exitCode, 0, migrated.stderr);
      const { exitCode, json, stderr } = await accept(at, folder);
      assert.equal(exitCode, 0, stderr);
      assert.equal(json.ok, true);
      assert.equal(json.runId, migrated.json.runId);
      assert.equal(json.keysets.length, 14);
      for (const { table, sha256, columns } of json.keysets) {
        assert.match(sha256.source, /^[0-9a-f]{64}$/, table);
        assert.equal(sha256.target, sha256.source, table);
        assert.ok(columns.length > 0, table);
      }
      assert.equal(json.reads.length, 7);
      assert.ok(json.reads.every(({ rows, ms }) => rows.source > 0 && rows.source === rows.target && ms.target > 0));
      const runDir = json.runDir ?? '';
      assert.equal(statSync(runDir).mode & 0o777, 0o700);
      for (const name of readdirSync(runDir)) assert.equal(statSync(join(runDir, name)).mode & 0o777, 0o600, name);
      // The source has not changed since the run: its snapshot is the very same, and no second one is kept.
      assert.equal(existsSync(join(runDir, 'sqlite-acceptance.db')), false);
      assert.equal(json.snapshot?.path, migrated.json.snapshot?.path);
      await run('sha256sum', ['-c', 'manifest.sha256'], { cwd: runDir });
      const password = new URL(url).password;
      for (const name of readdirSync(runDir)) assert.ok(!readFileSync(join(runDir, name), 'utf8').includes(password));

      const audited = await audit(runDir, `${url}?schema=public&connection_limit=5`);
      assert.equal(audited.exitCode, 0, audited.stdout);
      assert.equal(audited.stdout.match(/^equal {4}/gm)?.length, 15);
      await client.query(`UPDATE public."Host" SET id = id || 'x' WHERE id = (SELECT min(id) FROM public."Host")`);
      const differs = await audit(runDir, url);
      assert.equal(differs.exitCode, 1);
      assert.match(differs.stdout, /^DIFFERS {2}Host: the keys of the target/m);
    }),
  );
});

test('2. an own snapshot is kept where the source has changed since the run', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(
        folder,
        'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 2);',
      );
      const at = ['--source', source, '--target', url];
      const migrated = await runJson(['migrate', ...at, '--from-source'], { cwd: folder });
      assert.equal(migrated.exitCode, 0, migrated.stderr);
      makeSqlite(folder, `INSERT INTO t VALUES (2, 'x')`);
      const lost = await accept(at, folder);
      assert.equal(lost.exitCode, 1, lost.stderr);
      assert.deepEqual(
        lost.json.differences.map(({ table, key, kind }) => ({ table, key, kind })),
        [{ table: 't', key: 'id=2', kind: 'missing' }],
      );
      await client.query(`INSERT INTO public.t (a) VALUES ('x')`);
      const { exitCode, json, stderr } = await accept(at, folder);
      assert.equal(exitCode, 0, stderr);
      const runDir = json.runDir ?? '';
      assert.equal(json.snapshot?.path, join(runDir, 'sqlite-acceptance.db'));
      const audited = await audit(runDir, url);
      assert.equal(audited.exitCode, 0, audited.stdout);
    }),
  );
});

test('3. it is refused while a run is unfinished, and where its folder is in use; nothing is left behind', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(folder, 'CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);');
      const at = ['--source', source, '--target', url];
      await runJson(['migrate', ...at, '--from-source'], { cwd: folder });
      writeFileSync(join(folder, 'note'), 'mine');
      const used = await accept([...at, '--acceptance-run-dir', folder], folder);
      assert.equal(used.exitCode, 2);
      assert.equal(used.json.error?.code, 'usage.run_folder_used');
      for (const state of ['copying', 'finishing', 'failed']) {
        await client.query('UPDATE pgferry.run SET state = $1', [state]);
        const refused = await accept(at, folder);
        assert.equal(refused.exitCode, 22, state);
        assert.equal(refused.json.error?.code, 'target.run_unfinished');
      }
      assert.equal(existsSync(join(folder, '.db-cutover-acceptance')), false);
    }),
  );
});

test('4. rows in quarantine are shown, and neither they nor converted ones stand in the way of an acceptance', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(
        folder,
        `CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT); INSERT INTO t VALUES ('abcd', 1), ('x', CAST(x'610062' AS TEXT)), ('y', 3);
         CREATE TABLE u (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO u VALUES (1, 'one'), (2, 'two');`,
      );
      await client.query(
        'CREATE TABLE t (a varchar(3) PRIMARY KEY, b text); CREATE TABLE u (id int PRIMARY KEY, v text)',
      );
      const config = join(folder, 'config.json');
      writeFileSync(config, '{ "policies": { "too_long": "quarantine", "nul_byte": { "convert": "strip" } } }');
      const at = ['--source', source, '--target', url, '--config', config];
      const migrated = await runJson(['migrate', ...at], { cwd: folder });
      assert.equal(migrated.exitCode, 0, migrated.stderr);
      const { exitCode, json, stderr } = await accept(at, folder);
      assert.equal(exitCode, 0, stderr);
      const [t] = json.tables.filter(({ table }) => table === 't');
      assert.deepEqual([t?.sourceRows, t?.quarantinedRows, t?.targetRows], [3, 1, 2]);
      const hashed = json.keysets.map(({ table, isKept, sha256 }) => [table, isKept, sha256.source === sha256.target]);
      assert.deepEqual(hashed.sort(), [
        ['t', true, false],
        ['u', false, true],
      ]);
      assert.deepEqual([...new Set(json.reads.map(({ table }) => table))], ['u']);
      const codes = json.findings.map(({ code }) => code);
      assert.ok(codes.includes('data.quarantined') && codes.includes('shadow.kept'), codes.join());
      const runDir = json.runDir ?? '';
      assert.match(readFileSync(join(runDir, 'report.html'), 'utf8'), /1 row in quarantine/);
      const audited = await audit(runDir, url);
      assert.equal(audited.exitCode, 0, audited.stdout);
      await client.query(`DELETE FROM t WHERE a = 'y'`);
      const lost = await accept(at, folder);
      assert.equal(lost.exitCode, 1, lost.stderr);
      assert.deepEqual(
        lost.json.differences.map(({ key, kind }) => ({ key, kind })),
        [{ key: `a='y'`, kind: 'missing' }],
      );
    }),
  );
});
