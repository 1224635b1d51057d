import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitsLine, formatLines, parseLines } from '../../src/fleet/lines.js';

test('a manifest is read as it was written', () => {
  const lines = [
    { source: 'a b.db', schema: 'a_b', options: null },
    { source: '/x/ü.db', schema: null, options: null },
    { source: 'c.db', schema: 'c', options: { zone: 'UTC' } },
    { source: 'd.db', schema: null, options: { tables: ['a\tb'] } },
  ];
  assert.deepEqual(parseLines(formatLines(lines), 'fleet.tsv'), lines);
  assert.deepEqual(parseLines('\uFEFFx.db\tX\n', 'fleet.tsv')[0]?.source, 'x.db');
  assert.deepEqual(parseLines('# head\r\n\r\nx.db\tX\r\n', 'fleet.tsv'), [
    { source: 'x.db', schema: 'X', options: null },
  ]);
});

test('a source that holds a secret is refused by its line, and the secret is not repeated', () => {
  assert.throws(() => parseLines('a.db\nfile:b.db?password=c4nary\tb\n', 'fleet.tsv'), {
    code: 'usage.secret',
    message: 'the source in line 2 of fleet.tsv cannot be "file:b.db?password=…": it holds a secret',
  });
});

test('a line that is none is refused by its number', () => {
  for (const line of ['\tschema', 'a.db\t', 'a.db\tb\tc', 'a.db\tb\t[]', 'a.db\tb\t{}\t'])
    assert.throws(() => parseLines(`# head\n${line}\n`, 'fleet.tsv'), {
      code: 'usage.fleet_line',
      message: /^line 2 of fleet\.tsv/,
    });
  assert.deepEqual(['a.db', 'a\tb.db', 'a\nb.db', '#a.db', ' '].map(fitsLine), [true, false, false, false, false]);
});
