import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dateOf, daysOf, isDate } from '../../../src/encode/time/temporal.js';

const DAY_MS = 86_400_000;
const EPOCH_MS = Date.UTC(2000, 0, 1);

test('days and dates agree with ECMAScript on every day of five centuries, before and after year 0', () => {
  for (const first of [-1_000_000, -730_500, -200_000, -10]) {
    for (let days = first; days < first + 146_100 + 36_600; days += 1) {
      const date = new Date(EPOCH_MS + days * DAY_MS);
      const wanted = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
      const found = dateOf(days);
      if (found.year !== wanted.year || found.month !== wanted.month || found.day !== wanted.day)
        assert.deepEqual(found, wanted);
      if (daysOf(wanted.year, wanted.month, wanted.day) !== days)
        assert.equal(daysOf(wanted.year, wanted.month, wanted.day), days);
    }
  }
});

test('the calendar has the days it has', () => {
  assert.deepEqual(
    [1900, 2000, 2023, 2024].map((year) => isDate(year, 2, 29)),
    [false, true, false, true],
  );
  assert.deepEqual(
    [isDate(2024, 4, 31), isDate(2024, 13, 1), isDate(2024, 0, 1), isDate(2024, 1, 0)],
    [false, false, false, false],
  );
});
