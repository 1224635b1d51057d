import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

test('bigints of a framework on node-postgres are named, and its line makes them integer, which the driver gives as numbers', async () => {
  await withDatabase((url, client) =>
    withFolder(async (folder) => {
      const source = makeSqlite(
        folder,
        `CREATE TABLE knex_migrations (id INTEGER PRIMARY KEY, name TEXT, batch INTEGER, migration_time datetime);
         CREATE TABLE post (id INTEGER PRIMARY KEY, votes INTEGER, far BIGINT);
         INSERT INTO post VALUES (1, 2, 3);`,
      );
      const sides = ['--source', source, '--target', url, '--from-source'];
      const plain = await runJson(['plan', ...sides], { cwd: folder });
      const [note] = plain.json.findings.filter(({ code }) => code === 'plan.bigint_as_text');
      assert.equal(note?.severity, 'note');
      assert.match(note?.message ?? '', /driver of Knex.*post\.id, post\.votes/);
      assert.doesNotMatch(note?.message ?? '', /far/);
      const config = join(folder, 'config.json');
      writeFileSync(config, note?.choices?.[0] ?? '');
      const migrated = await runJson(['migrate', ...sides, '--config', config], { cwd: folder });
      assert.equal(migrated.exitCode, 0, migrated.stderr);
      assert.deepEqual(
        migrated.json.findings.filter(({ code }) => code === 'plan.bigint_as_text'),
        [],
      );
      const { rows } = await client.query('SELECT * FROM post');
      assert.deepEqual(rows, [{ id: 1, votes: 2, far: '3' }]);
    }),
  );
});
