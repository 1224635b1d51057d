import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

/** Hex of random bytes, which compression halves; `b` is what an index of two columns can just not hold. */
const sourceSql = `
  CREATE TABLE one (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
  CREATE INDEX one_both ON one (a, b);
  INSERT INTO one VALUES (1, 'x', 'y'), (2, hex(zeroblob(50000)), 'z'), (3, hex(randomblob(2500)), hex(randomblob(2500)));
  CREATE TABLE two (id INTEGER PRIMARY KEY, a BLOB UNIQUE, b TEXT);
  INSERT INTO two VALUES (1, x'00', 'é'), (2, randomblob(2710), 'e');
  CREATE TABLE three (k TEXT PRIMARY KEY, v);
  INSERT INTO three VALUES ('k', 1), (hex(randomblob(6000)), 2);
  -- Compression, a partial index and one over an expression.
  CREATE TABLE four (id INTEGER PRIMARY KEY, a TEXT);
  CREATE INDEX four_a ON four (a);
  CREATE INDEX four_some ON four (a, id) WHERE id > 5;
  INSERT INTO four VALUES (1, hex(zeroblob(60000)));`;

test('rows that are too long for an index are named before the copy, and every way on is one', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(folder, sourceSql);
      const sides = ['--source', source, '--target', url];
      const at = { cwd: folder };
      const refused = await runJson(['migrate', ...sides], at);
      assert.equal(refused.exitCode, 20, refused.stderr);
      const found = refused.json.findings.filter(({ severity }) => severity === 'error');
      assert.deepEqual(
        found.map(({ code, table, object, waiver }) => [code, table, object, waiver]),
        [
          ['plan.index_row_too_large', 'one', 'one_both', 'index:one_both'],
          ['plan.index_row_too_large', 'three', 'three_pkey', undefined],
          ['plan.index_row_too_large', 'two', 'two_a_key', undefined],
        ],
      );
      assert.deepEqual([found[0]?.key, found[2]?.key], ['id=3', 'id=2']);
      assert.match(found[1]?.key ?? '', /^k='[0-9A-F]+…$/);
      assert.match(found[2]?.message ?? '', /index row size 27\d\d exceeds btree version 4 maximum 2704$/);
      const { rows: left } = await client.query(`SELECT 1 FROM pg_class WHERE relname LIKE 'pgferry_index%'`);
      assert.equal(left.length, 0);

      // The line of the hint, and the name of the one that can be done without.
      const [line = ''] = /\{.*\}/.exec(found[2]?.hint ?? '') ?? [];
      const rules = { tableRules: { ...JSON.parse(line).tableRules, three: { policies: { rejected: 'quarantine' } } } };
      writeFileSync(join(folder, 'c.json'), JSON.stringify(rules));
      const ways = ['--keep-constraints', '--config', 'c.json', '--waive', 'index:one_both', '--reset-schema'];
      const done = await runJson(['migrate', ...sides, ...ways], at);
      assert.equal(done.exitCode, 0, done.stderr);
      assert.deepEqual(
        done.json.tables.map(({ table, targetRows, quarantinedRows }) => [table, targetRows, quarantinedRows]).sort(),
        [
          ['four', 1, 0],
          ['one', 3, 0],
          ['three', 1, 1],
          ['two', 1, 1],
        ],
      );
    }),
  );
});
