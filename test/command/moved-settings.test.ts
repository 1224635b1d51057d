import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { Database } from '../../src/source/sqlite.js';
import { runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

/* What a move was configured with is in the ledger: its later commands go by it, whatever became of the config file. */

const config = {
  targetZone: 'Europe/Berlin',
  exclude: ['scratch'],
  tableRules: { ev: { target: 'events' } },
  shadowReads: [
    { name: 'how many', sql: { source: 'SELECT count(*) AS n FROM ev', target: 'SELECT count(*) AS n FROM events' } },
  ],
  hooks: { 'before-rollback': ['curl -H "Authorization: Bearer abcdefgh12345678" http://127.0.0.1/'] },
};

interface Move {
  readonly sides: readonly string[];
  readonly source: string;
  readonly cwd: string;
  readonly client: pg.Client;
  readonly migrated: string;
}

/** Moved with a config file that is gone. */
async function withMove(use: (move: Move) => Promise<void>): Promise<void> {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query('CREATE TABLE events (id int PRIMARY KEY, at timestamp)');
      const source = makeSqlite(
        folder,
        `CREATE TABLE ev (id INTEGER PRIMARY KEY, at datetime);
         INSERT INTO ev VALUES (1, 1719828000000), (2, 1704103200500);
         CREATE TABLE scratch (id INTEGER PRIMARY KEY); INSERT INTO scratch VALUES (1);`,
      );
      const path = join(folder, 'config.json');
      writeFileSync(path, JSON.stringify(config));
      const sides = ['--source', source, '--target', url];
      const args = ['migrate', ...sides, '--config', path];
      const migrated = await runJson(args, { cwd: folder });
      assert.equal(migrated.exitCode, 0, migrated.stderr);
      rmSync(path);
      await use({ sides, source, cwd: folder, client, migrated: migrated.stderr });
    }),
  );
}

test('verify, shadow, accept, follow and repair go by what the move was configured with, and say so', async () => {
  await withMove(async ({ sides, source, cwd, client }) => {
    for (const command of ['verify', 'shadow', 'accept']) {
      const { exitCode, stderr, json } = await runJson([command, ...sides], { cwd });
      assert.equal(exitCode, 0, `${command} ${stderr}`);
      assert.match(stderr, /as run \w+ was configured: .*targetZone.*exclude.*tableRules/, command);
      if (command === 'shadow') assert.ok(JSON.stringify(json).includes('how many'));
    }
    const db = new Database(source);
    db.exec('INSERT INTO ev VALUES (3, 1720000000000)');
    db.close();
    assert.equal((await runJson(['follow', ...sides], { cwd })).exitCode, 0);
    await client.query(`UPDATE events SET at = at + interval '1 hour' WHERE id = 3`);
    assert.equal((await runJson(['verify', ...sides], { cwd })).exitCode, 1);
    assert.equal((await runJson(['repair', ...sides], { cwd })).exitCode, 0);
    assert.equal((await runJson(['verify', ...sides], { cwd })).exitCode, 0);
    const status = await runCommand(['status', ...sides], { cwd });
    assert.match(status.stdout, /configured targetZone, exclude, tableRules, shadowReads\n/);
    assert.match(status.stdout, /verify .*equal/i);
    const released = await runJson(['release', ...sides], { cwd });
    assert.equal(released.json.error?.code, 'cutover.not_closed');
  });
});

test('what a later command is told otherwise counts, and is told', async () => {
  await withMove(async ({ sides, cwd }) => {
    const other = await runJson(['verify', ...sides, '--target-zone', 'UTC'], { cwd });
    assert.equal(other.exitCode, 1, 'the moments differ where the clocks are said to be others');
    assert.match(other.stderr, /told otherwise than run \w+ was: targetZone/);
    const path = join(cwd, 'other.json');
    writeFileSync(path, JSON.stringify({ tableRules: { ev: { target: 'elsewhere' } } }));
    const followed = await runJson(['follow', ...sides, '--config', path], { cwd });
    assert.equal(followed.exitCode, 0, followed.stderr);
    assert.match(followed.stderr, /goes by the plan of run \w+; .* only in a new run: tableRules/);
    const some = await runJson(['verify', ...sides, '--tables', 'ev'], { cwd });
    assert.equal(some.exitCode, 0, some.stderr);
  });
});

test('what seems to hold a secret is not kept, and that is said', async () => {
  await withMove(async ({ client, migrated }) => {
    assert.match(migrated, /hooks: not kept for later commands/);
    const { rows } = await client.query<{ run: string }>('SELECT run::text FROM pgferry.run');
    assert.match(rows[0]?.run ?? '', /tableRules/);
    assert.ok(!rows[0]?.run.includes('abcdefgh12345678'));
  });
});

test('another source than that of the run is compared as the command line says alone', async () => {
  await withMove(async ({ sides, cwd }) => {
    const [, , ...target] = sides;
    const other = makeSqlite(cwd, 'CREATE TABLE ev (id INTEGER PRIMARY KEY, at datetime);', 'other.db');
    const { stderr } = await runJson(['verify', '--source', other, ...target], { cwd });
    assert.doesNotMatch(stderr, /was configured/);
  });
});
