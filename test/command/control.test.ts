import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { runCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const rowsSql = `
  CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
  INSERT INTO t SELECT i, 'name ' || i FROM n;`;

/** Rows that the run sent, as its metrics tell. */
function sent(path: string): number {
  return Number(
    /^pgferry_phase_done\{command="migrate",phase="copy",unit="rows"\} (\d+)$/m.exec(readText(path))?.[1] ?? 0,
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (const endsAtMs = performance.now() + 120_000; performance.now() < endsAtMs; await wait(50)) if (isSo()) return;
  assert.fail(`never: ${what}`);
}

test('a run is paused, throttled, resumed and stopped by another process, and goes on when it is called again', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const metrics = join(folder, 'm.prom');
      const at = ['--source', makeSqlite(folder, rowsSql), '--target', url, '--block-bytes', '4096'];
      const args = ['migrate', ...at, '--max-rows-per-second', '4000', '--metrics-file', metrics];
      const running = runCommand(args, { cwd: folder });
      const control = (...words: string[]) => runCommand(['control', ...words], { cwd: folder });
      await until(() => sent(metrics) > 0, 'rows are sent');
      const [run = ''] = readdirSync(join(folder, '.db-migration-backups')).filter((name) => /^\d/.test(name));
      const socket = join(folder, '.db-migration-backups', run, 'control.sock');
      assert.equal(statSync(socket).mode & 0o777, 0o600);
      const paused = await control('pause');
      assert.equal(paused.exitCode, 0, paused.stderr);
      assert.match(paused.stdout, /: paused$/m);
      // The file is written every five seconds: what it has after one such time is sent no further.
      const writtenAt = () => statSync(metrics).mtimeMs;
      const nextWrite = async (before: number) => until(() => writtenAt() > before, 'the metrics are written again');
      await nextWrite(writtenAt());
      const held = sent(metrics);
      await nextWrite(writtenAt());
      assert.equal(sent(metrics), held, 'nothing is sent while it is paused');
      assert.match((await control('throttle', '--max-mbps', '50')).stdout, /paused, at most 50 megabits per second/);
      assert.match((await control('workers', '1')).stdout, /at most 1 chunks at a time/);
      assert.equal((await control('switch-now')).exitCode, 2);
      assert.equal((await control('dance')).exitCode, 2);
      assert.match((await control('resume')).stdout, /going on/);
      assert.match((await control('stop')).stdout, /stopping/);
      const stopped = await running;
      assert.equal(stopped.exitCode, 130, stopped.stderr);
      assert.match(stopped.stderr, /as ordered: paused/);
      const none = await control('pause');
      assert.equal(none.exitCode, 2);
      assert.match(none.stderr, /usage\.no_run/);
      assert.equal((await runCommand(['migrate', ...at], { cwd: folder })).exitCode, 0);
    }),
  );
});
