import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { epochUnits, readCalendarDigits } from '../../../src/lib/time/epochs.js';
import { momentOfNumber, momentOfWide } from '../../../src/encode/time/epoch.js';
import { createMoment, UNIX_EPOCH_DAYS } from '../../../src/encode/time/temporal.js';
import { Misfit } from '../../../src/encode/value/misfit.js';
import type { TimeUnit } from '../../../src/model/kind.js';
import { readEpoch } from '../../../src/verify/moment.js';

/** Microseconds since 1970 that the encoder makes of a number, or the code of its refusal. */
function encoded(value: number | bigint, unit: TimeUnit): bigint | string {
  const moment = createMoment();
  try {
    if (typeof value === 'bigint') momentOfWide(moment, value, unit);
    else momentOfNumber(moment, value, unit);
  } catch (error) {
    if (error instanceof Misfit) return error.code;
    throw error;
  }
  return BigInt(moment.days + UNIX_EPOCH_DAYS) * 86_400_000_000n + BigInt(moment.micros);
}

/** The same from the verifier, which reads for itself; null where it reads none. */
function verified(text: string, unit: TimeUnit): bigint | null {
  const moment = { seconds: 0, micros: 0 };
  return readEpoch(text, unit, moment) ? BigInt(moment.seconds) * 1_000_000n + BigInt(moment.micros) : null;
}

const examples: readonly (readonly [number | bigint, TimeUnit, string])[] = [
  [694224000.5, 'cocoa', '2023-01-01T00:00:00.500Z'],
  [638081280000000000n, 'ticks', '2023-01-01T00:00:00.000Z'],
  [13317091200000000n, 'webkit', '2023-01-02T00:00:00.000Z'],
  [3755376000, 'hfs', '2023-01-01T00:00:00.000Z'],
  [133170048000000000n, 'filetime', '2023-01-01T00:00:00.000Z'],
  [694224000000000000n, 'cocoa_ns', '2023-01-01T00:00:00.000Z'],
  [45350.75, 'ole', '2024-02-28T18:00:00.000Z'],
  [45350 + 45_296_789 / 86_400_000, 'ole', '2024-02-28T12:34:56.789Z'],
  [-2, 'ole', '1899-12-28T00:00:00.000Z'],
  [15403, 'days', '2012-03-04T00:00:00.000Z'],
  [-268693, 'days', '1234-05-06T00:00:00.000Z'],
  [15403.5, 'days', '2012-03-04T12:00:00.000Z'],
  [180303235924, 'YYMMDDHHMMSS', '2018-03-03T23:59:24.000Z'],
  [80303235924, 'YYMMDDHHMISS', '2008-03-03T23:59:24.000Z'],
  [690101000000, 'YYMMDDHHMISS', '1969-01-01T00:00:00.000Z'],
  [20240229, 'YYYYMMDD', '2024-02-29T00:00:00.000Z'],
  [29022024, 'DDMMYYYY', '2024-02-29T00:00:00.000Z'],
  [1987, 'YYYY', '1987-01-01T00:00:00.000Z'],
];

test('numbers of every epoch and calendar are the moments that they mean, for the copy and for verify', () => {
  for (const [value, unit, iso] of examples) {
    const micros = BigInt(Date.parse(iso)) * 1000n;
    assert.equal(encoded(value, unit), micros, `${value} ${unit}`);
    assert.equal(verified(String(value), unit), micros, `verify: ${value} ${unit}`);
  }
});

const refused: readonly (readonly [number | bigint, TimeUnit, string])[] = [
  [20230229, 'YYYYMMDD', 'data.not_a_timestamp'],
  [-1.25, 'ole', 'data.not_a_timestamp'],
  [2024022, 'YYYYMMDD', 'data.not_a_timestamp'],
  [120240229, 'YYYYMMDD', 'data.not_a_timestamp'],
  [-20240229, 'YYYYMMDD', 'data.not_a_timestamp'],
  [20240229.5, 'YYYYMMDD', 'data.not_a_timestamp'],
  [202402292400, 'YYYYMMDDHHMI', 'data.not_a_timestamp'],
  [638081280000000001n, 'ticks', 'data.precision_loss'],
  [0.1, 'us', 'data.precision_loss'],
];

test('what is no date, or finer than a microsecond, is refused', () => {
  for (const [value, unit, code] of refused) {
    assert.equal(encoded(value, unit), code, `${value} ${unit}`);
    assert.equal(verified(String(value), unit), null, `verify: ${value} ${unit}`);
  }
});

test('calendar digits have a year, and each smaller part only beside the larger ones', () => {
  const good = ['YYYY', 'YYMMDD', 'DDMMYYYY', 'YYYYMMDDHHMMSS', 'YYYYMMDDHHMISS', 'YYYYMM'];
  const bad = ['', 'MMDD', 'YYYYDD', 'YYYYYY', 'YYYYMMDDSS', 'YYYYMMMM', 'yyyymmdd', 'YYYY-MM-DD'];
  for (const pattern of good) assert.notEqual(readCalendarDigits(pattern), null, pattern);
  for (const pattern of bad) assert.equal(readCalendarDigits(pattern), null, pattern);
});

test('the copy and verify agree on integers of every unit', () => {
  const units = fc.constantFrom<TimeUnit>(...epochUnits, 'YYYYMMDD', 'YYMMDDHHMMSS', 'YYYYMMDDHHMISS');
  const integer = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.integer({ min: 0, max: 99_999_999 }));
  // Beyond these, numbers are beyond any date that either side holds.
  const isFar = (unit: TimeUnit, value: number) => Math.abs(value) > (unit === 'days' || unit === 'ole' ? 1e8 : 1e15);
  fc.assert(
    fc.property(units, integer, (unit, value) => {
      fc.pre(!isFar(unit, value));
      const mine = encoded(value, unit);
      const theirs = verified(String(value), unit);
      assert.equal(typeof mine === 'string' ? null : mine, theirs, `${value} ${unit}`);
    }),
    { numRuns: 2000 },
  );
});
