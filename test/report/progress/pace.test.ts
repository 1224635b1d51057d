import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Progress } from '../../../src/model/event.js';
import { Pace } from '../../../src/report/progress/pace.js';

function progress(rows: number, parts: Partial<Progress> = {}): Progress {
  return { rows, rowsTotal: 100_000, bytes: 0, tablesInWork: ['t'], tablesDone: 0, tablesTotal: 1, ...parts };
}

/** A pace on a clock that the test moves. */
function paceOnClock() {
  let nowMs = 5000;
  const pace = new Pace(() => nowMs);
  return (atMs: number, rows: number, parts: Partial<Progress> = {}) => {
    nowMs = 5000 + atMs;
    return pace.note(progress(rows, parts));
  };
}

test('the first look tells no rate, later ones tell rate and time left', () => {
  const at = paceOnClock();
  assert.deepEqual(at(0, 0), { rowsPerSecond: null, leftMs: null, isStalled: false });
  assert.equal(at(250, 1000).rowsPerSecond, null);
  assert.deepEqual(at(1000, 2000), { rowsPerSecond: 2000, leftMs: 49_000, isStalled: false });
});

test('rows that an earlier attempt copied do not count into the rate', () => {
  const at = paceOnClock();
  at(0, 90_000);
  assert.deepEqual(at(1000, 91_000), { rowsPerSecond: 1000, leftMs: 9000, isStalled: false });
});

test('the rate is that of the last ten seconds, so that it follows a server which slows down', () => {
  const at = paceOnClock();
  for (let second = 0; second <= 20; second++) at(second * 1000, second * 1000);
  for (let second = 21; second <= 40; second++) at(second * 1000, 20_000 + (second - 20) * 10);
  assert.equal(at(41_000, 20_210).rowsPerSecond, 10);
});

test('a chunk that is rolled back makes no negative rate', () => {
  const at = paceOnClock();
  at(0, 5000);
  assert.deepEqual(at(1000, 1000), { rowsPerSecond: 0, leftMs: null, isStalled: false });
});

test('when all rows are there no time is left to tell', () => {
  const at = paceOnClock();
  at(0, 0);
  assert.equal(at(1000, 100_000).leftMs, null);
});

test('half a minute without a row is a stall, but only while a table is in work', () => {
  const at = paceOnClock();
  at(0, 10);
  assert.equal(at(29_000, 10).isStalled, false);
  assert.equal(at(31_000, 10).isStalled, true);
  assert.equal(at(31_500, 10, { tablesInWork: [] }).isStalled, false);
  assert.equal(at(32_000, 11).isStalled, false);
});
