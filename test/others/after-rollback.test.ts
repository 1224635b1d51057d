import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { must } from '../../src/model/error.js';
import { Database } from '../../src/source/sqlite.js';
import { runCommand, runJson, startCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, envAfter, makeSmallApp, runFor } from '../support/journey.js';
import { isStopped, untilWhile } from '../support/runs.js';

/* What the commands make of a target on which an application has lived, and of tables that are made while it is left. */

const boundaries = fileURLToPath(new URL('../campaign/boundaries.js', import.meta.url));

async function withApp(use: (app: App, client: pg.Client) => Promise<void>): Promise<void> {
  await withFolder((folder) => withDatabase((url, client) => use(makeSmallApp(folder, url), client)));
}

/** Cut over, written to on PostgreSQL, rolled back with that row, and written to on SQLite. */
async function withLeftTarget(use: (app: App, client: pg.Client) => Promise<void>): Promise<void> {
  await withApp(async (app, client) => {
    assert.equal((await runFor(app, 'cutover')).exitCode, 0);
    await client.query(`INSERT INTO child (parent, note) VALUES (1, 'on PostgreSQL')`);
    const back = await runFor(app, 'rollback');
    assert.equal(back.exitCode, 0, back.stderr);
    await use(app, client);
  });
}

function writeToSqlite({ source }: App): void {
  const db = new Database(source);
  db.exec(`INSERT INTO child VALUES (91, 1, 'on SQLite')`);
  db.close();
}

async function idsOf(client: pg.Client): Promise<number[]> {
  const { rows } = await client.query('SELECT id FROM child ORDER BY id');
  return rows.map(({ id }) => Number(id));
}

test('after a rollback both sides are the same for verify, which knows by what the tables are closed', async () => {
  await withLeftTarget(async (app) => {
    const { exitCode, stdout, stderr } = await runCommand(['verify'], { cwd: app.folder, env: app.env });
    assert.equal(exitCode, 0, stdout + stderr);
  });
});

test('after a rollback no round and no repair goes on from what the application lived on', async () => {
  await withLeftTarget(async (app, client) => {
    writeToSqlite(app);
    for (const command of ['follow', 'repair']) {
      const { exitCode, json } = await runJson([command], { cwd: app.folder, env: app.env });
      assert.deepEqual([exitCode, json.error?.code], [20, 'plan.no_base']);
    }
    assert.deepEqual(await idsOf(client), [1, 2, 3, 4]);
  });
});

test('a live cutover after a rollback loads anew, and has the rows of both', async () => {
  await withLeftTarget(async (app, client) => {
    writeToSqlite(app);
    const again = await runFor(app, 'cutover', { args: ['--live', '--downtime-max', '600s'] });
    assert.equal(again.exitCode, 0, again.stderr);
    assert.deepEqual(await idsOf(client), [1, 2, 3, 4, 91]);
  });
});

test('status names neither rounds nor repairs once an application was switched, nor after it went back', async () => {
  await withApp(async (app) => {
    for (const command of ['cutover', 'rollback'] as const) {
      assert.equal((await runFor(app, command)).exitCode, 0);
      const { stdout } = await runCommand(['status'], { cwd: app.folder, env: app.env });
      assert.match(stdout, /no round or repair goes on from it/);
      assert.doesNotMatch(stdout, /pgferry follow|pgferry repair|start\.js (follow|repair)/);
    }
  });
});

test('a table that is made while PostgreSQL is left is seen, and the application stays there', async () => {
  await withApp(async (app, client) => {
    assert.equal((await runFor(app, 'cutover')).exitCode, 0);
    const fault = { how: 'stop', at: 1, from: 'carried.restoring', side: 'before', isForever: false };
    const planted = JSON.stringify({ ...fault, counter: join(app.folder, 'points') });
    const env = { ...app.env, NODE_OPTIONS: `--import ${boundaries}`, PGFERRY_BOUNDARY: planted };
    const started = startCommand(['rollback'], { cwd: app.folder, env });
    await untilWhile(started, 'it stands still', () => isStopped(must(started.child.pid, 'pid')));
    await client.query('CREATE TABLE made AS SELECT 1 AS id');
    started.child.kill('SIGCONT');
    const { exitCode, stderr } = await started.ended;
    assert.equal(exitCode, 24, stderr);
    assert.match(stderr, /made \(0 rows then, 1 now\).*\[rollback\.target_writes\]/);
    assert.equal(readFileSync(app.envPath, 'utf8'), envAfter);
    const again = await runFor(app, 'rollback');
    assert.equal(again.json.error?.code, 'rollback.uncarried', again.stderr);
  });
});
