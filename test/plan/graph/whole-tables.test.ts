import assert from 'node:assert/strict';
import test from 'node:test';
import type { Policies } from '../../../src/model/rules.js';
import { type CutTable, joinWholeTables } from '../../../src/plan/graph/whole-tables.js';

const MB = 1_000_000;

function tableOf(source: string, estimatedBytes: number, parts: { rows?: number; policies?: Policies } = {}): CutTable {
  const { rows = 0, policies = {} } = parts;
  const chunk = (index: number) => ({ table: source, index, range: { tag: 'whole' as const } });
  const pieces = Math.max(1, Math.ceil(estimatedBytes / (16 * MB)));
  const size = { estimatedRows: rows / pieces, estimatedBytes: estimatedBytes / pieces };
  const chunks = Array.from({ length: pieces }, (_, index) => ({ ...chunk(index), ...size }));
  return { source, rows, estimatedBytes, chunks, columns: [], policies };
}

/** Which tables go whole over so many streams. */
function wholes(tables: readonly CutTable[], streams: number): string[] {
  return joinWholeTables(tables, { streams, streamsOfLongRows: streams, bytesMax: 512 * 1024 * 1024 })
    .filter(({ chunks }) => chunks.length === 1)
    .map(({ source }) => source);
}

const rows: [what: string, tables: CutTable[], streams: number, expected: string[]][] = [
  ['one table among one stream', [tableOf('a', 90 * MB)], 1, ['a']],
  ['one table that two streams must share stays cut', [tableOf('a', 90 * MB)], 2, []],
  ['two of one size on two streams', [tableOf('a', 90 * MB), tableOf('b', 90 * MB)], 2, ['a', 'b']],
  [
    'the third of three stays cut, for two streams to share',
    ['a', 'b', 'c'].map((of) => tableOf(of, 90 * MB)),
    2,
    ['a', 'b'],
  ],
  ['a giant stays cut and what fits beside it goes whole', [tableOf('a', 400 * MB), tableOf('b', 40 * MB)], 2, ['b']],
  ['more than may be lost is never sent in one', [tableOf('a', 540 * MB), tableOf('b', 530 * MB)], 2, ['b']],
  [
    'rows count beside bytes',
    [tableOf('a', 187 * MB, { rows: 1 * MB }), tableOf('b', 91 * MB, { rows: 3 * MB })],
    2,
    ['a', 'b'],
  ],
  ['a small table is whole whatever the others are', [tableOf('a', 90 * MB), tableOf('b', MB)], 2, ['b']],
  [
    'where a refused row is no reason to stop, chunks stay small',
    [tableOf('a', 90 * MB, { policies: { '*': 'quarantine' } }), tableOf('b', 90 * MB, { policies: { '*': 'fail' } })],
    2,
    ['b'],
  ],
];

for (const [what, tables, streams, expected] of rows) {
  test(`joining chunks: ${what}`, () => assert.deepEqual(wholes(tables, streams), expected));
}

test('where one stream keeps the machine busy, a giant of long rows is shared by two all the same, and no other', () => {
  const options = { streams: 1, streamsOfLongRows: 2, bytesMax: 512 * 1024 * 1024 };
  const wholeOnes = (tables: readonly CutTable[]) =>
    joinWholeTables(tables, options).flatMap(({ source, chunks }) => (chunks.length === 1 ? [source] : []));
  const [long, short] = [tableOf('long', 90 * MB, { rows: 10_000 }), tableOf('short', 90 * MB, { rows: 100_000 })];
  assert.deepEqual(wholeOnes([long]), []);
  assert.deepEqual(wholeOnes([short]), ['short']);
  assert.deepEqual(wholeOnes([tableOf('giant', 400 * MB, { rows: 10_000 }), long, short]), ['long', 'short']);
});

test('a table that goes whole is one chunk with all its rows and bytes', () => {
  const one = { streams: 1, streamsOfLongRows: 1, bytesMax: 90 * MB };
  const [joined] = joinWholeTables([tableOf('a', 90 * MB, { rows: 7 })], one);
  const size = { estimatedRows: 7, estimatedBytes: 90 * MB };
  assert.deepEqual(joined?.chunks, [{ table: 'a', index: 0, range: { tag: 'whole' }, ...size }]);
});
