import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Boundary } from '../campaign/boundaries.js';
import { Database } from '../../src/source/sqlite.js';
import { runCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, makeSmallApp, runFor } from '../support/journey.js';

const boundaries = fileURLToPath(new URL('../campaign/boundaries.js', import.meta.url));

function failing(app: App, how: Boundary['how'], from: string): Record<string, string> {
  const counter = join(app.folder, `points-${how}`);
  const fault: Boundary = { how, at: 1, from, side: 'before', isForever: false, counter };
  return { NODE_OPTIONS: `--import ${boundaries}`, PGFERRY_BOUNDARY: JSON.stringify(fault) };
}

test('what an earlier rollback did to the file, which was undone, is none of the work of the one that goes on', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const app = makeSmallApp(folder, url);
      assert.equal((await runFor(app, 'cutover')).exitCode, 0);
      assert.equal((await runFor(app, 'release')).exitCode, 0);
      const undone = await runFor(app, 'rollback', { env: failing(app, 'throw', 'FUNCTION pgferry.refuse_write') });
      assert.equal(undone.json.error?.code, 'rollback.undone', undone.stderr);
      const env = { ...app.env, ...failing(app, 'kill', 'LOCK TABLE') };
      assert.equal((await runCommand(['rollback'], { cwd: app.folder, env })).signal, 'SIGKILL');
      const db = new Database(app.source);
      db.exec(`INSERT INTO child VALUES (70, 1, 'SQLite took it since')`);
      db.close();
      const again = await runFor(app, 'rollback');
      assert.equal(again.json.error?.code, 'rollback.source_writes', again.stderr);
      assert.match(again.json.error?.message ?? '', /child \(1 row only there, 0 rows gone or changed\)/);
    }),
  );
});
