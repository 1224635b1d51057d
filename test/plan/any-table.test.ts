import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAnyTable } from '../../src/plan/any-table.js';
import { Database } from '../../src/source/sqlite.js';
import { readSourceCatalog } from '../../src/source/catalog/catalog.js';

function findingsOf(sql: string, exclude: readonly string[] = []): readonly string[] {
  const db = new Database(':memory:');
  try {
    db.exec(sql);
    return checkAnyTable(readSourceCatalog(db), { tables: null, exclude }).map(
      ({ severity, code, message, hint }) => `${severity} ${code} ${message} → ${hint}`,
    );
  } finally {
    db.close();
  }
}

const none = 'error plan.no_tables no table of the source would be copied: it holds';

test('a source of which no table would be copied is refused, and what it holds is named', () => {
  assert.deepEqual(findingsOf('CREATE TABLE a (x); CREATE TABLE b (x)', ['a']), []);
  const [empty = ''] = findingsOf('CREATE TABLE a (x); DROP TABLE a');
  assert.ok(empty.startsWith(`${none} nothing at all → name the database`), empty);
  const [views = ''] = findingsOf('CREATE VIEW v AS SELECT 1');
  assert.ok(views.startsWith(`${none} v (view) → name the database`), views);
  const [chosen = ''] = findingsOf('CREATE TABLE a (x)', ['A']);
  assert.ok(chosen.startsWith(`${none} a → --tables and --exclude`), chosen);
});
