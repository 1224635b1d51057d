import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { runCommand, runJson } from '../support/command.js';
import { makeSqlite, withFolder } from '../support/folder.js';

interface Status {
  readonly url?: string;
  readonly look?: string;
}

test('the embedded server tells its URL, keeps psql out of the ledger, and nothing of it or of a backup is committed', async () => {
  await withFolder(async (cwd) => {
    makeSqlite(cwd, 'CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);');
    try {
      assert.equal((await runCommand(['embedded', 'start'], { cwd })).exitCode, 0);
      const loaded = await runCommand(['migrate', 'app.db'], { cwd });
      assert.equal(loaded.exitCode, 0, loaded.stderr);

      const { json } = await runJson(['embedded', 'status'], { cwd });
      const { url = '', look = '' } = json as unknown as Status;
      assert.match(url, /^postgresql:\/\/pgferry@127\.0\.0\.1:\d+\/pgferry/);
      assert.match(look, /^PGPASSFILE=\S+ psql -h 127\.0\.0\.1 -p \d+ -U pgferry pgferry$/);
      const client = new pg.Client({
        host: '127.0.0.1',
        port: Number(new URL(url).port),
        user: 'pgferry',
        database: 'pgferry',
        password: () => readFileSync(join(cwd, '.pgferry/postgres/password'), 'utf8').trim(),
      });
      await client.connect();
      try {
        await client.query('CREATE TABLE mine (id int)');
        const { rows } = await client.query(
          "SELECT relnamespace::regnamespace::text AS schema FROM pg_class WHERE relname = 'mine'",
        );
        assert.deepEqual(rows, [{ schema: 'public' }]);
      } finally {
        await client.end();
      }

      execFileSync('git', ['init', '-q'], { cwd });
      const seen = execFileSync('git', ['status', '--porcelain', '--untracked-files=all'], { cwd, encoding: 'utf8' });
      assert.equal(seen, '?? app.db\n');
    } finally {
      await runCommand(['embedded', 'stop'], { cwd });
    }
  });
});
