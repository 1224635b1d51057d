import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { isFull } from '../support/run-count.js';

const rowCount = 80_000;
const rowsSql = ['one', 'two']
  .map(
    (table) => `CREATE TABLE ${table} (id INTEGER PRIMARY KEY, name TEXT);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rowCount / 2})
      INSERT INTO ${table} SELECT i, printf('%.100c', 'x') FROM n;`,
  )
  .join('\n');
const seconds = 4;

for (const flag of ['--max-rows-per-second', '--max-mbps'] as const) {
  test(`${flag} is kept to over ${seconds} seconds and two tables`, {
    skip: isFull ? false : 'it takes its time: set PGFERRY_FULL=1',
  }, async () => {
    await withFolder((folder) =>
      withDatabase(async (url) => {
        const at = ['migrate', '--source', makeSqlite(folder, rowsSql), '--target', url, '--chunk-bytes', '1M'];
        const free = await runJson(at, { cwd: folder });
        assert.equal(free.exitCode, 0, free.stderr);
        const limit = flag === '--max-mbps' ? (free.json.bytesCopied * 8) / 1_000_000 / seconds : rowCount / seconds;
        const { exitCode, json, stderr } = await runJson([...at, flag, String(limit)], { cwd: folder });
        assert.equal(exitCode, 0, stderr);
        const copyMs = json.phases.find(({ name }) => name === 'copy')?.ms ?? 0;
        assert.ok(copyMs > seconds * 950, `${copyMs} ms are too few for ${seconds} s`);
      }),
    );
  });
}
