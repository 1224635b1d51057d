import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../../../src/source/sqlite.js';
import fc from 'fast-check';
import { realText } from '../../../src/encode/value/real-text.js';
import { runCount } from '../../support/run-count.js';

const db = new Database(':memory:');
const cast = db.prepare<[number], string>('SELECT CAST(? AS TEXT)').pluck();

function check(value: number): void {
  assert.equal(realText(value), cast.get(value), String(value));
}

test('any double prints as CAST(x AS TEXT) prints it', () => {
  fc.assert(fc.property(fc.double({ noNaN: true }), check), { numRuns: runCount({ usual: 5_000, full: 100_000 }) });
});

test('decimals of every length and size print as CAST prints them', () => {
  const decimals = fc.tuple(fc.maxSafeNat(), fc.integer({ min: 1, max: 17 }), fc.integer({ min: -40, max: 30 }));
  const toNumber = ([digits, count, exponent]: [number, number, number]): number =>
    Number(`${String(digits).slice(0, count)}e${exponent}`);
  fc.assert(fc.property(decimals.map(toNumber), check), { numRuns: runCount({ usual: 5_000, full: 100_000 }) });
});

test('numbers that begin with 9 print as CAST prints them, though SQLite does not find their shortest form', () => {
  for (const value of [9.51535547851e-10, 9741378202000000000, 9.69021e-7, 0.00098546765366, 9.671e-10, 9.5])
    check(value);
});

test('powers of two and of ten, their neighbours and the odd ones print as CAST prints them', () => {
  for (let power = -1074; power < 1024; power += 1) check(2 ** power);
  for (let power = -323; power < 309; power += 1) {
    check(Number(`1e${power}`));
    check(Number(`9.9999999999999e${power}`));
  }
  for (const value of [0, -0, 1, -1, 1e16, 99999999999999984, Infinity, -Infinity, Number.MAX_VALUE]) check(value);
});
