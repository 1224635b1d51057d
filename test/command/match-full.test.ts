import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sourceSql = `CREATE TABLE p (id INTEGER PRIMARY KEY, a INT, b INT, UNIQUE (a, b)); INSERT INTO p VALUES (1, 1, 1), (2, 1, 2);
  CREATE TABLE c (id INTEGER PRIMARY KEY, a INT, b INT, FOREIGN KEY (a, b) REFERENCES p (a, b));
  INSERT INTO c VALUES (1, 1, 1), (2, 1, NULL), (3, NULL, NULL), (4, NULL, 9);`;
const targetSql = `CREATE TABLE p (id bigint PRIMARY KEY, a int, b int, UNIQUE (a, b));
  CREATE TABLE c (id bigint PRIMARY KEY, a int, b int, FOREIGN KEY (a, b) REFERENCES p (a, b) MATCH FULL);`;

test('a reference that is NULL in part is refused by key where the target matches it in full, and settled by the policy for orphans', async () => {
  for (const [policy, left] of [
    ['quarantine', ['1,1,1', '3,,']],
    [{ convert: 'set-null' }, ['1,1,1', '2,,', '3,,', '4,,']],
    [{ convert: 'leave-not-valid' }, ['1,1,1', '2,1,', '3,,', '4,,9']],
  ] as const) {
    await withDatabase((url, client) =>
      withFolder(async (folder) => {
        await client.query(targetSql);
        const args = ['migrate', '--source', makeSqlite(folder, sourceSql), '--target', url];
        const refused = await runJson(args, { cwd: folder });
        assert.equal(refused.exitCode, 20, refused.stderr);
        const told = refused.json.findings.filter(({ severity }) => severity === 'error');
        assert.deepEqual(
          told.map(({ code, table }) => [code, table]),
          [['plan.orphans', 'c']],
        );
        assert.match(told[0]?.message ?? '', /^2 rows have NULL in some of \(a, b\).* example id=2; id=4$/);

        const config = join(folder, 'config.json');
        writeFileSync(config, JSON.stringify({ tableRules: { c: { policies: { orphan: policy } } } }));
        const ended = await runJson([...args, '--config', config], { cwd: folder });
        assert.equal(ended.exitCode, 0, ended.stderr);
        const { rows } = await client.query<{ v: string }>(
          `SELECT format('%s,%s,%s', id, a, b) AS v FROM c ORDER BY id`,
        );
        assert.deepEqual(
          rows.map(({ v }) => v),
          left,
        );
        const { rows: valid } = await client.query(
          `SELECT convalidated AS v FROM pg_constraint WHERE conname = 'c_a_b_fkey'`,
        );
        assert.deepEqual(valid, [{ v: typeof policy === 'string' || policy.convert === 'set-null' }]);
      }),
    );
  }
});
