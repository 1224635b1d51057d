import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { must } from '../../src/model/error.js';
import { Database } from '../../src/source/sqlite.js';
import { startCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, makeSmallApp, runFor } from '../support/journey.js';
import { runCount } from '../support/run-count.js';
import { createDraw, until } from '../support/runs.js';

/*
 * The process that restores the SQLite file is stopped right after any of its system calls that change the file, its -wal,
 * its -journal or its copy. Others open the file then and write to it; then it goes on, or is killed and run again. What
 * SQLite acknowledged is there at the end, and nobody ever saw a mixture.
 */

const hasStrace = spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0;
const calls = 'pwrite64,write,fsync,fdatasync,ftruncate,unlink,rename,link,fcntl';
const { seed, below } = createDraw();

interface Restoring {
  readonly ended: ReturnType<typeof startCommand>['ended'];
  /** The process, once it stands still; null where it ended before. */
  readonly pid: number | null;
}

/** The n-th call of this name in its thread. */
interface Moment {
  readonly name: string;
  readonly when: number;
}

/** The moments of a trace, in their order. */
function momentsOf(trace: string): Moment[] {
  const counts = new Map<string, number>();
  return [...trace.matchAll(/^(\d+ +)(\w+)\(/gm)].map(([, thread = '', name = '']) => {
    const when = (counts.get(thread + name) ?? 0) + 1;
    counts.set(thread + name, when);
    return { name, when };
  });
}

/** Rolls back under strace, up to a moment; to the end where it is null. */
async function rollBackUntil(app: App, moment: Moment | null): Promise<Restoring> {
  const log = join(app.folder, 'calls.log');
  const paths = ['', '-wal', '-journal', '-shm'].flatMap((suffix) => ['-P', app.source + suffix]);
  const inject = moment === null ? [] : ['-e', `inject=${moment.name}:signal=SIGSTOP:when=${moment.when}`];
  const through = ['strace', '-f', '-qq', '-o', log, ...paths, '-e', `trace=${calls}`, ...inject];
  const env = { ...app.env, CUTOVER_CONFIRM: confirmation };
  const { ended } = startCommand(['rollback'], { cwd: app.folder, env, through });
  let isOver = false;
  void ended.finally(() => {
    isOver = true;
  });
  let pid: number | null = null;
  await until('it stands still, or is over', () => {
    const line = existsSync(log) ? /^(\d+) +--- stopped by SIGSTOP ---$/m.exec(readFileSync(log, 'utf8')) : null;
    pid = line === null ? null : Number(line[1]);
    return pid !== null || isOver;
  });
  return { ended, pid };
}

/** A write by another process: whether it was acknowledged. One that is refused says that the file is closed, or locked. */
function write(app: App, id: number): boolean {
  const db = new Database(app.source, { timeout: 20, fileMustExist: true });
  try {
    db.prepare('INSERT INTO child VALUES (?, 1, ?)').run(id, 'written meanwhile');
    return true;
  } catch (error) {
    assert.match((error as Error).message, /moved to PostgreSQL by pgferry|database is locked|locking protocol/);
    return false;
  } finally {
    db.close();
  }
}

function look(app: App): unknown[] {
  const db = new Database(app.source, { timeout: 20 });
  try {
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
    return db.prepare('SELECT id FROM child ORDER BY id').pluck().all();
  } finally {
    db.close();
  }
}

/** Tells whether it stood still. */
async function check(app: App, moment: Moment): Promise<boolean> {
  const { ended, pid } = await rollBackUntil(app, moment);
  const acknowledged = [1, 2, 3];
  if (pid !== null) {
    try {
      assert.deepEqual(look(app).slice(0, 3), [1, 2, 3]);
    } catch (error) {
      assert.match((error as Error).message, /database is locked|locking protocol/);
    }
    if (write(app, 70)) acknowledged.push(70);
    process.kill(pid, below(2) === 0 ? 'SIGKILL' : 'SIGCONT');
  }
  const { exitCode, stderr } = await ended;
  if (exitCode !== 0) {
    if (write(app, 71)) acknowledged.push(71);
    const again = await runFor(app, 'rollback');
    if (again.exitCode !== 0) assert.equal(again.json.error?.code, 'rollback.nothing', `${stderr}\n${again.stderr}`);
  }
  assert.ok(write(app, 72), 'it takes writes again');
  assert.deepEqual(look(app), [...acknowledged, 72]);
  return pid !== null;
}

test('a restore that stands still after any system call, while others open the file and write', {
  skip: !hasStrace && 'strace is not here',
}, async (t) => {
  const withSwitched = (use: (app: App) => Promise<void>) =>
    withFolder((folder) =>
      withDatabase(async (url) => {
        const app = makeSmallApp(folder, url);
        assert.equal((await runFor(app, 'cutover')).exitCode, 0);
        await use(app);
      }),
    );
  let moments: readonly Moment[] = [];
  await withSwitched(async (app) => {
    assert.equal((await (await rollBackUntil(app, null)).ended).exitCode, 0);
    moments = momentsOf(readFileSync(join(app.folder, 'calls.log'), 'utf8'));
  });
  assert.ok(moments.length > 10, `${moments.length} calls`);
  const count = runCount({ usual: 2, full: 40 });
  let stopped = 0;
  for (let tries = 0; tries < count; tries++) {
    const moment = must(moments[below(moments.length)], 'a drawn one');
    await withSwitched(async (app) => {
      try {
        if (await check(app, moment)) stopped += 1;
      } catch (error) {
        const where = `stopped after ${moment.name} ${moment.when}, seed ${seed}`;
        throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
      }
    });
  }
  assert.ok(stopped > 0, 'one of them stood still');
  t.diagnostic(`${stopped} stops of ${count}, ${moments.length} calls, seed ${seed}`);
});
