import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { must } from '../../src/model/error.js';
import { Database } from '../../src/source/sqlite.js';
import { startCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, makeSmallApp, runFor, statusOf } from '../support/journey.js';
import { endedInTime, namesHolder, untilItWaits, whileLocked } from '../support/locks.js';
import { isFull } from '../support/run-count.js';
import { assertNoBackends, isStopped, untilWhile } from '../support/runs.js';

/*
 * A lock that another session of the target holds while the application is moved, brought back or released. Writers are
 * fenced meanwhile: the wait has its bound and its words, the fence goes with it, and the first Ctrl-C ends it.
 */

type Command = 'cutover' | 'rollback' | 'release';

interface World {
  readonly app: App;
  readonly client: pg.Client;
}

async function withApp(use: (world: World) => Promise<void>): Promise<void> {
  await withFolder((folder) => withDatabase((url, client) => use({ app: makeSmallApp(folder, url), client })));
}

function start(
  { app }: World,
  command: Command,
  more: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
) {
  return startCommand([command, ...more], {
    cwd: app.folder,
    env: { ...app.env, CUTOVER_CONFIRM: confirmation, ...env },
  });
}

function takesWrites({ app }: World): boolean {
  const db = new Database(app.source, { timeout: 0 });
  try {
    db.prepare('UPDATE parent SET t = t').run();
    return true;
  } catch {
    return false;
  } finally {
    db.close();
  }
}

async function done(world: World, command: Command): Promise<void> {
  const ended = await runFor(world.app, command);
  assert.equal(ended.exitCode, 0, ended.stderr);
}

const lockTable = (table: string) => `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`;
/** Reading goes on beside it, writing waits. */
const lockWrites = (table: string) => `LOCK TABLE ${table} IN SHARE MODE`;

interface Case {
  /** Whether it is tried in the usual set too. */
  readonly isUsual?: true;
  readonly lock: string;
  readonly command: Command;
  /** What was done before the lock. */
  readonly before: readonly Command[];
  readonly exitCode: number;
  /** Whether SQLite takes writes afterwards. */
  readonly isOpen: boolean;
  /** What the ledger says afterwards. */
  readonly state: string | null;
}

const moved: readonly Command[] = ['cutover'];
const back: readonly Command[] = ['cutover', 'rollback'];

const cases: readonly Case[] = [
  {
    lock: lockTable('pgferry.cutover'),
    command: 'cutover',
    before: back,
    exitCode: 24,
    isOpen: true,
    state: 'rolled_back',
  },
  {
    isUsual: true,
    lock: lockWrites('pgferry.cutover_step'),
    command: 'cutover',
    before: back,
    exitCode: 24,
    isOpen: true,
    state: 'undone',
  },
  { lock: lockTable('pgferry.run'), command: 'cutover', before: back, exitCode: 24, isOpen: true, state: 'undone' },
  { lock: lockTable('public.parent'), command: 'cutover', before: back, exitCode: 24, isOpen: true, state: 'undone' },
  {
    isUsual: true,
    lock: lockTable('pgferry.cutover'),
    command: 'rollback',
    before: moved,
    exitCode: 24,
    isOpen: false,
    state: 'switched',
  },
  {
    lock: lockWrites('pgferry.cutover_step'),
    command: 'rollback',
    before: moved,
    exitCode: 24,
    isOpen: false,
    state: 'switched',
  },
  {
    lock: lockWrites('pgferry.cutover'),
    command: 'rollback',
    before: moved,
    exitCode: 24,
    isOpen: false,
    state: 'switched',
  },
  {
    lock: lockTable('public.parent'),
    command: 'rollback',
    before: moved,
    exitCode: 24,
    isOpen: false,
    state: 'switched',
  },
  {
    isUsual: true,
    lock: 'UPDATE public.parent SET t = t',
    command: 'rollback',
    before: moved,
    exitCode: 24,
    isOpen: false,
    state: 'switched',
  },
  // The way back to SQLite needs no ledger.
  {
    isUsual: true,
    lock: lockTable('pgferry.cutover'),
    command: 'release',
    before: moved,
    exitCode: 0,
    isOpen: true,
    state: 'switched',
  },
];

for (const { lock, command, before, exitCode, isOpen, state } of isFull
  ? cases
  : cases.filter(({ isUsual }) => isUsual)) {
  test(`${command} waits for "${lock}" no longer than it may, or until the first Ctrl-C, and names the holder`, async () => {
    await withApp(async (world) => {
      for (const one of before) await done(world, one);
      const wasOpen = takesWrites(world);
      await whileLocked(world.app.url, [lock], async (holder) => {
        const started = start(world, command);
        await untilItWaits(world.client, started, '');
        started.child.kill('SIGINT');
        const interrupted = await endedInTime(started);
        assert.equal(interrupted.exitCode, 130, interrupted.stderr);
        assert.equal(takesWrites(world), wasOpen);
        await assertNoBackends(world.client);
        const ended = await endedInTime(start(world, command, ['--stall-timeout', '2']));
        assert.match(ended.stderr, namesHolder(holder));
        assert.equal(ended.exitCode, exitCode, ended.stderr);
        assert.equal(takesWrites(world), isOpen);
      });
      assert.equal((await statusOf(world.app))?.state, state);
      if (command !== 'release') await done(world, command);
    });
  });
}

const boundaries = fileURLToPath(new URL('../campaign/boundaries.js', import.meta.url));

/** Locks the row of the cutover in the ledger when the command comes to the point, and lets it go on. */
async function lockedAt(
  world: World,
  command: Command,
  from: string,
  use: (started: ReturnType<typeof start>, holder: number) => Promise<void>,
) {
  const fault = {
    how: 'stop',
    at: 1,
    from,
    side: 'before',
    isForever: false,
    counter: join(world.app.folder, 'points'),
  };
  const started = start(world, command, ['--stall-timeout', '4'], {
    NODE_OPTIONS: `--import ${boundaries}`,
    PGFERRY_BOUNDARY: JSON.stringify(fault),
  });
  const pid = must(started.child.pid, 'pid');
  await untilWhile(started, 'it stands still', () => isStopped(pid));
  await whileLocked(world.app.url, ['SELECT FROM pgferry.cutover FOR UPDATE'], async (holder) => {
    started.child.kill('SIGCONT');
    await use(started, holder);
  });
}

test('a lock that comes between the copy and the closing ends the cutover, and SQLite takes writes', async () => {
  await withApp(async (world) => {
    await lockedAt(world, 'cutover', 'pgferry_closed_insert_0', async (started, holder) => {
      const ended = await endedInTime(started);
      assert.match(ended.stderr, namesHolder(holder));
      assert.equal(ended.exitCode, 24, ended.stderr);
      assert.equal(takesWrites(world), true);
    });
    await done(world, 'cutover');
  });
});

test('a lock that comes when the application is switched leaves it there, and the same command concludes', async () => {
  await withApp(async (world) => {
    await lockedAt(world, 'cutover', '.vps.env.pgferry', async (started, holder) => {
      const ended = await endedInTime(started);
      assert.match(ended.stderr, namesHolder(holder));
      assert.equal(ended.exitCode, 25, ended.stderr);
      assert.equal(takesWrites(world), false);
    });
    const status = await statusOf(world.app);
    assert.deepEqual([status?.state, status?.application], ['closing', 'postgres']);
    await done(world, 'cutover');
  });
});

test('the first Ctrl-C ends a wait for the ledger in the middle of a cutover', async () => {
  await withApp(async (world) => {
    await lockedAt(world, 'cutover', 'pgferry_closed_insert_0', async (started) => {
      await untilItWaits(world.client, started, 'cutover');
      started.child.kill('SIGINT');
      const ended = await endedInTime(started);
      assert.equal(ended.exitCode, 130, ended.stderr);
      assert.equal(takesWrites(world), true);
    });
    await done(world, 'cutover');
  });
});
