import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contentOf, readTextPattern } from '../../../src/lib/time/text-pattern.js';
import { inverseOf } from '../../../src/encode/inverse/inverse.js';
import { createMoment, UNIX_EPOCH_DAYS } from '../../../src/encode/time/temporal.js';
import { createTemporalReader } from '../../../src/encode/time/temporal-text.js';
import type { Kind } from '../../../src/model/kind.js';
import { readStampText, readTime } from '../../../src/verify/moment.js';
import { isoOfPattern } from '../../../src/verify/pattern-text.js';

const isClock = (pattern: string): boolean => !contentOf(readTextPattern(pattern) ?? []).hasDate;

/** Microseconds since 1970, or in the day, that the copy reads; null where it refuses. */
function copied(text: string, pattern: string): bigint | null {
  const moment = createMoment();
  const reader = createTemporalReader(pattern);
  const bytes = Buffer.from(text, 'latin1');
  if (isClock(pattern)) return reader.time(moment, bytes, 0, bytes.length) ? BigInt(moment.micros) : null;
  if (!reader.timestamp(moment, bytes, 0, bytes.length)) return null;
  return BigInt(moment.days + UNIX_EPOCH_DAYS) * 86_400_000_000n + BigInt(moment.micros);
}

/** The same by the verifier, of a text that has the pattern's shape. */
function verified(text: string, pattern: string): bigint | null {
  const iso = isoOfPattern(pattern)(text);
  if (iso === null) return null;
  const moment = { seconds: 0, micros: 0 };
  const isRead = isClock(pattern) ? readTime(iso, moment) : readStampText(iso, moment);
  return isRead ? BigInt(moment.seconds) * 1_000_000n + BigInt(moment.micros) : null;
}

const examples: readonly (readonly [pattern: string, text: string, iso: string | null])[] = [
  ['DD.MM.YYYY', '31.12.2024', '2024-12-31T00:00Z'],
  ['DD.MM.YYYY', '1.2.2024', '2024-02-01T00:00Z'],
  ['DD.MM.YYYY', ' 01.02.2024\n', '2024-02-01T00:00Z'],
  ['DD.MM.YYYY', '30.02.2024', null],
  ['DD.MM.YYYY', '12.31.2024', null],
  ['MM/DD/YYYY', '12/31/2024', '2024-12-31T00:00Z'],
  ['DD/MM/YY', '31/12/68', '2068-12-31T00:00Z'],
  ['DD/MM/YY', '31/12/69', '1969-12-31T00:00Z'],
  ['YYYY-DD-MM', '2024-05-06', '2024-06-05T00:00Z'],
  ['YYYY-DD-MM', '2024-02-29', null],
  ['MM/DD/YYYY, HH12:MI:SS AM', '1/2/2024, 12:00:00 AM', '2024-01-02T00:00Z'],
  ['MM/DD/YYYY, HH12:MI:SS AM', '1/2/2024, 12:00:00 p.m.', '2024-01-02T12:00Z'],
  ['MM/DD/YYYY, HH12:MI:SS AM', '1/2/2024, 13:00:00 PM', null],
  ['MON DD YYYY HH12:MIAM', 'February 29 2024 10:05pm', '2024-02-29T22:05Z'],
  ['MON DD YYYY HH12:MIAM', 'Febr 29 2024 10:05pm', null],
  ['DD.MM.YYYY HH24:MI:SS.FF', '29.02.2024 23:59:59.5', '2024-02-29T23:59:59.500Z'],
  ['DD.MM.YYYY HH24:MI OF', '29.02.2024 23:59 +01:30', '2024-02-29T22:29Z'],
  ['DDMMYYYY"h"HH24MI', '29022024h2359', '2024-02-29T23:59Z'],
  ['HH12:MI AM', '8:05 PM', '1970-01-01T20:05Z'],
  ['HH12:MI AM', '0:05 PM', null],
];

test('texts are read by a pattern, by the copy and by verify alike', () => {
  for (const [pattern, text, iso] of examples) {
    const micros = iso === null ? null : BigInt(Date.parse(iso)) * 1000n;
    assert.equal(copied(text, pattern), micros, `${text} by ${pattern}`);
    assert.equal(verified(text, pattern), micros, `verify: ${text} by ${pattern}`);
  }
});

test('a text of another shape is read as without the pattern', () => {
  assert.equal(copied('2024-02-29 12:00:00Z', 'DD.MM.YYYY'), BigInt(Date.UTC(2024, 1, 29, 12)) * 1000n);
  assert.equal(copied('01/02/2024', 'DD.MM.YYYY'), null);
  assert.equal(isoOfPattern('DD.MM.YYYY')('2024-02-29 12:00:00Z'), null);
});

test('a pattern is a whole date, a time, or both, each part once', () => {
  const good = ['DD.MM.YYYY', 'YY-MM-DD', 'DD MONTH YYYY', 'HH24:MI', 'HH12:MI PM', 'YYYY-MM-DDTHH24:MI:SS.FFOF'];
  const bad = [
    '',
    'DD.MM',
    'MM.YYYY',
    'DD.MM.YYYY YY',
    'HH12:MI',
    'HH24:MI AM',
    'HH24:SS',
    'HH24:MI.FF',
    'HH24:MI OF',
    'dd.mm.yyyy',
    'DD.MM.YYYY x',
  ];
  for (const pattern of good) assert.notEqual(readTextPattern(pattern), null, pattern);
  for (const pattern of bad) assert.equal(readTextPattern(pattern), null, pattern);
});

const dates = ['DD.MM.YYYY', 'MM/DD/YY', 'YYYY/DD/MM', 'MON DD, YYYY', 'DDMMYYYY', 'DD-MONTH-YYYY'];
const clocks = ['HH24:MI:SS', 'HH12:MI:SS AM', 'HH24MISS.FF', 'HH24:MI:SS.FF OF'];

test('what a rollback writes by a pattern, the copy and verify read as the moment that it was', () => {
  const patterns = fc.tuple(fc.constantFrom(...dates), fc.constantFrom(...clocks)).map((both) => both.join(' '));
  const moment = fc.integer({ min: Date.UTC(1970, 0, 1) / 1000, max: Date.UTC(2067, 0, 1) / 1000 });
  fc.assert(
    fc.property(patterns, moment, fc.integer({ min: 0, max: 999 }), (pattern, second, fraction) => {
      const ms = second * 1000 + (pattern.includes('FF') ? fraction : 0);
      const kind: Kind = { tag: 'timestamptz', precision: 6, unit: 'ms', pattern };
      const { usual, formsLike } = inverseOf(kind);
      const printed = `${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}+00`;
      const text = usual.write(printed);
      assert.equal(typeof text, 'string');
      const micros = BigInt(ms) * 1000n;
      assert.equal(copied(String(text), pattern), micros, `${String(text)} by ${pattern}`);
      assert.equal(verified(String(text), pattern), micros, `verify: ${String(text)} by ${pattern}`);
      const again = formsLike(text ?? null).map((form) => form.write(printed));
      assert.ok(again.includes(text), `${String(text)} is written again`);
    }),
  );
});
