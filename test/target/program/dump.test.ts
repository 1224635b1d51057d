import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { dumpTarget } from '../../../src/target/program/dump.js';
import { withDatabase } from '../../support/database.js';
import { withFolder } from '../../support/folder.js';

/** Lends a PATH on which only this pg_dump lies; null for none at all. */
async function withPath(folder: string, script: string | null, use: () => Promise<void>): Promise<void> {
  const kept = process.env['PATH'];
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  if (script !== null) {
    writeFileSync(join(bin, 'pg_dump'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, 'pg_dump'), 0o755);
  }
  process.env['PATH'] = bin;
  try {
    await use();
  } finally {
    process.env['PATH'] = kept;
  }
}

async function majorOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ n: number }>(`SELECT current_setting('server_version_num')::int / 10000 AS n`);
  return rows[0]?.n ?? 0;
}

test('the real pg_dump writes the schema, or the reason says that it is absent or too old', () =>
  withFolder((folder) =>
    withDatabase(async (url, client) => {
      await client.query(
        `CREATE SCHEMA "My *"; CREATE TABLE "My *".t AS SELECT 'canary row' AS a; CREATE TABLE out (a int)`,
      );
      const path = join(folder, 'postgres-precutover.sql');
      const address = { ...parseTargetUrl(url).address, schema: 'My *' };
      const result = await dumpTarget({ address, path });
      const version = spawnSync('pg_dump', ['--version'], { encoding: 'utf8' }).stdout ?? '';
      const major = Number(/(\d+)\./.exec(version)?.[1] ?? 0);
      if (major < (await majorOf(client))) {
        assert.equal(result.tag, 'absent');
        assert.match(
          result.tag === 'absent' ? result.reason : '',
          major === 0 ? /not on the PATH/ : /older than the server/,
        );
        assert.ok(!existsSync(path));
        return;
      }
      assert.deepEqual(result, { tag: 'dumped', bytes: statSync(path).size });
      assert.equal(statSync(path).mode & 0o777, 0o600);
      const text = readFileSync(path, 'utf8');
      assert.match(text, /CREATE TABLE "My \*"\.t[\s\S]*canary row/);
      assert.doesNotMatch(text, /CREATE TABLE public\.out/);
    }),
  ));

test('without pg_dump, with an old one and with a failing one the reason is said and no file stays', () =>
  withFolder((folder) =>
    withDatabase(async (url) => {
      const address = parseTargetUrl(url).address;
      const path = join(folder, 'dump.sql');
      const cases: readonly (readonly [string | null, RegExp])[] = [
        [null, /not on the PATH/],
        ['echo "pg_dump (PostgreSQL) 9.6.1"', /version 9, older than the server's \d+/],
        ['echo broken >&2; exit 3', /broken/],
        [
          'test "$1" = --version && { echo "pg_dump (PostgreSQL) 99.1"; exit; }; echo half > "$FILE"; echo no room >&2; exit 1',
          /no room/,
        ],
      ];
      for (const [script, reason] of cases) {
        await withPath(folder, script?.replace('$FILE', path) ?? null, async () => {
          const result = await dumpTarget({ address, path });
          assert.match(result.tag === 'absent' ? result.reason : 'it was dumped', reason);
        });
        assert.deepEqual(
          readdirSync(folder).filter((name) => name !== 'bin'),
          [],
        );
      }
    }),
  ));

test('the password is in the environment of pg_dump, never among its arguments', () =>
  withFolder((folder) =>
    withDatabase(async (url) => {
      const address = { ...parseTargetUrl(url).address };
      const password = address.password ?? 'canary-word';
      const path = join(folder, 'dump.sql');
      const kept = process.env['PGPASSWORD'];
      process.env['PGPASSWORD'] = 'of-the-operator';
      const script = `test "$1" = --version && { echo "pg_dump (PostgreSQL) 99.1"; exit; }
echo "$@" > '${folder}/arguments'; echo "$PGPASSWORD" > '${folder}/password'; echo whole > '${path}'`;
      try {
        await withPath(folder, script, async () => {
          const result = await dumpTarget({ address: { ...address, password }, path });
          assert.deepEqual(result, { tag: 'dumped', bytes: 6 });
        });
      } finally {
        if (kept === undefined) delete process.env['PGPASSWORD'];
        else process.env['PGPASSWORD'] = kept;
      }
      assert.equal(readFileSync(join(folder, 'password'), 'utf8').trim(), password);
      assert.ok(!readFileSync(join(folder, 'arguments'), 'utf8').includes(password));
    }),
  ));

test('a schema that is not there yet is a reason, and a file that is there is never overwritten', () =>
  withFolder((folder) =>
    withDatabase(async (url) => {
      const address = parseTargetUrl(url).address;
      const path = join(folder, 'dump.sql');
      await withPath(folder, 'echo "pg_dump (PostgreSQL) 99.1"', async () => {
        const result = await dumpTarget({ address: { ...address, schema: 'nowhere' }, path });
        assert.deepEqual(result, { tag: 'nothing' });
        writeFileSync(path, 'precious');
        await assert.rejects(dumpTarget({ address, path }), { code: 'usage.dump_file' });
        const absent = join(dirname(path), 'absent', 'dump.sql');
        await assert.rejects(dumpTarget({ address, path: absent }), { code: 'usage.dump_file' });
      });
      assert.equal(readFileSync(path, 'utf8'), 'precious');
    }),
  ));

test('where the pg_dump on the PATH is too old, the oldest that fits among the packaged ones is taken', () =>
  withFolder((folder) =>
    withDatabase(async (url, client) => {
      const address = parseTargetUrl(url).address;
      const major = await majorOf(client);
      const path = join(folder, 'dump.sql');
      const packages = join(folder, 'packages');
      for (const version of [9, major - 1, major + 2, major + 1, 'not-a-version']) {
        const bin = join(packages, String(version), 'bin');
        mkdirSync(bin, { recursive: true });
        const script = `test "$1" = --version && { echo "pg_dump (PostgreSQL) ${version}.1"; exit; }; echo ${version} > '${path}'`;
        writeFileSync(join(bin, 'pg_dump'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      }
      await withPath(folder, 'echo "pg_dump (PostgreSQL) 9.6.1"', async () => {
        const result = await dumpTarget({ address, path, packageFolders: [packages] });
        assert.equal(result.tag, 'dumped');
      });
      assert.equal(readFileSync(path, 'utf8'), `${major + 1}\n`);
    }),
  ));
