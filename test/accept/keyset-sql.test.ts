import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blobsOf, byTexts, keysetOf, keysetSql, type KeyTable } from '../../src/accept/keyset-sql.js';
import type { ColumnPlan } from '../../src/model/plan.js';
import { Database } from '../../src/source/sqlite.js';

function tableOf(column: Pick<ColumnPlan, 'kind' | 'affinity'>): KeyTable {
  const rest = { source: 'k', target: 'k', declaredType: '', targetType: '', reason: '', isTextual: false };
  const key = { origin: 'primary', columns: [0] } as const;
  return { source: 't', target: 't', targetSchema: 's', rowidName: 'rowid', key, columns: [{ ...rest, ...column }] };
}

test('keys are read in an order that stands ready, which a blob among texts does not have', () => {
  const db = new Database(':memory:');
  db.exec("CREATE TABLE t(k TEXT PRIMARY KEY); INSERT INTO t VALUES ('b'), ('c'), (CAST('a' AS BLOB)), (NULL)");
  const sorts = (sql: string) =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .some((step) => /TEMP B-TREE/.test(JSON.stringify(step)));
  const lines = (sql = '') => db.prepare<[], string>(sql).pluck().all();
  const table = tableOf({ kind: { tag: 'text', maxChars: null }, affinity: 'text' });
  const keyset = keysetOf(table);
  const [blobs] = blobsOf(keyset);
  const sql = keysetSql(keyset, table)?.source ?? '';
  assert.ok(!sorts(sql));
  assert.deepEqual(lines(blobs?.sql), [1]);
  assert.deepEqual(lines(keysetSql(byTexts(keyset, ['k']), table)?.source), ['\\N', 'a', 'b', 'c']);
  db.exec("DELETE FROM t WHERE typeof(k) = 'blob'; INSERT INTO t VALUES ('a')");
  assert.deepEqual(lines(blobs?.sql), []);
  assert.deepEqual(lines(sql), ['\\N', 'a', 'b', 'c']);
  db.exec('DROP TABLE t; CREATE TABLE t(k INTEGER PRIMARY KEY); INSERT INTO t VALUES (10), (9), (-5)');
  const numbers = { ...tableOf({ kind: { tag: 'int8' }, affinity: 'integer' }), rowidName: 'k' };
  const ofNumbers = keysetSql(keysetOf(numbers), numbers)?.source ?? '';
  assert.ok(!sorts(ofNumbers));
  assert.deepEqual(lines(ofNumbers), ['-5', '9', '10']);
  db.close();
});
