import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { Database } from '../../src/source/sqlite.js';
import { runKey } from '../../src/target/ledger/lock.js';
import { startCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, envBefore, makeSmallApp, runFor, statusOf } from '../support/journey.js';
import { withProxy } from '../support/proxy.js';

function change(app: App, sql: string): void {
  const db = new Database(app.source);
  try {
    db.exec(sql);
  } finally {
    db.close();
  }
}

test('an interrupted cutover is undone, tells the ledger, and exits as interrupted', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const app = makeSmallApp(folder, url);
      let interrupt = () => {};
      const onSend = (_: unknown, bytes: Buffer) => {
        if (bytes.includes('hashtextextended((t.*)')) interrupt();
        return true;
      };
      await withProxy(app.url, { onSend }, async (proxy) => {
        const env = { ...app.env, CUTOVER_CONFIRM: confirmation, POSTGRES_DATABASE_URL: proxy.url };
        const { child, ended } = startCommand(['cutover'], { cwd: folder, env });
        interrupt = () => {
          // A second signal would end the process at once.
          interrupt = () => {};
          child.kill('SIGINT');
        };
        const { exitCode, stderr } = await ended;
        assert.equal(exitCode, 130, stderr);
      });
      assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
      assert.equal((await statusOf(app))?.state, 'undone');
      change(app, 'INSERT INTO child VALUES (5, 1, NULL)');
    }),
  );
});

test('a database in rollback-journal mode is fenced, moved and restored in that mode', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const app = makeSmallApp(folder, url);
      change(app, 'PRAGMA journal_mode = DELETE');
      const cut = await runFor(app, 'cutover');
      assert.equal(cut.exitCode, 0, cut.stderr);
      assert.throws(() => change(app, 'DELETE FROM child'), /moved to PostgreSQL by pgferry/);
      const back = await runFor(app, 'rollback');
      assert.equal(back.exitCode, 0, back.stderr);
      const db = new Database(app.source);
      assert.equal(db.pragma('journal_mode', { simple: true }), 'delete');
      assert.equal(db.prepare('DELETE FROM child').run().changes, 3);
      db.close();
    }),
  );
});

test('whoever changes the closed database by force raises an alarm in status', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const app = makeSmallApp(folder, url);
      assert.equal((await runFor(app, 'cutover')).exitCode, 0);
      assert.deepEqual((await statusOf(app))?.alarms, []);
      change(app, 'CREATE TABLE by_force (x)');
      assert.match(
        (await statusOf(app))?.alarms.join() ?? '',
        /the closed database was changed since: its schema_version is \d+, was \d+/,
      );
    }),
  );
});

test('a rollback is refused while a run works on the schema', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = makeSmallApp(folder, url);
      assert.equal((await runFor(app, 'cutover')).exitCode, 0);
      await client.query('SELECT pg_advisory_lock($1::bigint)', [runKey('public')]);
      const { exitCode, json } = await runFor(app, 'rollback');
      assert.equal(exitCode, 24);
      assert.match(json.error?.message ?? '', /nothing was changed: .*\[target\.run_active\]/);
      assert.equal((await statusOf(app))?.state, 'switched');
    }),
  );
});
