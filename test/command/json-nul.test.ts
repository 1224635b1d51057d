import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sql = `CREATE TABLE chat (id TEXT PRIMARY KEY, chat JSON, meta JSON NOT NULL DEFAULT '{}');
  INSERT INTO chat VALUES ('c1', '{"m": "early \\u0000 byte"}', '{}'), ('c2', '{"m": "\\\\u0000 is no NUL"}', '{}');`;

test('\\u0000 in json is warned of with its key and arrives as it is, and a policy takes it out', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      const sides = ['--source', makeSqlite(folder, sql), '--target', url];
      const moved = await runJson(['migrate', ...sides], { cwd: folder });
      assert.equal(moved.exitCode, 0, moved.stderr);
      const found = moved.json.findings.filter(({ code }) => code === 'data.json_nul');
      assert.deepEqual(
        found.map(({ severity, table, column, key }) => [severity, table, column, key]),
        [['warning', 'chat', 'chat', "id='c1'"]],
      );
      const types = await client.query(`SELECT pg_typeof(chat)::text AS type FROM chat LIMIT 1`);
      assert.deepEqual(types.rows, [{ type: 'json' }]);
      await assert.rejects(client.query(`SELECT chat->>'m' FROM chat`), { code: '22P05' });

      const config = path.join(folder, 'pgferry.json');
      writeFileSync(config, JSON.stringify({ policies: { json_nul: { convert: 'strip' } } }));
      const again = await runJson(['migrate', ...sides, '--config', config, '--fresh'], { cwd: folder });
      assert.equal(again.exitCode, 0, again.stderr);
      const { rows } = await client.query(`SELECT id, chat->>'m' AS m FROM chat ORDER BY id`);
      assert.deepEqual(rows, [
        { id: 'c1', m: 'early  byte' },
        { id: 'c2', m: '\\u0000 is no NUL' },
      ]);
      const verified = await runJson(['verify', ...sides], { cwd: folder });
      assert.equal(verified.exitCode, 0, JSON.stringify(verified.json.differences));
    }),
  );
});
