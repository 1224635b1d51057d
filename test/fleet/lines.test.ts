import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitsLine, formatLines, parseLines } from '../../src/fleet/lines.js';

test('a manifest is read as it was written', () => {
  const lines = [
    { source: 'a b.db', schema: 'a_b' },
    { source: '/x/ü.db', schema: null },
  ];
  assert.deepEqual(parseLines(formatLines(lines), 'fleet.tsv'), lines);
  assert.deepEqual(parseLines('# head\r\n\r\nx.db\tX\r\n', 'fleet.tsv'), [{ source: 'x.db', schema: 'X' }]);
});

test('a line that is none is refused by its number', () => {
  for (const line of ['\tschema', 'a.db\t', 'a.db\tb\tc'])
    assert.throws(() => parseLines(`# head\n${line}\n`, 'fleet.tsv'), {
      code: 'usage.fleet_line',
      message: /^line 2 of fleet\.tsv/,
    });
  assert.deepEqual(['a.db', 'a\tb.db', 'a\nb.db', '#a.db', ' '].map(fitsLine), [true, false, false, false, false]);
});
