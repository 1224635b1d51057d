import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import fc from 'fast-check';
import { CopierError } from '../../src/model/error.js';
import type { Kind } from '../../src/model/kind.js';
import type { SqliteValue } from '../../src/model/value.js';
import { withDatabase } from '../support/database.js';
import { encodeAll, encoderFor, planOf, viewOf } from './sample.js';
import { runCount } from '../support/run-count.js';

const big = 2n ** 60n + 1n;
const blob = Buffer.from([1, 2]);
const numeric = (precision: number, scale: number): Kind => ({ tag: 'numeric', precision, scale });
const timestamp = (precision: number, unit: 's' | 'ms' | 'us' | 'ns' | 'julian' = 'ms'): Kind => ({
  tag: 'timestamp',
  precision,
  unit,
});

const rows: readonly [Kind, SqliteValue, string][] = [
  [{ tag: 'bool' }, 2n, 'data.not_a_bool'],
  [{ tag: 'bool' }, 0.5, 'data.not_a_bool'],
  [{ tag: 'bool' }, 'maybe', 'data.not_a_bool'],
  [{ tag: 'bool' }, '', 'data.not_a_bool'],
  [{ tag: 'bool' }, blob, 'data.blob'],
  [{ tag: 'int2' }, 32768n, 'data.out_of_range'],
  [{ tag: 'int2' }, -32769n, 'data.out_of_range'],
  [{ tag: 'int4' }, 2n ** 31n, 'data.out_of_range'],
  [{ tag: 'int4' }, big, 'data.out_of_range'],
  [{ tag: 'int4' }, 1.5, 'data.not_an_integer'],
  [{ tag: 'int4' }, Infinity, 'data.not_an_integer'],
  [{ tag: 'int4' }, ' 5', 'data.not_an_integer'],
  [{ tag: 'int4' }, '', 'data.not_an_integer'],
  [{ tag: 'int4' }, '-', 'data.not_an_integer'],
  [{ tag: 'int4' }, '5.0', 'data.not_an_integer'],
  [{ tag: 'int4' }, '99999999999999999999', 'data.out_of_range'],
  [{ tag: 'int4' }, blob, 'data.blob'],
  [{ tag: 'int8' }, 2 ** 63, 'data.out_of_range'],
  [{ tag: 'int8' }, '9223372036854775808', 'data.out_of_range'],
  [{ tag: 'float8' }, big, 'data.inexact'],
  [{ tag: 'float8' }, 'nan', 'data.not_a_number'],
  [{ tag: 'float8' }, '0x10', 'data.not_a_number'],
  [{ tag: 'float8' }, '1e400', 'data.out_of_range'],
  [{ tag: 'float8' }, '1e-400', 'data.out_of_range'],
  [{ tag: 'float4' }, 0.123456789, 'data.inexact'],
  [{ tag: 'float4' }, 16777217n, 'data.inexact'],
  [numeric(4, 2), 100n, 'data.numeric_overflow'],
  [numeric(4, 2), '0.001', 'data.inexact'],
  [numeric(4, 2), 0.1 + 0.2, 'data.inexact'],
  [numeric(4, 2), -Infinity, 'data.numeric_overflow'],
  [numeric(2, -1), '1005', 'data.numeric_overflow'],
  [numeric(3, -1), '1005', 'data.inexact'],
  [numeric(2, 4), '0.01', 'data.numeric_overflow'],
  [numeric(4, 2), '1,5', 'data.not_a_number'],
  [numeric(4, 2), '1e', 'data.not_a_number'],
  [{ tag: 'numeric', precision: null, scale: null }, '1e131073', 'data.out_of_range'],
  [{ tag: 'text', maxChars: null }, blob, 'data.blob_in_text'],
  [{ tag: 'text', maxChars: 3 }, 'éééé', 'data.too_long'],
  [{ tag: 'text', maxChars: 3 }, 1234n, 'data.too_long'],
  [{ tag: 'char', chars: 2 }, 'a  ', 'data.too_long'],
  [{ tag: 'bytea' }, 'text', 'data.text_in_blob'],
  [{ tag: 'bytea' }, 5n, 'data.number_in_blob'],
  [{ tag: 'uuid' }, '123', 'data.not_a_uuid'],
  [{ tag: 'uuid' }, '{00000000-0000-0000-0000-000000000000', 'data.not_a_uuid'],
  [{ tag: 'uuid' }, blob, 'data.not_a_uuid'],
  [{ tag: 'json' }, Infinity, 'data.not_json'],
  [{ tag: 'enum', labels: ['a', 'bc'] }, 'bd', 'data.enum_label'],
  [{ tag: 'enum', labels: ['1'] }, 1n, 'data.enum_label'],
  [{ tag: 'date' }, '2023-02-29', 'data.not_a_date'],
  [{ tag: 'date' }, '2023-02-28 00:00:01', 'data.not_a_date'],
  [{ tag: 'date' }, '2023-02-28 00:00+02', 'data.not_a_date'],
  [{ tag: 'date' }, 86_400_001n, 'data.not_a_date'],
  [{ tag: 'date' }, '-4713-11-23', 'data.out_of_range'],
  [{ tag: 'time', precision: 0 }, '10:00:00.5', 'data.precision_loss'],
  [{ tag: 'time', precision: 6 }, '24:00:00.0000001', 'data.not_a_time'],
  [{ tag: 'time', precision: 6 }, '10:00+02', 'data.not_a_time'],
  [{ tag: 'time', precision: 6 }, 10n, 'data.not_a_time'],
  [timestamp(3), '2023-02-30', 'data.not_a_timestamp'],
  [timestamp(3), '2023-02-03 10', 'data.not_a_timestamp'],
  [timestamp(3), '10000-01-01', 'data.not_a_timestamp'],
  [timestamp(3), '-0000-01-01', 'data.not_a_timestamp'],
  [timestamp(3), '2023-02-03 10:00:00.1234567890', 'data.not_a_timestamp'],
  [timestamp(3), '2023-02-03 10:00:00.1234', 'data.precision_loss'],
  [timestamp(6), '2023-02-03 10:00:00.1234567', 'data.precision_loss'],
  [timestamp(0), 1001n, 'data.precision_loss'],
  [timestamp(3), 1.5, 'data.precision_loss'],
  [timestamp(6), 1.00005, 'data.precision_loss'],
  [timestamp(6, 'ns'), 1001n, 'data.precision_loss'],
  [timestamp(6, 'ns'), big, 'data.precision_loss'],
  [timestamp(6, 'julian'), 2460000.1234567, 'data.precision_loss'],
  [timestamp(6, 's'), 2 ** 60, 'data.out_of_range'],
  [timestamp(6, 's'), 1e300, 'data.out_of_range'],
  [timestamp(6), Infinity, 'data.not_a_timestamp'],
  [timestamp(6), '+294277-01-01', 'data.out_of_range'],
  [timestamp(6), blob, 'data.blob'],
];

for (const [kind, value, code] of rows) {
  test(`${JSON.stringify(kind)} refuses ${typeof value} ${String(value)} as ${code}`, async () => {
    const columns = [
      { name: 'id', type: 'integer', kind: { tag: 'int4' } as const },
      { name: 'v', type: '', kind },
    ];
    for (const format of ['binary', 'text'] as const) {
      const encoder = await encoderFor(planOf(columns, { format }));
      const error = caught(() => encoder.encodeRow(viewOf([5n, value])));
      assert.equal(error.code, code);
      assert.deepEqual([error.table, error.column, error.key, error.exitCode], ['Sample', 'v', 'id=5', 23]);
      assert.match(error.message, /table Sample, column v, key id=5: /);
      assert.notEqual(error.hint, '');
    }
  });
}

function caught(act: () => void): CopierError {
  try {
    act();
  } catch (error) {
    if (error instanceof CopierError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('the offending value is shown short and on one line', async () => {
  const encoder = await encoderFor(planOf([{ name: 'v', type: '', kind: { tag: 'int4' } }]));
  const error = caught(() => encoder.encodeRow(viewOf([`a\n\u001b[31m\u202e${'x'.repeat(500)}`])));
  assert.match(error.message, /'a\\u\{a\}\\u\{1b\}\[31m\\u\{202e\}x+…$/);
  assert.ok(error.message.length < 280);
});

test('a higher precision is proposed only where one keeps the value', async () => {
  const time: Kind = { tag: 'time', precision: 3 };
  const cases: readonly (readonly [Kind, SqliteValue, boolean])[] = [
    [timestamp(3), '2023-02-03 10:00:00.1234', true],
    [timestamp(3), '2023-02-03 10:00:00.1234567', false],
    [timestamp(6), '2023-02-03 10:00:00.1234567', false],
    [timestamp(6), 1.00005, false],
    [timestamp(6, 'ns'), 1_700_000_000_000_000_001n, false],
    [timestamp(3, 'us'), 1_700_000_000_000_001n, true],
    [time, '10:00:00.1234', true],
    [time, '10:00:00.1234567', false],
  ];
  for (const [kind, value, isProposed] of cases) {
    const encoder = await encoderFor(planOf([{ name: 'v', type: '', kind }]));
    const { code, hint } = caught(() => encoder.encodeRow(viewOf([value])));
    assert.equal(code, 'data.precision_loss');
    assert.equal(/higher precision/.test(hint ?? ''), isProposed, `${JSON.stringify(kind)} ${String(value)}: ${hint}`);
  }
});

test('times at the edge of the day are taken or refused as PostgreSQL does', async () => {
  const times = [
    '24:00:00',
    '24:00:01',
    '24:01',
    '25:00',
    '23:59:60',
    '23:59:60.5',
    '12:30:60',
    '12:30:60.5',
    '12:30:61',
    '12:60',
    '00:00',
    '24:00',
  ];
  await withDatabase(async (_url, client) => {
    for (const tag of ['time', 'timestamp'] as const) {
      for (const time of times) {
        const text = tag === 'time' ? time : `2020-12-31 ${time}`;
        const isTaken = await client.query(`SELECT $1::${tag}`, [text]).then(
          () => true,
          () => false,
        );
        const kind: Kind = tag === 'time' ? { tag, precision: 6 } : timestamp(6);
        const isEncoded = await encodeAll(planOf([{ name: 'v', type: '', kind }]), [[text]]).then(
          () => true,
          () => false,
        );
        assert.equal(isEncoded, isTaken, `${tag} ${text}`);
      }
    }
  });
});

test('offsets are taken or refused as PostgreSQL does', async () => {
  const offsets = ['+15:59', '+16', '-15', '+00:60', '+1', '+', 'z', '+5:30', '+05:3', '+053', '+0530'];
  await withDatabase(async (_url, client) => {
    for (const offset of offsets) {
      const text = `2020-12-31 10:00:00${offset}`;
      const isTaken = await client.query('SELECT $1::timestamptz', [text]).then(
        () => true,
        () => false,
      );
      const isEncoded = await encodeAll(planOf([{ name: 'v', type: '', kind: timestamp(6) }]), [[text]]).then(
        () => true,
        () => false,
      );
      assert.ok(isTaken || !isEncoded, text);
    }
  });
});

test("every Julian day that SQLite's julianday() makes is taken", async () => {
  const db = new Database(':memory:');
  const julian = db.prepare<[number], number>("SELECT julianday(? / 1000.0, 'unixepoch')").pluck();
  const plan = planOf([{ name: 'v', type: '', kind: timestamp(3, 'julian') }]);
  const ms = fc.sample(fc.integer({ min: -62e12, max: 253e12 }), runCount({ usual: 500, full: 10_000 }));
  await encodeAll(
    plan,
    ms.map((value) => [julian.get(value) ?? null]),
  );
  db.close();
});
