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
import { runCommand, runJson, startCommand } from '../support/command.js';
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

/** Runs cutover up to a point, has somebody release the file who has no target at hand, and lets it go on. */
async function releasedMeanwhile(app: App, fault: Pick<Boundary, 'how' | 'at' | 'from' | 'side'>) {
  const env = { ...app.env, CUTOVER_CONFIRM: confirmation, ...failing(app, fault) };
  const started = startCommand(['cutover'], { cwd: app.folder, env });
  const pid = must(started.child.pid, 'pid');
  await untilWhile(started, 'it stands still', () => isStopped(pid));
  const released = await runFor(app, 'release', { env: { POSTGRES_DATABASE_URL: '' } });
  if (released.exitCode !== 0) started.child.kill('SIGKILL');
  assert.equal(released.exitCode, 0, released.stderr);
  const db = new Database(app.source);
  db.exec(`INSERT INTO child VALUES (70, 1, 'acknowledged')`);
  db.close();
  started.child.kill('SIGCONT');
  return await started.ended;
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
    const { exitCode, stderr } = await releasedMeanwhile(app, { ...closed, how: 'stop' });
    assert.equal(exitCode, 24, stderr);
    assert.match(stderr, /was opened to writers again before the application was switched.*\[cutover\.reopened\]/);
    await checkStays(app, client);
  });
});

test('a file that is released while a cutover goes on after a crash keeps its application, and what it takes', async () => {
  await withApp(async (app, client) => {
    const env = { ...app.env, CUTOVER_CONFIRM: confirmation, ...failing(app, { ...closed, how: 'kill' }) };
    assert.equal((await runCommand(['cutover'], { cwd: app.folder, env })).signal, 'SIGKILL');
    const { exitCode, stderr } = await releasedMeanwhile(app, {
      how: 'stop',
      at: 1,
      from: 'LOCK TABLE',
      side: 'before',
    });
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
