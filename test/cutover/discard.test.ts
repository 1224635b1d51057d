import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { Database } from '../../src/source/sqlite.js';
import { runCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, makeSmallApp, runFor } from '../support/journey.js';
import { isFull } from '../support/run-count.js';
import { planted } from '../support/runs.js';

/*
 * A rollback that sets writes of SQLite aside, as --source-writes discard says, and is killed at a note in the ledger: the
 * next one does what was said, whether the kill came before the file was closed or after.
 */

/** Notes of the steps: 3 and 4 are around the closing, 5 says that the restore is begun. */
const notes = isFull ? [1, 2, 3, 4, 5, 6, 7, 8] : [3, 5];

function idsOf(path: string): unknown[] {
  const db = new Database(path, { readonly: true });
  try {
    return db.prepare('SELECT id FROM child ORDER BY id').pluck().all();
  } finally {
    db.close();
  }
}

async function discard(app: App, env: Readonly<Record<string, string>> = {}) {
  const args = ['rollback', '--source-writes', 'discard', '--json'];
  return await runCommand(args, { cwd: app.folder, env: { ...app.env, ...env, CUTOVER_CONFIRM: confirmation } });
}

for (const when of notes) {
  test(`a rollback that sets writes aside and is killed at its note ${when} is ended as it was begun`, async () => {
    await withFolder((folder) =>
      withDatabase(async (url) => {
        const app = makeSmallApp(folder, url);
        for (const command of ['cutover', 'release'] as const) assert.equal((await runFor(app, command)).exitCode, 0);
        const db = new Database(app.source);
        db.exec(`INSERT INTO child VALUES (50, 1, 'after the release')`);
        db.close();
        const counter = join(folder, 'notes');
        const fault = planted({ at: 'kill', when, text: 'pgferry.cutover_step', where: 'main', counter });
        const killed = await discard(app, fault);
        assert.equal(killed.signal, 'SIGKILL', killed.stderr);
        const again = await discard(app);
        assert.equal(again.exitCode, 0, again.stderr);
        assert.deepEqual(idsOf(app.source), [1, 2, 3]);
        const { cutoverId } = JSON.parse(again.stdout) as { cutoverId: string };
        assert.deepEqual(idsOf(`${app.source}.replaced-${cutoverId}`), [1, 2, 3, 50]);
      }),
    );
  });
}

test('a closed file that somebody vacuumed takes writes again after a rollback', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const app = makeSmallApp(folder, url);
      assert.equal((await runFor(app, 'cutover')).exitCode, 0);
      const db = new Database(app.source);
      db.exec('VACUUM');
      assert.throws(() => db.exec('DELETE FROM child'), /moved to PostgreSQL by pgferry/);
      const { exitCode, stderr } = await runFor(app, 'rollback');
      assert.equal(exitCode, 0, stderr);
      db.exec('INSERT INTO child VALUES (60, 1, NULL)');
      db.close();
      assert.deepEqual(idsOf(app.source), [1, 2, 3, 60]);
    }),
  );
});

test('a closed file that was changed by force and is kept takes writes again after a rollback', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const app = makeSmallApp(folder, url);
      assert.equal((await runFor(app, 'cutover')).exitCode, 0);
      const db = new Database(app.source);
      db.exec(`DROP TRIGGER pgferry_closed_insert_0; DROP TRIGGER pgferry_closed_insert_1;
        INSERT INTO child VALUES (61, 1, NULL)`);
      const refused = await runFor(app, 'rollback');
      assert.equal(refused.json.error?.code, 'rollback.source_writes', refused.stderr);
      const { exitCode, stderr } = await runFor(app, 'rollback', { args: ['--source-writes', 'keep'] });
      assert.equal(exitCode, 0, stderr);
      db.exec('DELETE FROM child WHERE id = 1');
      db.close();
      assert.deepEqual(idsOf(app.source), [2, 3, 61]);
    }),
  );
});
