import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Check, DoctorResult } from '../../src/model/doctor.js';
import { runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME); INSERT INTO t VALUES (1, 'yesterday');";

async function examine(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const ended = await runJson(['doctor', ...args], { cwd, env });
  const { checks } = ended.json as unknown as DoctorResult;
  const of = (name: string): Check => {
    const found = checks.find((check) => check.name === name);
    assert.ok(found !== undefined, `${name} is among ${checks.map((check) => check.name).join(', ')}`);
    return found;
  };
  return { ...ended, checks, of };
}

test('doctor finds all in order where it is, and leaves nothing behind', async () => {
  await withFolder((cwd) =>
    withDatabase(async (url, client) => {
      makeSqlite(cwd, sql);
      const { exitCode, checks, of, stdout } = await examine(cwd, ['app.db', url]);
      assert.equal(exitCode, 0, stdout);
      for (const name of ['node', 'sqlite', 'source', 'disk', 'time zone', 'target', 'server', 'rights', 'ledger'])
        assert.equal(of(name).state, 'ok', name);
      assert.ok(checks.every(({ state }) => state !== 'problem'));
      assert.equal((await client.query("SELECT 1 FROM pg_namespace WHERE nspname = 'pgferry'")).rowCount, 0);
      const page = await runCommand(['doctor', 'app.db', url], { cwd });
      assert.match(page.stdout, /✓ nothing is missing/);
      assert.match(page.stdout, /next: \S+ \S+ plan app\.db /);
    }),
  );
});

test('doctor goes on where one thing is amiss, names each with what to do, and ends with 20', async () => {
  await withFolder(async (cwd) => {
    const both = await examine(cwd, ['no.db', 'postgresql://app:c4nary@127.0.0.1:1/app']);
    assert.equal(both.exitCode, 20);
    assert.deepEqual([both.of('source').state, both.of('source').code], ['problem', 'source.missing']);
    assert.deepEqual([both.of('target').state, both.of('target').code], ['problem', 'target.unreachable']);
    assert.equal(both.of('rights').state, 'skipped');
    assert.ok(both.checks.every(({ state, hint }) => state !== 'problem' || hint !== ''));
    assert.doesNotMatch(both.stdout + both.stderr, /c4nary/);
  });
});

test('doctor sees that a role may make nothing, and that no pg_dump is there', async () => {
  await withFolder((cwd) =>
    withDatabase(async (url, client) => {
      makeSqlite(cwd, sql);
      const role = `poor_${process.pid}`;
      await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
      try {
        const poor = new URL(url);
        poor.username = role;
        poor.password = 'x';
        const { exitCode, of } = await examine(cwd, ['app.db', poor.href], { PATH: '/nowhere' });
        assert.equal(exitCode, 20);
        assert.equal(of('rights').code, 'plan.no_rights');
        assert.match(of('rights').hint, /^GRANT /);
        assert.equal(of('pg_dump').state, 'warning');
      } finally {
        await client.query(`DROP ROLE ${role}`);
      }
    }),
  );
});

test('init-config writes a commented file that plan takes, once, without the password', async () => {
  await withFolder((cwd) =>
    withDatabase(async (url) => {
      makeSqlite(cwd, sql);
      const password = new URL(url).password;
      const made = await runJson(['init-config', 'app.db', url], { cwd });
      assert.equal(made.exitCode, 0, made.stderr);
      const path = join(cwd, 'pgferry.config.json');
      const text = readFileSync(path, 'utf8');
      assert.match(text, /^ {2}"sourcePath": "app\.db",$/m);
      assert.match(text, /^ {2}\/\/ "workers": \d+,$/m);
      assert.match(text, /not_a_timestamp/);
      assert.ok(password === '' || !text.includes(`:${password}@`), text);
      const env = { PGPASSWORD: password };
      const refused = await runJson(['plan', '--config', 'pgferry.config.json'], { cwd, env });
      assert.equal(refused.exitCode, 20, 'what was open is open');
      assert.equal(refused.json.error, undefined, JSON.stringify(refused.json.error));
      const again = await runJson(['init-config', 'app.db', url], { cwd });
      assert.equal(again.json.error?.code, 'usage.write_config');
      assert.equal(readFileSync(path, 'utf8'), text);
      const other = await runJson(['init-config', 'app.db', url, '--write-config', 'other.json'], { cwd });
      assert.equal(other.exitCode, 0, other.stderr);
      assert.ok(existsSync(join(cwd, 'other.json')));
    }),
  );
});

test('doctor takes a dump and a pipe as the sources that they are', async () => {
  await withFolder((cwd) =>
    withDatabase(async (url) => {
      writeFileSync(join(cwd, 'app.sql'), `BEGIN;\n${sql}\nCOMMIT;\n`);
      const dump = await examine(cwd, ['app.sql', url]);
      assert.equal(dump.of('source').state, 'ok');
      assert.match(dump.stdout, /a dump or a compressed file/);
      const pipe = await examine(cwd, ['-', url]);
      assert.equal(pipe.of('source').state, 'skipped');
    }),
  );
});

/** Has the command find no better-sqlite3, or one whose native part was never made. */
const withoutNative: Readonly<Record<string, string>> = {
  'the package': `const { _resolveFilename } = Module;
    Module._resolveFilename = function (name, ...rest) {
      if (name === 'better-sqlite3') throw Object.assign(new Error('none'), { code: 'MODULE_NOT_FOUND' });
      return _resolveFilename.call(this, name, ...rest);
    };`,
  'its native part': "process.dlopen = () => { throw new Error('Could not locate the bindings file. Tried:\\n a'); };",
};

test('where SQLite cannot be read, help, completion, status and doctor work, and what needs it names the one command that mends it', async () => {
  await withFolder((cwd) =>
    withDatabase(async (url, client) => {
      makeSqlite(cwd, sql);
      for (const [missing, code] of Object.entries(withoutNative)) {
        const preload = join(cwd, 'missing.cjs');
        writeFileSync(preload, `const Module = require('node:module'); ${code}`);
        const env = { NODE_OPTIONS: `--require ${preload}` };
        const hint =
          missing === 'the package' ? /npm install .* better-sqlite3@[\d.]+$/ : /run it: npm .* run install$/;
        for (const args of [['--help'], ['completion', 'bash'], ['status', '--target', url]]) {
          const { exitCode, stderr } = await runCommand(args, { cwd, env });
          assert.deepEqual([exitCode, stderr], [0, ''], args.join(' '));
        }
        const { exitCode, of } = await examine(cwd, ['app.db', url], env);
        assert.deepEqual([exitCode, of('sqlite').code, of('source').state], [20, 'source.native_module', 'skipped']);
        assert.match(of('sqlite').hint, hint);
        assert.equal(of('target').state, 'ok');
        const refused = await runJson(['migrate', 'app.db', url], { cwd, env });
        assert.deepEqual([refused.exitCode, refused.json.error?.code], [21, 'source.native_module']);
        assert.match(refused.json.error?.hint ?? '', hint);
      }
      assert.equal((await client.query("SELECT 1 FROM pg_namespace WHERE nspname = 'pgferry'")).rowCount, 0);
    }),
  );
});
