import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableReport } from '../../../src/model/result.js';
import { columnsTsv, tablesTsv } from '../../../src/report/files/tables-tsv.js';

const table: TableReport = {
  table: 'odd\tname\n',
  sourceRows: 3,
  copiedRows: 3,
  quarantinedRows: 0,
  targetRows: 2,
  keyset: { source: 'aa', target: 'bb' },
  columns: [
    {
      column: 'c\td',
      nulls: { source: 1, target: 2 },
      empty: { source: 3, target: 4 },
      fingerprint: { source: 'cc', target: 'dd' },
    },
  ],
  ok: false,
};

function fieldsOf(text: string): string[][] {
  assert.ok(text.endsWith('\n'));
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => line.split('\t'));
}

test('each table is one line of eight fields, whatever its name holds', () => {
  assert.deepEqual(fieldsOf(tablesTsv([table])), [
    ['table', 'source_rows', 'copied_rows', 'quarantined_rows', 'target_rows', 'source_keyset', 'target_keyset', 'ok'],
    ['odd\\tname\\n', '3', '3', '0', '2', 'aa', 'bb', 'false'],
  ]);
});

test('each column is one line with both sides beside each other', () => {
  assert.deepEqual(fieldsOf(columnsTsv([table])), [
    [
      'table',
      'column',
      'source_nulls',
      'target_nulls',
      'source_empty',
      'target_empty',
      'source_fingerprint',
      'target_fingerprint',
    ],
    ['odd\\tname\\n', 'c\\td', '1', '2', '3', '4', 'cc', 'dd'],
  ]);
});

test('without tables the titles alone are there', () => {
  assert.equal(tablesTsv([]).split('\n').length, 2);
  assert.equal(columnsTsv([]).split('\n').length, 2);
});
