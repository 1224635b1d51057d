import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normalizeDecimal, scaleToInteger } from '../../src/verify/decimal.js';
import { canonicalJson } from '../../src/verify/json.js';
import { type CanonicalMoment, readEpoch, readStamp } from '../../src/verify/moment.js';
import { runCount } from '../support/run-count.js';

const runs = { numRuns: runCount({ usual: 500, full: 100_000 }) };

function stamp(text: string): CanonicalMoment | null {
  const out = { seconds: 0, micros: 0 };
  const bytes = Buffer.from(`xx${text}99`);
  return readStamp(bytes, 2, bytes.length - 2, out) ? out : null;
}

test('a decimal has one plain form', () => {
  const forms: readonly (readonly [string, string | null])[] = [
    ['0', '0'],
    ['-0.00', '0'],
    ['+007.50', '7.5'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['1e3', '1000'],
    ['-1.25E-3', '-0.00125'],
    ['12345e-2', '123.45'],
    [' 42 ', '42'],
    ['0e999999999', '0'],
    ['1e999999999', null],
    ['', null],
    ['.', null],
    ['1,5', null],
    ['0x10', null],
    ['1_000', null],
  ];
  for (const [text, plain] of forms) assert.equal(normalizeDecimal(text), plain, text);
});

test('every double survives its plain decimal', () => {
  const property = fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
    const plain = normalizeDecimal(String(value));
    assert.ok(plain !== null && !/e/i.test(plain));
    assert.equal(Number(plain), value === 0 ? 0 : value);
  });
  fc.assert(property, runs);
});

test('a decimal is scaled exactly or not at all', () => {
  assert.equal(scaleToInteger('-0.5', 3), -500n);
  assert.equal(scaleToInteger('-0.5', 0), null);
  assert.equal(scaleToInteger('1500', -3), null);
  assert.equal(scaleToInteger('-2000', -3), -2n);
  assert.equal(scaleToInteger('9223372036854775807', 6), 9223372036854775807000000n);
});

test('JSON has one canonical text, and what is no JSON has none', () => {
  assert.equal(canonicalJson(' {"b":[1.0,-0,1E2], "a":{"\\u0078":null}, "b":true} '), '{"a":{"x":null},"b":true}');
  assert.equal(canonicalJson('9007199254740993.10'), '9007199254740993.1');
  assert.equal(canonicalJson('"\\\\"'), '"\\\\"');
  for (const text of [
    '',
    '{',
    '[1,]',
    '{"a"}',
    '01',
    '+1',
    '1.',
    "'a'",
    '"\n"',
    '"\\x"',
    'nul',
    '1 2',
    '[',
    '"\\"',
    '{"a":1,}',
  ]) {
    assert.equal(canonicalJson(text), null, text);
  }
  assert.equal(canonicalJson('['.repeat(1_000_000)), null);
  assert.equal(canonicalJson(`"${'x'.repeat(5_000_000)}"`)?.length, 5_000_002);
});

test('canonical JSON means the same value, whatever the order of keys', () => {
  const property = fc.property(fc.jsonValue(), (value) => {
    const canonical = canonicalJson(JSON.stringify(value));
    assert.ok(canonical !== null);
    // jsonb's numbers have no negative zero.
    const unsigned = JSON.parse(JSON.stringify(value), (_, part) => (Object.is(part, -0) ? 0 : part));
    assert.deepEqual(JSON.parse(canonical), unsigned);
    assert.equal(canonicalJson(canonical), canonical);
  });
  fc.assert(property, runs);
});

test('every date of ECMAScript is read as the same moment, in all its forms', () => {
  const property = fc.property(fc.date({ noInvalidDate: true }), (date) => {
    const expected = {
      seconds: Math.floor(date.getTime() / 1000),
      micros: (((date.getTime() % 1000) + 1000) % 1000) * 1000,
    };
    const iso = date.toISOString();
    for (const text of [iso, iso.replace('T', ' ').replace('Z', '+00'), iso.replace('Z', '+00:00')]) {
      assert.deepEqual(stamp(text), expected, text);
    }
    const out = { seconds: 0, micros: 0 };
    assert.ok(readEpoch(String(date.getTime()), 'ms', out));
    assert.deepEqual(out, expected);
  });
  fc.assert(property, runs);
});

test('what is no day, no time or finer than microseconds is not read', () => {
  for (const text of [
    '2023-02-29 00:00:00',
    '2024-13-01',
    '2024-00-10',
    '2024-01-01 24:00:01',
    '2024-01-01 23:60:00',
    '2024-01-01 00:00:00.1234567',
    '2024-01-01 00:00:00.',
    '2024-01-01T',
    '2024-01-01 0:00',
    '24-01-01',
    '2024-01-01 00:00:00+0',
    '2024/01/01 00:00:00',
    'now',
    '',
  ]) {
    assert.equal(stamp(text), null, text);
  }
  assert.deepEqual(stamp('2024-01-01 00:00:00.1234560'), { seconds: 1704067200, micros: 123456 });
});
