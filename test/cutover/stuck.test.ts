import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { Database } from '../../src/source/sqlite.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, ending, envAfter, makeSmallApp, runFor, statusOf } from '../support/journey.js';
import { withProxy } from '../support/proxy.js';
import { checkRefusal } from '../support/refusal.js';

/*
 * The third ending, exit code 25: what was done cannot be taken back, or cannot be told. Each says what stands where and
 * which command ends it.
 */

async function withApp(use: (app: App) => Promise<void>): Promise<void> {
  await withFolder((folder) => withDatabase((url) => use(makeSmallApp(folder, url))));
}

/** A process that asks for the write lock again and again until it has it, and holds on to it until it is killed. */
function startHolder(app: App) {
  const door = fileURLToPath(new URL('../../src/source/sqlite.js', import.meta.url));
  const program = `
    import { writeFileSync } from 'node:fs';
    import { Database } from ${JSON.stringify(door)};
    const db = new Database(${JSON.stringify(app.source)}, { timeout: 0 });
    writeFileSync(${JSON.stringify(join(app.folder, 'waits'))}, '');
    const tryIt = () => { try { db.exec('BEGIN IMMEDIATE'); return true; } catch { return false; } };
    while (!tryIt());
    setInterval(() => {}, 1000);`;
  return spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** A prisma that generates nothing, and is done when the holder has come to wait; undoing it takes no time. */
function slowPrisma({ folder }: App): Record<string, string> {
  mkdirSync(join(folder, 'prisma'));
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  for (const name of ['schema.prisma', 'schema.postgres.prisma']) writeFileSync(join(folder, 'prisma', name), '');
  const waiting = `#!/bin/sh\nfor i in $(seq 300); do test -e '${join(folder, 'waits')}' && sleep 0.3 && exit; sleep 0.1; done; exit 1\n`;
  writeFileSync(join(folder, 'node_modules/.bin/prisma'), waiting, { mode: 0o755 });
  return { CUTOVER_GENERATE_PROVIDER: '1' };
}

/**
 * Behind the closing commit both want the lock, pgferry to hold it until the switch and a stranger to hold the database:
 * who gets it is not ours to say, and what follows is right in both cases.
 */
test('a switch that fails while somebody wants the lock behind the closing is undone, or is stuck and ended by release', async () => {
  await withApp(async (app) => {
    let holder: ReturnType<typeof startHolder> | null = null;
    const onSend = (_: unknown, bytes: Buffer) => {
      if (holder === null && bytes.includes('hashtextextended((t.*)')) {
        appendFileSync(app.envPath, '\nNEW=1\n');
        holder = startHolder(app);
      }
      return true;
    };
    try {
      // While prisma takes its time, the holder comes to wait behind the fence.
      const { exitCode, json } = await withProxy(app.url, { onSend }, async ({ url }) => {
        const env = { ...app.env, ...slowPrisma(app), CUTOVER_CONFIRM: confirmation, POSTGRES_DATABASE_URL: url };
        return await runJson(['cutover'], { cwd: app.folder, env });
      });
      const status = await statusOf(app);
      const { code, message = '', hint = '' } = json.error ?? {};
      const world = [status?.application, status?.isClosed, status?.isSettled];
      if (code === 'cutover.undone') {
        assert.equal(exitCode, 24);
        assert.match(message, /failed at its step switch and was undone.*was edited meanwhile/);
        assert.deepEqual(world, ['sqlite', false, true]);
      } else {
        assert.deepEqual([exitCode, code], [25, 'stuck.undo']);
        assert.match(
          message,
          /failed at its step (close|switch) \(.*(is locked by another process|was edited meanwhile).*\) and could not be undone whole/,
        );
        assert.match(hint, /do this by hand: open .*\.db again with `pgferry release`/);
        assert.deepEqual(world, ['sqlite', true, false]);
        assert.match(status?.next ?? '', /pgferry release/);
      }
    } finally {
      const held = holder as ReturnType<typeof startHolder> | null;
      held?.kill('SIGKILL');
      if (held !== null) await ending(held);
    }
    if ((await statusOf(app))?.isClosed === true) {
      const released = await runFor(app, 'release');
      assert.deepEqual([released.exitCode, released.json.state], [0, 'undone'], released.stderr);
    }
    const db = new Database(app.source);
    db.prepare('INSERT INTO child VALUES (8, 1, NULL)').run();
    db.close();
    assert.equal((await runFor(app, 'cutover')).exitCode, 0);
  });
});

test('a switch that the ledger cannot record is stuck, and the same command concludes it', async () => {
  await withApp(async (app) => {
    let moves = 0;
    const onSend = (pair: { reset: () => void }, bytes: Buffer) => {
      if (!bytes.includes('UPDATE pgferry.cutover SET state')) return true;
      moves += 1;
      // The first is to closing, the second to switched.
      if (moves === 2) pair.reset();
      return moves < 2;
    };
    await withProxy(app.url, { onSend }, async ({ url }) => {
      const env = { ...app.env, CUTOVER_CONFIRM: confirmation, POSTGRES_DATABASE_URL: url };
      await checkRefusal(
        ['cutover'],
        { cwd: app.folder, env },
        {
          code: 'stuck.not_recorded',
          says: /the application is switched to PostgreSQL by cutover [0-9a-f]+, but the ledger could not be told/,
          hint: /run `pgferry cutover` again .*it only concludes/,
        },
      );
    });
    assert.equal(readFileSync(app.envPath, 'utf8'), envAfter);
    const status = await statusOf(app);
    assert.deepEqual([status?.state, status?.application], ['closing', 'postgres']);
    const again = await runFor(app, 'cutover');
    assert.deepEqual([again.exitCode, again.json.state], [0, 'switched'], again.stderr);
    assert.equal((await statusOf(app))?.isSettled, true);
  });
});
