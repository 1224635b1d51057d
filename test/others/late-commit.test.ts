import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import type pg from 'pg';
import { Database } from '../../src/source/sqlite.js';
import { runCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, makeSmallApp, runFor } from '../support/journey.js';
import { withProxy } from '../support/proxy.js';
import { until } from '../support/runs.js';

/*
 * Rounds that the server commits after pgferry has lost the session: what they brought is what the target shows, and the
 * snapshot of it must still be there.
 */

/** A load that rounds go on from. */
async function withLoad(use: (app: App, client: pg.Client) => Promise<void>): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = makeSmallApp(folder, url);
      const loaded = await runCommand(['migrate', '--keep-closed'], { cwd: folder, env: app.env });
      assert.equal(loaded.exitCode, 0, loaded.stderr);
      const db = new Database(app.source);
      db.exec(`INSERT INTO child VALUES (60, 1, 'written since')`);
      db.close();
      await use(app, client);
    }),
  );
}

/** What the last round has brought, once the server has committed it. */
async function lastSnapshot(client: pg.Client, isIt: (path: string) => boolean): Promise<string> {
  let path = '';
  await until('the round is committed', async () => {
    const { rows } = await client.query('SELECT snapshot_path AS path FROM pgferry.round ORDER BY number DESC LIMIT 1');
    path = rows[0]?.path ?? '';
    return isIt(path);
  });
  return path;
}

test('a live cutover whose last round is committed after its session was lost keeps its snapshot, and goes on from it', async () => {
  await withLoad(async (app, client) => {
    let isLast = false;
    const rules = {
      onSend: (pair: { readonly client: { resetAndDestroy(): unknown } }, bytes: Buffer) => {
        if (bytes.includes('sqlite-final')) isLast = true;
        if (isLast && bytes.includes('COMMIT')) setImmediate(() => pair.client.resetAndDestroy());
        return true;
      },
    };
    const live = { args: ['--live', '--downtime-max', '600s'] };
    await withProxy(app.url, rules, async ({ url }) => {
      const lost = await runFor({ ...app, env: { ...app.env, POSTGRES_DATABASE_URL: url } }, 'cutover', live);
      assert.equal(lost.exitCode, 24, lost.stderr);
      assert.match(lost.stderr, /failed at its step final and was undone/);
    });
    const path = await lastSnapshot(client, (found) => found.includes('sqlite-final'));
    assert.ok(existsSync(path), `${path} is what the target shows`);
    const again = await runFor(app, 'cutover', live);
    assert.equal(again.exitCode, 0, again.stderr);
    assert.match(again.stderr, /going on from run/);
  });
});
