import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LossSum } from '../../../src/encode/policy/loss-sum.js';
import { convertValue } from '../../../src/encode/policy/convert.js';
import { RowEdit } from '../../../src/encode/policy/row-edit.js';
import { decimalText, decimalFrom } from '../../../src/lib/number/exact-decimal.js';
import type { ColumnPlan } from '../../../src/model/plan.js';
import type { SqliteValue } from '../../../src/model/value.js';
import { addConverted } from '../../../src/pool/tally.js';
import { planOf, viewOf } from '../sample.js';

const change = fc.record({ digits: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), scale: fc.nat({ max: 22 }) });

test('losses add up exactly, however many there are, and whichever way they come', () => {
  const property = fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
    const sum = new LossSum();
    const parts = changes.map((one) => {
      sum.addExact(one);
      const alone = new LossSum();
      alone.addExact(one);
      return { column: 'c', hazard: 'inexact', rule: 'round', cells: 1, ...alone.result() };
    });
    // Of 10^-22, the finest scale.
    const whole = changes.map(({ digits, scale }) => digits * 10n ** BigInt(22 - scale));
    const text = (digits: bigint) => decimalText({ digits, scale: 22 });
    const sizes = whole.map((one) => (one < 0n ? -one : one));
    const total = (values: readonly bigint[]) => values.reduce((a, b) => a + b, 0n);
    const expected = {
      net: text(total(whole)),
      lost: text(total(sizes)),
      greatest: text([0n, ...sizes].sort((a, b) => (a < b ? -1 : 1)).at(-1) ?? 0n),
    };
    assert.deepEqual(sum.result(), expected);
    const [added] = addConverted(parts.map((one) => [one]));
    const named = { column: 'c', hazard: 'inexact', rule: 'round', cells: changes.length, ...expected };
    assert.deepEqual(added, changes.length === 0 ? undefined : named);
    // What goes away again leaves nothing.
    assert.deepEqual(addConverted([parts], parts), []);
    for (const one of Object.values(expected)) assert.equal(decimalText(decimalFrom(one)), one);
  });
  fc.assert(property, { numRuns: 300 });
});

test('a rule says by how much it changed a value', () => {
  const lossOf = (kind: ColumnPlan['kind'], value: SqliteValue, how: string): string | null => {
    const [hazard = '', rule = ''] = how.split(' ');
    const { columns } = planOf([{ name: 'v', type: '', kind }]);
    const edit = new RowEdit(1);
    edit.load(viewOf([value]));
    const lost = convertValue(edit, 0, columns[0] as ColumnPlan, { hazard, rule });
    return lost === null ? null : decimalText(lost);
  };
  const stamp = { tag: 'timestamp', precision: 3, unit: 'ns' } as const;
  const money = { tag: 'numeric', precision: 10, scale: 2 } as const;
  const short = { tag: 'text', maxChars: 3 } as const;
  assert.deepEqual(
    [
      lossOf(stamp, '2024-01-02 03:04:05.9996', 'precision_loss round'),
      lossOf(stamp, '2024-01-02 03:04:05.999600001Z', 'precision_loss truncate'),
      lossOf(stamp, 1_700_000_000_000_000_001n, 'precision_loss truncate'),
      lossOf(stamp, -1n, 'precision_loss truncate'),
      lossOf(money, '-0.005', 'inexact round'),
      lossOf(money, 0.1 + 0.2, 'inexact truncate'),
      lossOf(short, 'añ€😀', 'too_long truncate'),
      lossOf(short, 'a\0b\0', 'nul_byte strip'),
      lossOf(short, 'a\0b\0', 'nul_byte escape'),
      lossOf({ tag: 'jsonb' }, '["\\u0000\\\\u0000\\u0000"]', 'json_nul strip'),
      lossOf({ tag: 'bool' }, 7n, 'not_a_bool nonzero'),
      lossOf({ tag: 'date' }, 'yesterday', 'not_a_date null'),
      lossOf({ tag: 'bytea' }, 'text', 'text_in_blob utf8'),
      lossOf(stamp, 'yesterday', 'precision_loss round'),
    ],
    [
      '0.0004',
      '-0.000600001',
      '-0.000000001',
      '-0.000999999',
      '-0.005',
      '-0.00000000000000004',
      '-1',
      '-2',
      '0',
      '-2',
      '-6',
      '-9',
      '0',
      null,
    ],
  );
});
