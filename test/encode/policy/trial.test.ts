import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeTrials, tryRows } from '../../../src/encode/policy/trial.js';
import type { TableTrial } from '../../../src/model/census.js';
import type { Kind } from '../../../src/model/kind.js';
import type { SqliteValue } from '../../../src/model/value.js';
import { planOf, viewOf } from '../sample.js';

/** Tries values of one column beside an integer key that begins at `first`. */
function tryColumn(kind: Kind, values: readonly SqliteValue[], first = 1): TableTrial {
  const plan = planOf([
    { name: 'id', type: 'integer', kind: { tag: 'int4' } },
    { name: 'v', type: '', kind },
  ]);
  const rows = values.map((value, at) => viewOf([BigInt(first + at), value]));
  return tryRows(rows, plan, [1]);
}

const timestamp: Kind = { tag: 'timestamp', precision: 3, unit: 'ms' };

test('refused values are counted by their code, with the keys of the first three', () => {
  const dates = ['2024-02-29', 'never', null, '', '2024-02-30', 'x', '2024-01-01T00:00:00.0001Z'];
  const [column] = tryColumn(timestamp, dates).columns;
  assert.deepEqual(
    column?.refused.map(({ code, count, examples }) => [code, count, examples.map(({ key }) => key)]),
    [
      ['data.not_a_timestamp', 4, ['id=2', 'id=4', 'id=5']],
      ['data.precision_loss', 1, ['id=7']],
    ],
  );
  assert.equal(column?.refused[0]?.examples[0]?.value, "'never'");
  assert.equal(column?.isWhole, true);
});

test('a temporal column shows one value of each form, and what it becomes', () => {
  const values = [1709251199123n, '2024-02-29 23:59:59', 1709251199124n, '2024-02-29 00:00:00', '2024-02-29'];
  assert.deepEqual(tryColumn(timestamp, values).columns[0]?.converted, [
    { value: '1709251199123', becomes: '2024-02-29 23:59:59.123000' },
    { value: "'2024-02-29 23:59:59'", becomes: '2024-02-29 23:59:59' },
    { value: "'2024-02-29'", becomes: '2024-02-29 00:00:00' },
  ]);
});

test('numbers that the copy writes without a look are judged where they are out of range', () => {
  const [column] = tryColumn({ ...timestamp, unit: 's' }, [1709251199n, 1709251200n, 9_000_000_000_000_000n]).columns;
  assert.deepEqual(
    column?.refused.map(({ code, count }) => [code, count]),
    [['data.out_of_range', 1]],
  );
});

test('JSON is judged as the server would, and what json takes and cannot be read is named', () => {
  const codes = (kind: Kind) =>
    tryColumn(kind, ['{"a":1}', '{', '"\\u0000"', '"\\ud800"', '']).columns[0]?.refused.map(({ code, count }) => [
      code,
      count,
    ]);
  assert.deepEqual(codes({ tag: 'json' }), [
    ['data.not_json', 2],
    ['data.json_nul', 1],
  ]);
  assert.deepEqual(codes({ tag: 'jsonb' }), [
    ['data.not_json', 3],
    ['data.json_nul', 1],
  ]);
});

test('JSON is judged whatever its length', () => {
  const long = ' '.repeat(5_000_000);
  const [column] = tryColumn({ tag: 'json' }, [`[0${long}`, `[0${long}]`, '[0']).columns;
  assert.deepEqual(
    column?.refused.map(({ examples }) => examples.map(({ key }) => key)),
    [['id=1', 'id=3']],
  );
});

test('parts of a table add up, in their order', () => {
  const parts = [tryColumn(timestamp, ['a', '2024-02-29']), tryColumn(timestamp, ['b', 'c', 'd', 5n], 10)];
  const [column] = mergeTrials(parts).columns;
  assert.deepEqual(
    column?.refused.map(({ code, count, examples }) => [code, count, examples.map(({ key }) => key)]),
    [['data.not_a_timestamp', 4, ['id=1', 'id=10', 'id=11']]],
  );
  assert.deepEqual(
    column?.converted.map(({ value }) => value),
    ["'2024-02-29'", '5'],
  );
});

test('a column of refused values only is given up, and says so', () => {
  const [column] = tryColumn(
    { tag: 'bool' },
    Array.from({ length: 100_001 }, () => 2n),
  ).columns;
  assert.equal(column?.refused[0]?.count, 100_000);
  assert.equal(column?.isWhole, false);
});
