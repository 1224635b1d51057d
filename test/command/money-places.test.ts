import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { runCommand, runJson } from '../support/command.js';
import { type CrashCluster, withCrashCluster } from '../support/crash-cluster.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { withDatabase } from '../support/database.js';

/*
 * What the server's own settings make of texts that it reads itself: the point of money, and how many digits it has, come
 * from lc_monetary, and NULL in arrays from array_nulls.
 */

const places = ['de_DE', 'ja_JP', 'is_IS'];

/** Makes the locales of these places; false where the machine cannot. */
function makeLocales(folder: string): boolean {
  mkdirSync(folder, { mode: 0o755 });
  return places.every((name) => {
    spawnSync('localedef', ['-i', name, '-f', 'UTF-8', join(folder, `${name}.UTF-8`)]);
    return (
      spawnSync('locale', ['-k', 'mon_decimal_point'], {
        env: { ...process.env, LOCPATH: folder, LC_ALL: `${name}.UTF-8` },
        encoding: 'utf8',
      }).stdout.includes('mon_decimal_point=","') || name === 'ja_JP'
    );
  });
}

/** A server that knows only the locales of the folder. */
async function withLocales(folder: string, use: (cluster: CrashCluster) => Promise<void>): Promise<void> {
  const { LOCPATH } = process.env;
  process.env['LOCPATH'] = folder;
  try {
    await withCrashCluster(use);
  } finally {
    if (LOCPATH === undefined) delete process.env['LOCPATH'];
    else process.env['LOCPATH'] = LOCPATH;
  }
}

async function amounts(client: pg.Client): Promise<unknown[]> {
  const { rows } = await client.query<{ v: string }>('SELECT v::numeric::text AS v FROM m ORDER BY id');
  return rows.map(({ v }) => v);
}

test('money arrives as the amount that the source has, whatever the place of the server', async (context) => {
  await withFolder(async (folder) => {
    const locales = join(folder, 'locales');
    if (!makeLocales(locales)) return void context.skip('no localedef, or no sources of its locales');
    const whole = makeSqlite(
      folder,
      `CREATE TABLE m (id INTEGER PRIMARY KEY, v); INSERT INTO m VALUES (1, 12), (2, '1200')`,
      'whole.db',
    );
    const parts = makeSqlite(
      folder,
      `CREATE TABLE m (id INTEGER PRIMARY KEY, v); INSERT INTO m VALUES (1, 12.5), (2, '1234.56'), (3, 7)`,
      'parts.db',
    );
    await withLocales(locales, async (cluster) => {
      const into = async (place: string, source: string, use: (client: pg.Client, args: string[]) => Promise<void>) =>
        await cluster.withClient(async (client) => {
          await client.query(`ALTER ROLE CURRENT_USER SET lc_monetary = '${place}.UTF-8'`);
          await client.query(`DROP SCHEMA IF EXISTS pgferry CASCADE; DROP TABLE IF EXISTS m;
            CREATE TABLE m (id bigint PRIMARY KEY, v money)`);
          await use(client, ['--source', source, '--target', cluster.url]);
        });

      await context.test('a comma for a point', () =>
        into('de_DE', parts, async (client, args) => {
          const { exitCode, stderr } = await runJson(['migrate', ...args], { cwd: folder });
          assert.equal(exitCode, 0, stderr);
          assert.deepEqual(await amounts(client), ['12.50', '1234.56', '7.00']);
          assert.equal((await runCommand(['verify', ...args], { cwd: folder })).exitCode, 0);
        }),
      );
      await context.test('no fractions', () =>
        into('ja_JP', parts, async (_, args) => {
          const { exitCode, json } = await runJson(['plan', ...args], { cwd: folder });
          assert.equal(exitCode, 20);
          assert.deepEqual(
            json.findings.filter(({ severity }) => severity === 'error').map(({ code }) => code),
            ['data.precision_loss'],
          );
        }),
      );
      await context.test('no fractions, and whole amounts', () =>
        into('ja_JP', whole, async (client, args) => {
          const { exitCode, stderr } = await runJson(['migrate', ...args], { cwd: folder });
          assert.equal(exitCode, 0, stderr);
          assert.deepEqual(await amounts(client), ['12', '1200']);
        }),
      );
      await context.test('no fractions, and a point between thousands', () =>
        into('is_IS', whole, async (_, args) => {
          const { exitCode, json } = await runJson(['plan', ...args], { cwd: folder });
          assert.equal(exitCode, 20);
          assert.match(JSON.stringify(json.findings), /lc_monetary, where a point does not begin the fraction/);
        }),
      );
    });
  });
});

test('NULL in an array stays NULL where the role has switched array_nulls off', () =>
  withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query(`CREATE TABLE t (id bigint PRIMARY KEY, v text[]);
        ALTER DATABASE ${new URL(url).pathname.slice(1)} SET array_nulls = off`);
      const source = makeSqlite(
        folder,
        `CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, '{a,NULL}'), (2, '[null,"NULL"]')`,
      );
      const { exitCode, stderr } = await runJson(['migrate', '--source', source, '--target', url], { cwd: folder });
      assert.equal(exitCode, 0, stderr);
      const { rows } = await client.query('SELECT v FROM t ORDER BY id');
      assert.deepEqual(rows, [{ v: ['a', null] }, { v: [null, 'NULL'] }]);
    }),
  ));
