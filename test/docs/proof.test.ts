import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { codeOf, readPage, tableRows } from '../support/page.js';

const page = readPage('docs/proof.md');

test('the run folder holds what the page says, and nothing else', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const source = makeSqlite(folder, 'CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);');
      const { json, stderr } = await runJson(['migrate', '--source', source, '--target', url], { cwd: folder });
      assert.ok(json.ok, stderr);
      const listed = tableRows(page, 'file').map(([file = '']) => codeOf(file)[0] ?? '');
      const found = readdirSync(json.runDir ?? '');
      const isSaved = found.includes('postgres-precutover.sql');
      assert.deepEqual(found.sort(), listed.filter((name) => isSaved || name !== 'postgres-precutover.sql').sort());
    }),
  );
});
