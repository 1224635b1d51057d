import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sourceSql = `CREATE TABLE node (id INTEGER PRIMARY KEY, name TEXT, old TEXT, unused TEXT);
  INSERT INTO node VALUES (1, 'a', 'x', NULL), (2, 'b', NULL, NULL), (3, 'c', 'y', NULL);`;

test('a column that the target does not have blocks with its count, until it is left out by name', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      await client.query('CREATE TABLE node (id bigint PRIMARY KEY, name text)');
      const sides = ['--source', makeSqlite(folder, sourceSql), '--target', url];
      const told = (json: Awaited<ReturnType<typeof runJson>>['json']) =>
        json.findings
          .filter(({ code }) => code === 'plan.column_missing')
          .map(({ severity, column, message }) => [severity, column, message]);
      const unused = [
        'warning',
        'unused',
        'the target table has no column for it; nothing stays behind: it holds no values',
      ];
      const old = 'the target table has no column for it: 2 values stay behind';
      for (const waive of [[], ['--waive', 'column:*']]) {
        const refused = await runJson(['migrate', ...sides, ...waive], { cwd: folder });
        assert.equal(refused.json.error?.code, 'plan.refused');
        assert.deepEqual(told(refused.json), [['error', 'old', old], unused]);
        assert.match(refused.stderr, /to leave it out: --waive 'column:node\.old'/);
      }
      const left = ['--waive', 'column:node.old'];
      const moved = await runJson(['migrate', ...sides, ...left], { cwd: folder });
      assert.equal(moved.exitCode, 0, moved.stderr);
      assert.deepEqual(told(moved.json), [['warning', 'old', old], unused]);
      assert.deepEqual((await client.query('SELECT id::int, name FROM node ORDER BY id')).rows, [
        { id: 1, name: 'a' },
        { id: 2, name: 'b' },
        { id: 3, name: 'c' },
      ]);
      for (const command of ['verify', 'accept']) {
        const compared = await runJson([command, ...sides, ...left], { cwd: folder });
        assert.equal(compared.exitCode, 0, compared.stderr);
      }
    }),
  );
});
