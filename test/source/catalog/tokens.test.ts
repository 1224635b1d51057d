import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readCreateTable } from '../../../src/source/catalog/create-table.js';
import { readTokens } from '../../../src/source/catalog/tokens.js';
import { runCount } from '../../support/run-count.js';

const runs = runCount({ usual: 300, full: 20_000 });

// 1. Tokens

const tokenRows: readonly [string, string][] = [
  ['a \'b\'\'c\' "d""e" `f``g` [h i]', 'word:a string:b\'c name:d"e name:f`g name:h i'],
  ['-- x\na/* y\n*/b', 'word:a word:b'],
  ["'--' /*'*/ x", 'string:-- word:x'],
  ['über_1$ (1.5)', 'word:über_1$ mark:( word:1 mark:. word:5 mark:)'],
];

for (const [sql, expected] of tokenRows) {
  test(`the tokens of ${JSON.stringify(sql)} respect quotes and comments`, () => {
    assert.equal([...readTokens(sql)].map(({ tag, text }) => `${tag}:${text}`).join(' '), expected);
  });
}

test('any text at all is cut into tokens, and long literals do not exhaust the stack', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (sql) => {
      for (const { text } of readTokens(sql)) assert.ok(text.length <= sql.length);
    }),
    { numRuns: runs },
  );
  assert.equal([...readTokens(`'${"''x".repeat(2_000_000)}'`)].length, 1);
});

// 2. What only the text says

test('AUTOINCREMENT counts only as a bare word', () => {
  assert.equal(readCreateTable('CREATE TABLE t(id INTEGER PRIMARY KEY /* no */ autoincrement)').isAutoincrement, true);
  assert.equal(readCreateTable('CREATE TABLE t(id INTEGER, PRIMARY KEY(id AUTOINCREMENT))').isAutoincrement, true);
  const hidden = `CREATE TABLE t(id INTEGER PRIMARY KEY, "AUTOINCREMENT" TEXT DEFAULT 'AUTOINCREMENT' -- AUTOINCREMENT\n)`;
  assert.equal(readCreateTable(hidden).isAutoincrement, false);
});

test('a collation belongs to the column whose definition it stands in', () => {
  const sql = `CREATE TABLE "t(,"(a TEXT CHECK(a COLLATE rtrim <> 'x,'), b DECIMAL(10, 2) collate NoCase, c DEFAULT (1 + (2)) COLLATE "my,own",
    d, PRIMARY KEY(a COLLATE NOCASE) UNIQUE(d COLLATE RTRIM))`;
  assert.deepEqual(
    [0, 1, 2, 3].map((at) => readCreateTable(sql).collations[at]),
    [undefined, 'NOCASE', 'my,own', undefined],
  );
});

test('a DEFERRABLE clause belongs to the foreign key before it', () => {
  const sql = `CREATE TABLE t(a REFERENCES p DEFERRABLE INITIALLY DEFERRED, b REFERENCES p(x) ON DELETE CASCADE NOT DEFERRABLE INITIALLY DEFERRED,
    c REFERENCES p, d REFERENCES p DEFERRABLE, FOREIGN KEY (c) REFERENCES p(y) DEFERRABLE INITIALLY IMMEDIATE FOREIGN KEY (d) REFERENCES q)`;
  assert.deepEqual(readCreateTable(sql).deferrables, ['deferred', 'no', 'no', 'immediate', 'immediate', 'no']);
  assert.deepEqual(readCreateTable('CREATE TABLE t(a DEFERRABLE)').deferrables, []);
});
