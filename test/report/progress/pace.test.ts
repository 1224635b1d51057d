import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Progress } from '../../../src/model/event.js';
import { Pace } from '../../../src/report/progress/pace.js';

type Counted = Pick<Progress, 'done' | 'total'>;

/** A pace on a clock that the test moves. */
function paceOnClock() {
  const pace = new Pace();
  return (atMs: number, done: number, parts: Partial<Counted> = {}) =>
    pace.note({ done, total: 100_000, ...parts }, 5000 + atMs);
}

test('the first look tells no rate, later ones tell rate and time left', () => {
  const at = paceOnClock();
  assert.deepEqual(at(0, 0), { perSecond: null, leftMs: null, isStalled: false });
  assert.equal(at(250, 1000).perSecond, null);
  assert.deepEqual(at(1000, 2000), { perSecond: 2000, leftMs: 49_000, isStalled: false });
});

test('rows that an earlier attempt copied do not count into the rate', () => {
  const at = paceOnClock();
  at(0, 90_000);
  assert.deepEqual(at(1000, 91_000), { perSecond: 1000, leftMs: 9000, isStalled: false });
});

test('the rate is that of the last ten seconds, so that it follows a server which slows down', () => {
  const at = paceOnClock();
  for (let second = 0; second <= 20; second++) at(second * 1000, second * 1000);
  for (let second = 21; second <= 40; second++) at(second * 1000, 20_000 + (second - 20) * 10);
  assert.equal(at(41_000, 20_210).perSecond, 10);
});

test('a chunk that is rolled back makes no negative rate', () => {
  const at = paceOnClock();
  at(0, 5000);
  assert.deepEqual(at(1000, 1000), { perSecond: 0, leftMs: null, isStalled: false });
});

test('when all rows are there no time is left to tell', () => {
  const at = paceOnClock();
  at(0, 0);
  assert.equal(at(1000, 100_000).leftMs, null);
});

test('half a minute without progress is a stall, but not once all is done', () => {
  const at = paceOnClock();
  at(0, 10);
  assert.equal(at(29_000, 10).isStalled, false);
  assert.equal(at(31_000, 10).isStalled, true);
  assert.equal(at(31_500, 10, { total: 10 }).isStalled, false);
  assert.equal(at(32_000, 11).isStalled, false);
});
