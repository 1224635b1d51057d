import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { epochs, epochUnits } from '../../../src/lib/time/epochs.js';
import type { ColumnCensus } from '../../../src/model/census.js';
import { chooseTimeUnit, givenTimeUnit } from '../../../src/plan/kinds/time-unit.js';
import type { UnitQuestion } from '../../../src/plan/kinds/unit-choice.js';
import { columnCensus, counted, integers } from '../fixtures.js';
import { runCount } from '../../support/run-count.js';

function choose(census: ColumnCensus, question: Partial<UnitQuestion> = {}) {
  return chooseTimeUnit({ census, declaredType: 'TIMESTAMP', isDate: false, ...question });
}

/** The unit, or the candidates between which nobody but the operator can choose. */
function outcome(census: ColumnCensus, question?: Partial<UnitQuestion>): string | readonly string[] {
  const choice = choose(census, question);
  return choice.tag === 'decided' ? choice.unit : choice.candidates;
}

function reals(...values: readonly number[]): ColumnCensus {
  return columnCensus({ reals: values.length, realMin: Math.min(...values), realMax: Math.max(...values) });
}

const day = 86_400_000;

const cases: readonly (readonly [string, ColumnCensus, string | readonly string[], Partial<UnitQuestion>?])[] = [
  ['digits of year to second without a century', counted([180303235924, 180304000001]), ['YYMMDDHHMMSS']],
  ['digits of year to minute', counted([202301041530, 202301042359]), ['YYYYMMDDHHMM']],
  ['digits of a day', counted([20180303, 20240229]), ['YYYYMMDD']],
  ['digits of year to second', counted([20180303235924, 20240229000000]), ['YYYYMMDDHHMMSS']],
  ['digits of a day without a century', counted([180303, 240229]), ['YYMMDD']],
  ['years', counted([1987, 2024]), ['YYYY']],
  ['digits that are no day are no digits', counted([20181303, 20240229]), []],
  ['days since 1970', counted([15403, 19723]), ['days']],
  ['whole Julian days', counted([2460000, 2460371]), ['julian']],
  ['.NET ticks', counted([638081280000000000n, 638398368000000000n]), ['ticks', 'cocoa_ns', 'ns']],
  ["Windows' FILETIME", counted([133170048000000000n, 133485408000000000n]), ['filetime', 'cocoa_ns', 'ns']],
  ['nanoseconds since 2001', counted([694224000000000000n, 720000000000000000n]), ['cocoa_ns', 'ns']],
  ["Chrome's microseconds", counted([13317091200000000n, 13348800000000000n]), ['webkit']],
  ['OLE days', counted([45000, 45351]), ['ole']],
  ['OLE days as reals', reals(45000.5, 45351.25), ['ole']],
  ["Core Data's seconds", counted([694224000, 720000000]), ['cocoa', 's']],
  ["Core Data's seconds as reals", reals(694224000.5, 720000000.25), ['cocoa', 's']],
  ['seconds since 1904', counted([3_500_000_000, 3_800_000_000]), ['hfs', 's']],
  ['seconds of our years', counted([1_600_000_000, 1_700_000_000]), 's'],
  ['seconds from before and after 2004', counted([500_000_000, 1_700_000_000]), 's'],
  ['reals in seconds', reals(1.6e9, 1.7e9 + 0.5), 's'],
  ['seconds, zero and never', counted([1709208000, 1735689600, 0, 253402300799]), 's'],
  ['never alone', counted([253402300799, 253402300799]), 's'],
  ['a day of 1978 in milliseconds that could be never in seconds', counted([253402300799, 1.7e12]), 'ms'],
  ['milliseconds and never', counted([1.7e12, 253_402_300_799_999]), 'ms'],
  ['one date before 1971 among milliseconds', counted([-6.3e11, 1.6e12, 1.7e12]), 'ms'],
  ['seconds among milliseconds', counted([1_700_000_000, 1.7e12, 1.6e12]), ['s', 'ms']],
  ['dates of birth in milliseconds, in a column of days', counted([-7291 * day, -4522 * day]), 'ms', { isDate: true }],
  ['the same in a column of moments', counted([-7291 * day, -4522 * day]), []],
  ['a declared DATETIME without any vote', counted([-5, 12]), [], { declaredType: 'DATETIME' }],
  [
    'a mark of Core Data where seconds alone would do',
    counted([800_000_000, 1_200_000_000]),
    ['cocoa', 's'],
    { mark: 'cocoa' },
  ],
  ['a mark of Core Data among reals', reals(800_000_000.5, 1_200_000_000.5), ['cocoa', 's'], { mark: 'cocoa' }],
  ['days since 1970 from long ago', counted([-268693, 15403]), ['days'], { isDate: true }],
  ['zeros only', counted([0, 0]), 'ms'],
];

for (const [title, census, expected, question] of cases) {
  test(`${title}: ${typeof expected === 'string' ? `read as ${expected}` : 'refused'}`, () => {
    assert.deepEqual(outcome(census, question), expected);
  });
}

test('a refusal shows what each unit makes of three values', () => {
  const choice = choose(counted([638081280000000000n, 638398368000000000n]));
  assert.equal(choice.tag, 'ambiguous');
  const message = choice.tag === 'ambiguous' ? choice.message : '';
  assert.match(
    message,
    /"ticks": 638081280000000000 is 2023-01-01T00:00:00.000000Z, .* 638398368000000000 is 2024-01-03/,
  );
  assert.match(message, /"ns": 638081280000000000 is 1990-03-22T/);
});

test('without counts nothing is decided that lies between two units', () => {
  assert.deepEqual(outcome(integers(0, 1_700_000_000_000)), ['s', 'ms']);
});

test('a column with few votes says so', () => {
  const choice = choose(counted([-6e11, -5e11, -4e11, 1.6e12]));
  assert.equal(choice.tag, 'decided');
  assert.match(choice.tag === 'decided' ? (choice.doubt ?? '') : '', /only 1 of 4 integers/);
});

test('a unit that the operator names is taken, and shown', () => {
  const choice = givenTimeUnit(counted([694224000, 720000000]), 'cocoa');
  assert.equal(choice.tag === 'decided' ? choice.unit : null, 'cocoa');
  assert.match(choice.tag === 'decided' ? choice.reason : '', /694224000 is 2023-01-01T00:00:00Z/);
});

test('no number of another epoch is ever taken for one since 1970 without a word', () => {
  const others = epochUnits.filter((unit) => !['s', 'ms', 'us', 'ns'].includes(unit));
  const seconds = fc.integer({ min: Date.UTC(2004, 0, 1) / 1000, max: Date.UTC(2035, 0, 1) / 1000 });
  fc.assert(
    fc.property(fc.constantFrom(...others), fc.array(seconds, { minLength: 1, maxLength: 9 }), (unit, moments) => {
      const { micros, per, startDays } = epochs[unit];
      const values = moments.map(
        (second) => ((BigInt(second) - BigInt(startDays) * 86_400n) * 1_000_000n * per) / micros,
      );
      const found = outcome(counted(values));
      assert.ok(typeof found !== 'string' && found.includes(unit), `${unit} ${values.join()} → ${String(found)}`);
    }),
    { numRuns: runCount({ usual: 300, full: 5000 }) },
  );
});
