import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readComments } from '../../../src/translate/table/comment-sql.js';

const cases: readonly (readonly [sql: string, table: string | null, columns: Readonly<Record<string, string>>])[] = [
  ['CREATE TABLE t (a INT, b TEXT)', null, {}],
  ['CREATE TABLE t ( -- people\n a INT, -- first\n b TEXT -- second\n)', 'people', { a: 'first', b: 'second' }],
  ['CREATE TABLE t /* all of them */ (a INT /* in cents */, b TEXT)', 'all of them', { a: 'in cents' }],
  ['CREATE TABLE t (\n  -- who\n  -- owns it\n  a INT,\n  b TEXT)', null, { a: 'who\nowns it' }],
  ['CREATE TABLE t (a INT,\n/**\n * two\n * lines\n */\nb TEXT)', null, { b: 'two\nlines' }],
  ['CREATE TABLE t (a INT,\n -- old INT,\n b TEXT)', null, {}],
  ["CREATE TABLE t (a TEXT DEFAULT '-- none', b TEXT DEFAULT '/* x */')", null, {}],
  ['CREATE TABLE t (a INT CHECK (a > 0 -- positive\n), PRIMARY KEY (a) -- key\n -- end\n)', null, { a: 'positive' }],
  ['CREATE TABLE t ("a b" INT -- spaced\n)', null, { 'a b': 'spaced' }],
  ['CREATE TABLE t (a INT --\n, b INT)', null, {}],
  ['CREATE TABLE t AS SELECT 1', null, {}],
];

for (const [sql, table, columns] of cases) {
  test(`comments of ${JSON.stringify(sql)}`, () => {
    const found = readComments(sql);
    assert.equal(found.table, table);
    assert.deepEqual(Object.fromEntries(found.columns), columns);
  });
}
