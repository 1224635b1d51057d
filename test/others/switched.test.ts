import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { must } from '../../src/model/error.js';
import { Database } from '../../src/source/sqlite.js';
import type { Boundary } from '../campaign/boundaries.js';
import { type Ended, runCommand, runJson, startCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, envBefore, makeSmallApp, runFor } from '../support/journey.js';
import { isStopped, untilWhile } from '../support/runs.js';

/* What others do between the closing of the SQLite file and the switch, and what other commands may do to a target after it. */

const boundaries = fileURLToPath(new URL('../campaign/boundaries.js', import.meta.url));

async function withApp(use: (app: App, client: pg.Client) => Promise<void>): Promise<void> {
  await withFolder((folder) => withDatabase((url, client) => use(makeSmallApp(folder, url), client)));
}

function failing(app: App, fault: Pick<Boundary, 'how' | 'at' | 'from' | 'side'>): Record<string, string> {
  const counter = join(app.folder, `points-${fault.how}`);
  return {
    NODE_OPTIONS: `--import ${boundaries}`,
    PGFERRY_BOUNDARY: JSON.stringify({ ...fault, isForever: false, counter }),
  };
}

/** The commit that closes the file is done: it follows the pragma that sets its wait, and that pragma's statement. */
const closed = { at: 3, from: 'busy_timeout = 30000', side: 'after' } as const;

/** Runs cutover up to a point, lets others act there, and lets it go on. */
async function disturbed(
  app: App,
  fault: Pick<Boundary, 'how' | 'at' | 'from' | 'side'>,
  act: () => Promise<void>,
): Promise<Ended> {
  const env = { ...app.env, CUTOVER_CONFIRM: confirmation, ...failing(app, fault) };
  const started = startCommand(['cutover'], { cwd: app.folder, env });
  const pid = must(started.child.pid, 'pid');
  try {
    await untilWhile(started, 'it stands still', () => isStopped(pid));
    await act();
  } catch (error) {
    started.child.kill('SIGKILL');
    throw error;
  }
  started.child.kill('SIGCONT');
  return await started.ended;
}

/** Somebody who has no target at hand opens the file. */
async function release(app: App) {
  return await runFor(app, 'release', { env: { POSTGRES_DATABASE_URL: '' } });
}

async function releaseAndWrite(app: App): Promise<void> {
  const released = await release(app);
  assert.equal(released.exitCode, 0, released.stderr);
  const db = new Database(app.source);
  db.exec(`INSERT INTO child VALUES (70, 1, 'acknowledged')`);
  db.close();
}

async function checkStays(app: App, client: pg.Client): Promise<void> {
  assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
  const again = await runFor(app, 'cutover');
  assert.equal(again.exitCode, 0, again.stderr);
  const { rows } = await client.query('SELECT id FROM child ORDER BY id');
  assert.deepEqual(
    rows.map(({ id }) => Number(id)),
    [1, 2, 3, 70],
  );
}

test('a file that is released right after it was closed keeps its application, and what it takes', async () => {
  await withApp(async (app, client) => {
    const { exitCode, stderr } = await disturbed(app, { ...closed, how: 'stop' }, () => releaseAndWrite(app));
    assert.equal(exitCode, 24, stderr);
    assert.match(stderr, /opened .*app\.db again, or wrote past its triggers.*\[source\.fence_broken\]/);
    await checkStays(app, client);
  });
});

test('nobody can open a file that is closed and fenced until the application is switched', async () => {
  await withApp(async (app, client) => {
    const { exitCode, stderr } = await disturbed(app, { ...closed, at: 4, how: 'stop' }, async () => {
      const released = await release(app);
      assert.equal(released.json.error?.code, 'source.busy', released.stderr);
    });
    assert.equal(exitCode, 0, stderr);
    assert.equal((await release(app)).exitCode, 0);
    const { rows } = await client.query('SELECT count(*)::int AS count FROM child');
    assert.deepEqual(rows, [{ count: 3 }]);
  });
});

test('a file that is released while a cutover goes on after a crash keeps its application, and what it takes', async () => {
  await withApp(async (app, client) => {
    const env = { ...app.env, CUTOVER_CONFIRM: confirmation, ...failing(app, { ...closed, how: 'kill' }) };
    assert.equal((await runCommand(['cutover'], { cwd: app.folder, env })).signal, 'SIGKILL');
    const beforeLock = { how: 'stop', at: 1, from: 'LOCK TABLE', side: 'before' } as const;
    const { exitCode, stderr } = await disturbed(app, beforeLock, () => releaseAndWrite(app));
    assert.equal(exitCode, 24, stderr);
    assert.match(stderr, /\[cutover\.reopened\]/);
    await checkStays(app, client);
  });
});

test('follow and repair leave the rows of an application alone that was switched to them', async () => {
  await withApp(async (app, client) => {
    assert.equal((await runFor(app, 'cutover')).exitCode, 0);
    await client.query(
      `INSERT INTO child VALUES (90, 1, 'of the application'); UPDATE child SET note = 'its own' WHERE id = 1`,
    );
    for (const command of ['follow', 'repair']) {
      const { exitCode, json } = await runJson([command], { cwd: app.folder, env: app.env });
      assert.deepEqual([exitCode, json.error?.code], [24, 'cutover.already_switched']);
    }
    const { rows } = await client.query(`SELECT note FROM child WHERE id IN (1, 90) ORDER BY id`);
    assert.deepEqual(rows, [{ note: 'its own' }, { note: 'of the application' }]);
  });
});

test('after a rollback nothing is taken by the partitions and heirs of the tables that were left', async () => {
  await withApp(async (app, client) => {
    assert.equal((await runFor(app, 'cutover')).exitCode, 0);
    await client.query(`CREATE SCHEMA elsewhere;
      CREATE TABLE elsewhere.heir () INHERITS (public.child);
      CREATE TABLE public.parted (id integer) PARTITION BY RANGE (id);
      CREATE TABLE elsewhere.part PARTITION OF public.parted FOR VALUES FROM (0) TO (100)`);
    const back = await runFor(app, 'rollback');
    assert.equal(back.exitCode, 0, back.stderr);
    const writes = ['elsewhere.heir (id) VALUES (90)', 'elsewhere.part VALUES (1)', 'public.parted VALUES (1)'];
    for (const write of writes)
      await assert.rejects(client.query(`INSERT INTO ${write}`), /left for SQLite by pgferry/);
    await client.query('SET session_replication_role = replica');
    await assert.rejects(client.query('INSERT INTO child VALUES (90, 1, NULL)'), /left for SQLite by pgferry/);
    await client.query('RESET session_replication_role');
    await client.query('DROP TABLE public.parted, elsewhere.heir');
    const again = await runFor(app, 'cutover');
    assert.equal(again.exitCode, 0, again.stderr);
  });
});

test('a rollback brings what an heir of a table took, wherever it is', async () => {
  await withApp(async (app, client) => {
    assert.equal((await runFor(app, 'cutover')).exitCode, 0);
    await client.query(`CREATE SCHEMA elsewhere;
      CREATE TABLE elsewhere.heir () INHERITS (public.child);
      INSERT INTO elsewhere.heir VALUES (90, 1, 'of the application')`);
    const back = await runFor(app, 'rollback');
    assert.equal(back.exitCode, 0, back.stderr);
    const db = new Database(app.source, { readonly: true });
    assert.deepEqual(db.prepare('SELECT note FROM child WHERE id = 90').pluck().all(), ['of the application']);
    db.close();
  });
});
