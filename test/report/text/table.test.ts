import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layOut } from '../../../src/report/text/table.js';

test('columns stand two spaces apart, numbers to the right, no line ends with spaces', () => {
  const text = layOut(
    [{ title: 'table' }, { title: 'rows', align: 'right' }],
    [
      ['t', '1 000'],
      ['longer', '7'],
    ],
  );
  assert.deepEqual(text.split('\n'), ['  table    rows', '  t       1 000', '  longer      7']);
});

test('a cell that is longer than its column allows is cut', () => {
  const text = layOut([{ title: 'table', widthMax: 8 }, { title: 'why' }], [['n'.repeat(300), 'w'.repeat(20)]]);
  assert.deepEqual(text.split('\n'), ['  table     why', `  nnnnnnn…  ${'w'.repeat(20)}`]);
});

test('a cell cannot break out of its line or drive the terminal', () => {
  const text = layOut([{ title: 'table' }], [['a\nb'], ['\u001b[31mred'], ['\u009b1A']]);
  assert.deepEqual(text.split('\n'), ['  table', '  a\\nb', '  \\u001b[31mred', '  \\u009b1A']);
});
