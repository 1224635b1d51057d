import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BuildCount } from '../../../src/run/load/build-count.js';
import { StepCount } from '../../../src/run/load/step-count.js';

const mebibyte = 1024 * 1024;
const metric = { table: 'metric' };
const host = { table: 'host' };
const planned = [
  { target: 'metric', estimatedBytes: 900 * mebibyte },
  { target: 'host', estimatedBytes: 1000 },
];

test('an index counts by the size of its table, and moves while it is built', () => {
  const count = new BuildCount(planned);
  count.expect([metric, metric, host]);
  assert.deepEqual([count.progress('indexes').done, count.progress('indexes').total], [0, 1801]);
  count.see([{ table: 'metric', share: 0.5 }]);
  const { done, tables, unit } = count.progress('indexes');
  assert.deepEqual(
    { done, tables, unit },
    {
      done: 450,
      tables: [{ table: 'metric', done: 450, total: 1800 }],
      unit: 'parts',
    },
  );
});

test('a build that has ended is not counted a second time as one at work', () => {
  const count = new BuildCount(planned);
  count.expect([metric, metric, host]);
  count.see([
    { table: 'metric', share: 0.25 },
    { table: 'metric', share: 0.75 },
  ]);
  assert.equal(count.progress('indexes').done, 900);
  count.noteDone(metric);
  assert.equal(count.progress('indexes').done, 900 + 225);
  count.noteDone(metric);
  count.noteDone(host);
  const { done, total, tables, tablesDone, tablesTotal } = count.progress('indexes');
  assert.deepEqual([done, tables, tablesDone, tablesTotal], [total, [], 2, 2]);
});

test('builds on tables that nobody expects are of others', () => {
  const count = new BuildCount(planned);
  count.expect([host]);
  count.see([{ table: 'metric', share: 0.5 }]);
  count.noteDone(metric);
  assert.equal(count.progress('indexes').done, 0);
});

test('what is proven is counted in tables', () => {
  const proven = new StepCount('tables');
  proven.expect([metric, host]);
  proven.noteDone(metric);
  const { done, total, unit } = proven.progress('verify');
  assert.deepEqual([done, total, unit], [1, 2, 'tables']);
});
