import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { must } from '../../src/model/error.js';
import { Database } from '../../src/source/sqlite.js';
import type { Boundary } from '../campaign/boundaries.js';
import { type Ended, startCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, envBefore, makeSmallApp, runFor } from '../support/journey.js';
import { isStopped, untilWhile } from '../support/runs.js';

/*
 * Writers whom the triggers of a closed SQLite file do not stop (SQLite itself can switch them off, and an open blob does
 * not fire any), and files that are not the one any more that was named.
 */

const boundaries = fileURLToPath(new URL('../campaign/boundaries.js', import.meta.url));
const kinds = [['cutover'], ['cutover', '--live', '--downtime-max', '600s']] as const;
const closing = { at: 1, from: 'pgferry_closed_insert_0', side: 'before' } as const;
const closed = { at: 3, from: 'busy_timeout = 30000', side: 'after' } as const;

async function withApp(use: (app: App, client: pg.Client) => Promise<void>): Promise<void> {
  await withFolder((folder) => withDatabase((url, client) => use(makeSmallApp(folder, url), client)));
}

/** Runs a command up to a point, where it is killed, or stopped while others act. */
async function disturb(
  app: App,
  args: readonly string[],
  {
    act,
    env: more = {},
    ...fault
  }: Pick<Boundary, 'at' | 'from' | 'side'> & {
    readonly act?: () => unknown;
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<Ended> {
  const how = act === undefined ? 'kill' : 'stop';
  const planted = { ...fault, how, isForever: false, counter: join(app.folder, `points-${how}`) };
  const options = { NODE_OPTIONS: `--import ${boundaries}`, PGFERRY_BOUNDARY: JSON.stringify(planted) };
  const env = { ...app.env, CUTOVER_CONFIRM: confirmation, ...options, ...more };
  const started = startCommand(args, { cwd: app.folder, env });
  if (act === undefined) return await started.ended;
  const pid = must(started.child.pid, 'pid');
  await untilWhile(started, 'it stands still', () => isStopped(pid));
  try {
    await act();
  } finally {
    started.child.kill('SIGCONT');
  }
  return await started.ended;
}

/** What a writer does whose connection fires no triggers, and leaves no other trace. */
function writePast(path: string, sql: string): void {
  const db = new Database(path);
  const triggers = db
    .prepare<[], { name: string; sql: string }>(`SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'`)
    .all();
  db.transaction(() => {
    for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
    db.exec(sql);
    for (const one of triggers) db.exec(one.sql);
  })();
  db.close();
}

function idsOf(path: string): unknown[] {
  const db = new Database(path, { readonly: true });
  const ids = db.prepare('SELECT id FROM child ORDER BY id').pluck().all();
  db.close();
  return ids;
}

/** The application is on SQLite, and the next cutover brings what it took there. */
async function checkComesAlong(app: App, client: pg.Client): Promise<void> {
  assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
  assert.equal((await runFor(app, 'release')).exitCode, 0);
  const again = await runFor(app, 'cutover');
  assert.equal(again.exitCode, 0, again.stderr);
  const { rows } = await client.query('SELECT id FROM child ORDER BY id');
  assert.deepEqual(
    rows.map(({ id }) => Number(id)),
    [1, 2, 3, 70],
  );
}

for (const args of kinds)
  test(`a ${args.join(' ')} that goes on sees what was written past the triggers of the closed file`, async () => {
    await withApp(async (app, client) => {
      assert.equal((await disturb(app, args, closed)).signal, 'SIGKILL');
      writePast(app.source, `INSERT INTO child VALUES (70, 1, 'acknowledged')`);
      const { exitCode, json } = await runFor(app, 'cutover', { args: args.slice(1) });
      assert.deepEqual([exitCode, json.error?.code], [24, 'cutover.source_changed']);
      assert.match(json.error?.message ?? '', /child \(1 row only there/);
      await checkComesAlong(app, client);
    });
  });

for (const act of ['DROP TRIGGER pgferry_closed_insert_0', 'CREATE TABLE fresh (id INTEGER)'])
  test(`a cutover does not go on with a file that is closed in part (${act})`, async () => {
    await withApp(async (app) => {
      assert.equal((await disturb(app, ['cutover'], closed)).signal, 'SIGKILL');
      const db = new Database(app.source);
      db.exec(act);
      db.close();
      const { exitCode, json } = await runFor(app, 'cutover');
      assert.deepEqual([exitCode, json.error?.code], [24, 'cutover.reopened']);
      assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
    });
  });

test('a rollback counts what was written past the triggers of the closed file, and drops nothing unasked', async () => {
  await withApp(async (app) => {
    assert.equal((await runFor(app, 'cutover')).exitCode, 0);
    writePast(app.source, `INSERT INTO child VALUES (70, 1, 'acknowledged')`);
    const refused = await runFor(app, 'rollback');
    assert.deepEqual([refused.exitCode, refused.json.error?.code], [24, 'rollback.source_writes']);
    const kept = await runFor(app, 'rollback', { args: ['--source-writes', 'keep'] });
    assert.equal(kept.exitCode, 0, kept.stderr);
    assert.deepEqual(idsOf(app.source), [1, 2, 3, 70]);
  });
});

for (const args of kinds)
  test(`a ${args.join(' ')} is undone where the link that names the file leads elsewhere by then`, async () => {
    await withApp(async (app) => {
      const link = join(app.folder, 'current.db');
      const next = join(app.folder, 'next.db');
      symlinkSync(app.source, link);
      const act = () => {
        execFileSync('sqlite3', [app.source, `VACUUM INTO '${next}'`]);
        symlinkSync(next, `${link}.new`);
        renameSync(`${link}.new`, link);
      };
      const { exitCode, stderr } = await disturb(app, args, { ...closing, act, env: { SQLITE_DB_PATH: link } });
      assert.equal(exitCode, 24, stderr);
      assert.match(stderr, /current\.db leads to another file.*\[source\.fence_broken\]/);
      assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
    });
  });

for (const mode of ['WAL', 'DELETE'])
  test(`a file that stood in for the source only while it was opened is not taken for it (${mode})`, async () => {
    await withApp(async (app) => {
      const [away, other] = [join(app.folder, 'away.db'), join(app.folder, 'other.db')];
      execFileSync('sqlite3', [app.source, `PRAGMA journal_mode = ${mode}; VACUUM INTO '${other}'`]);
      execFileSync('sqlite3', [other, `PRAGMA journal_mode = ${mode}; DELETE FROM child`]);
      renameSync(app.source, away);
      renameSync(other, app.source);
      const act = () => {
        renameSync(app.source, other);
        renameSync(away, app.source);
      };
      const opened = { at: 1, from: 'trusted_schema', side: 'before' } as const;
      const { exitCode, stderr } = await disturb(app, ['migrate'], { ...opened, act });
      assert.equal(exitCode, 21, stderr);
      assert.match(stderr, /\[source\.replaced\]/);
    });
  });

test('a cutover to one target finds that another has closed the file meanwhile, and leaves it closed', async () => {
  await withApp(async (app) => {
    await withDatabase(async (otherUrl) => {
      const env = { POSTGRES_DATABASE_URL: otherUrl };
      const act = async () => assert.equal((await runFor(app, 'cutover', { env })).exitCode, 0);
      const beforeFence = { at: 1, from: 'pgferry.cutover_step', side: 'before' } as const;
      const { exitCode, stderr } = await disturb(app, ['cutover'], { ...beforeFence, act });
      assert.equal(exitCode, 24, stderr);
      assert.match(stderr, /was closed to writers by cutover [0-9a-f]+ meanwhile \[cutover\.closed\]/);
      assert.match(readFileSync(app.envPath, 'utf8'), /postgres/);
      assert.throws(() => writeTo(app.source), /moved to PostgreSQL by pgferry/);
    });
  });
});

function writeTo(path: string): void {
  const db = new Database(path);
  try {
    db.exec(`INSERT INTO child VALUES (71, 1, 'late')`);
  } finally {
    db.close();
  }
}

test('a cutover whose lock on the target went with its session is undone before the application is switched', async () => {
  await withApp(async (app, client) => {
    const act = async () => {
      await client.query(
        `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name LIKE 'pgferry cutover_fence%'`,
      );
      await client.query('DELETE FROM child WHERE id = 1');
    };
    const { exitCode, stderr } = await disturb(app, ['cutover'], { ...closing, act });
    assert.equal(exitCode, 24, stderr);
    assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
    writeTo(app.source);
  });
});
