import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areWholeDays, needsTimeCounts } from '../../../src/plan/kinds/time-votes.js';
import { columnCensus, counted, integers } from '../fixtures.js';

test('every integer must be counted only where the smallest and the largest leave the unit open', () => {
  assert.equal(needsTimeCounts(integers(0, 1_700_000_000_000)), true);
  assert.equal(needsTimeCounts(integers(1_600_000_000, 1_700_000_000_000)), true);
  assert.equal(needsTimeCounts(integers(1_600_000_000_000, 1_700_000_000_000)), false);
  assert.equal(needsTimeCounts(columnCensus({})), false);
});

test('a column holds whole days only where each of its counted integers is a midnight in that unit', () => {
  const day = 86_400_000;
  assert.equal(areWholeDays(counted([18_000 * day, 19_000 * day]), 'ms'), true);
  assert.equal(areWholeDays(counted([18_000 * day, 19_000 * day + 1]), 'ms'), false);
  const inSeconds = counted([18_001 * 86_400, 19_003 * 86_400]);
  assert.deepEqual([areWholeDays(inSeconds, 's'), areWholeDays(inSeconds, 'ms')], [true, false]);
  assert.equal(areWholeDays(integers(18_000 * day, 19_000 * day), 'ms'), false, 'nobody counted');
  assert.equal(areWholeDays(columnCensus({}), 'ms'), true, 'none is there');
});
