import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { Database } from '../../src/source/sqlite.js';
import { runCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, envAfter, envBefore, makeSmallApp, runFor, statusOf, writeToSqlite } from '../support/journey.js';
import { type PlantedFault, planted } from '../support/runs.js';
import { isFull } from '../support/run-count.js';

/*
 * kill -9 between any two steps of cutover and rollback. Every step is noted in the ledger before and after, so a
 * process that is killed right after its n-th such statement dies between two steps; what happens to files between two
 * statements is reached by the calls themselves. Then: the world is old or new, status says which, one command ends it.
 */

type Moment = Pick<PlantedFault, 'when' | 'call'>;

const noted = 'pgferry.cutover';

const plainEnv = {};

/** A live cutover notes its steps in the same way. */
const liveEnv = { CUTOVER_LIVE: '1', CUTOVER_DOWNTIME_MAX: '600s' };

async function withApp(
  use: (app: App, client: pg.Client) => Promise<void>,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  await withFolder((folder) => withDatabase((url, client) => use(makeSmallApp(folder, url, more), client)));
}

/** Runs the command with a fault at this moment; how many such moments there were. */
async function runWithFault(app: App, command: string, at: 'kill' | 'count', moment: Moment) {
  const counter = join(app.folder, `${command}-${moment.call ?? 'notes'}-${moment.when}`);
  const point = moment.call === undefined ? { text: noted } : { call: moment.call };
  const fault = planted({ at, when: moment.when, ...point, where: 'main', counter });
  const env = { ...app.env, ...fault, CUTOVER_CONFIRM: confirmation };
  const ended = await runCommand([command], { cwd: app.folder, env });
  return { ended, moments: existsSync(counter) ? statSync(counter).size : 0 };
}

async function idsOnPostgres(client: pg.Client): Promise<number[]> {
  const { rows } = await client.query<{ id: string }>('SELECT id FROM child ORDER BY id');
  return rows.map(({ id }) => Number(id));
}

/** Which world the application lives in, which its env file alone decides; status must say the same. */
async function checkWorld(app: App): Promise<{ world: 'sqlite' | 'postgres'; state: string | null }> {
  const bytes = readFileSync(app.envPath, 'utf8');
  assert.ok(bytes === envBefore || bytes === envAfter, bytes);
  const world = bytes === envBefore ? 'sqlite' : 'postgres';
  const status = await statusOf(app);
  if (status !== null) {
    assert.equal(status.application, world);
    assert.match(status.next, /pgferry|nothing/);
  } else assert.equal(world, 'sqlite');
  return { world, state: status?.state ?? null };
}

async function checkCutover(moment: Moment, more: Readonly<Record<string, string>> = {}): Promise<void> {
  await withApp(async (app, client) => {
    const { ended } = await runWithFault(app, 'cutover', 'kill', moment);
    assert.equal(ended.signal, 'SIGKILL', ended.stderr);
    const { world } = await checkWorld(app);
    const isTaken = writeToSqlite(app, 77);
    assert.ok(world === 'sqlite' || !isTaken, 'a database that was left takes no writes');
    const again = await runFor(app, 'cutover');
    // A killed process may have told the ledger that all is done before it died.
    if (again.exitCode !== 0) assert.equal(again.json.error?.code, 'cutover.already_switched', again.stderr);
    assert.deepEqual(await checkWorld(app), { world: 'postgres', state: 'switched' });
    assert.deepEqual(await idsOnPostgres(client), isTaken ? [1, 2, 3, 77] : [1, 2, 3]);
    assert.equal(writeToSqlite(app, 78), false);
    await client.query('INSERT INTO child VALUES (79, 1, NULL)');
  }, more);
}

async function checkLiveCutover(moment: Moment): Promise<void> {
  await checkCutover(moment, liveEnv);
}

async function checkRollback(moment: Moment): Promise<void> {
  await withApp(async (app, client) => {
    assert.equal((await runFor(app, 'cutover')).exitCode, 0);
    const { ended } = await runWithFault(app, 'rollback', 'kill', moment);
    assert.equal(ended.signal, 'SIGKILL', ended.stderr);
    await checkWorld(app);
    // Where the file is restored already it takes writes: what it acknowledged is never dropped by going on.
    const kept = writeToSqlite(app, 70) ? [70] : [];
    const again = await runFor(app, 'rollback');
    if (again.exitCode !== 0) assert.equal(again.json.error?.code, 'rollback.nothing', again.stderr);
    assert.deepEqual(await checkWorld(app), { world: 'sqlite', state: 'rolled_back' });
    await assert.rejects(client.query('DELETE FROM child'), /left for SQLite by pgferry/);
    assert.equal(writeToSqlite(app, 77), true);
    const db = new Database(app.source, { readonly: true });
    assert.deepEqual(db.prepare('SELECT id FROM child ORDER BY id').pluck().all(), [1, 2, 3, ...kept, 77]);
    assert.equal(db.pragma('journal_mode', { simple: true }), 'wal');
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
    db.close();
    assert.deepEqual(
      readdirSync(app.folder).filter((name) => name.includes('.pgferry')),
      [],
      'nothing that was made beside is left',
    );
  });
}

/** Somebody changes PostgreSQL after the kill: an application is never switched to rows that nobody accepted. */
async function checkChangedTarget(moment: Moment): Promise<void> {
  await withApp(async (app, client) => {
    await runWithFault(app, 'cutover', 'kill', moment);
    const isClosed = !writeToSqlite(app, 77);
    const { world } = await checkWorld(app);
    if (!isClosed || world === 'postgres') return;
    await client.query('INSERT INTO child VALUES (90, 1, NULL)');
    const again = await runFor(app, 'cutover');
    assert.deepEqual([again.exitCode, again.json.error?.code], [24, 'cutover.target_changed'], again.stderr);
    assert.match(again.json.error?.message ?? '', /child/);
    assert.equal((await checkWorld(app)).world, 'sqlite');
    const released = await runFor(app, 'release');
    assert.deepEqual([released.exitCode, released.json.state], [0, 'undone'], released.stderr);
    assert.equal(writeToSqlite(app, 78), true);
    seenClosed += 1;
  });
}

let seenClosed = 0;

test('a cutover that goes on after a kill looks at PostgreSQL before it switches the application', async () => {
  const renames = (await momentsOf('cutover', plainEnv)).filter(({ call }) => call === 'renameSync');
  for (const moment of renames) await checkChangedTarget(moment);
  assert.ok(seenClosed > 0, 'one of them dies between the closing and the switch');
});

/** Moments of an undisturbed cutover, for all tests that go by them. */
let ofCutover: Promise<Moment[]> | null = null;

/** Moments of an undisturbed run: its notes, and its renames and links. */
function momentsOf(command: 'cutover' | 'rollback', more: Readonly<Record<string, string>> = {}): Promise<Moment[]> {
  if (command === 'rollback' || more !== plainEnv) return countMoments(command, more);
  ofCutover ??= countMoments(command, more);
  return ofCutover;
}

async function countMoments(
  command: 'cutover' | 'rollback',
  more: Readonly<Record<string, string>>,
): Promise<Moment[]> {
  const moments: Moment[] = [];
  const calls: readonly Moment['call'][] = [undefined, 'renameSync', 'linkSync'];
  for (const call of command === 'cutover' ? calls.slice(0, 2) : calls) {
    await withApp(async (app) => {
      if (command === 'rollback') assert.equal((await runFor(app, 'cutover')).exitCode, 0);
      const moment = call === undefined ? {} : { call };
      const { ended, moments: count } = await runWithFault(app, command, 'count', { when: 0, ...moment });
      assert.equal(ended.exitCode, 0, ended.stderr);
      for (let when = 1; when <= count; when++) moments.push({ when, ...moment });
    }, more);
  }
  return moments;
}

/** Every moment with PGFERRY_FULL; else the last notes, around the switch, where both worlds are near, and one before. */
function chosen(moments: readonly Moment[], last: number): Moment[] {
  const notes = moments.filter(({ call }) => call === undefined);
  const calls = moments.filter(({ call }) => call !== undefined);
  if (isFull) return [...moments];
  return [...notes.filter((_, index) => index === 2 || index >= notes.length - last), ...calls];
}

for (const [words, command, check, more, last] of [
  ['cutover', 'cutover', checkCutover, plainEnv, 4],
  ['live cutover', 'cutover', checkLiveCutover, liveEnv, 3],
  ['rollback', 'rollback', checkRollback, plainEnv, 4],
] as const) {
  test(`a ${words} that is killed between any two steps leaves the old or the new world, and one command ends it`, async () => {
    const moments = await momentsOf(command, more);
    assert.ok(moments.length > 10, `${moments.length} moments`);
    for (const moment of chosen(moments, last)) {
      try {
        await check(moment);
      } catch (error) {
        const where = `killed at ${moment.call ?? 'note'} ${moment.when} of ${moments.length} moments`;
        throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
      }
    }
  });
}
