import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindOfResult, timeKindsOf } from '../../src/shadow/result-kinds.js';
import type { Kind } from '../../src/model/kind.js';
import { tablePlan } from '../support/table-plan.js';

const clock = (targetZone?: string): Kind => ({
  tag: 'timestamp',
  precision: 6,
  unit: 's',
  ...(targetZone === undefined ? {} : { targetZone }),
});

function timesOf(...kinds: readonly Kind[]) {
  const table = tablePlan('t', ['a', 'b']);
  return timeKindsOf([{ columns: table.columns.map((column, at) => ({ ...column, kind: kinds[at] ?? column.kind })) }]);
}

test('a timestamp that a read names as it likes is of the zone of all that the plan has', () => {
  const berlin = timesOf(clock('Europe/Berlin'), clock('Europe/Berlin'));
  const made = { name: 'made', type: 'timestamp' };
  assert.deepEqual(kindOfResult(made, berlin), {
    tag: 'timestamp',
    precision: 6,
    unit: 'ms',
    targetZone: 'Europe/Berlin',
  });
  assert.deepEqual(kindOfResult({ name: 'a', type: 'timestamp' }, berlin), clock('Europe/Berlin'));
  assert.deepEqual(kindOfResult({ ...made, type: 'timestamptz' }, berlin), {
    tag: 'timestamptz',
    precision: 6,
    unit: 'ms',
  });
  for (const times of [
    timesOf(clock(), clock()),
    timesOf(clock('Europe/Berlin'), clock()),
    timesOf(clock(), clock('UTC')),
  ])
    assert.deepEqual(kindOfResult(made, times), { tag: 'timestamp', precision: 6, unit: 'ms' });
});
