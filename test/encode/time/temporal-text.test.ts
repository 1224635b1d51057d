import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMoment, UNIX_EPOCH_DAYS } from '../../../src/encode/time/temporal.js';
import { createTemporalReader } from '../../../src/encode/time/temporal-text.js';
import { readStamp, readStampText } from '../../../src/verify/moment.js';
import { isoOfWritten } from '../../../src/verify/written-text.js';

const reader = createTemporalReader();

/** Microseconds since 1970 that the copy reads, null where it refuses. */
function copied(text: string): bigint | null {
  const bytes = Buffer.from(text, 'latin1');
  const moment = createMoment();
  if (!reader.timestamp(moment, bytes, 0, bytes.length) || moment.isCut) return null;
  return BigInt(moment.days + UNIX_EPOCH_DAYS) * 86_400_000_000n + BigInt(moment.micros);
}

/** The same by the verifier, which shares nothing with it. */
function verified(text: string): bigint | null {
  const bytes = Buffer.from(text, 'latin1');
  const moment = { seconds: 0, micros: 0 };
  if (!readStamp(bytes, 0, bytes.length, moment)) {
    const iso = isoOfWritten(text);
    if (iso === null || !readStampText(iso, moment)) return null;
  }
  return BigInt(moment.seconds) * 1_000_000n + BigInt(moment.micros);
}

const forms: readonly (readonly [string, string])[] = [
  ['2024-12-09 15:29:55.620 +00:00', '2024-12-09T15:29:55.620Z'],
  ['2024-12-09 15:29:55 +0200', '2024-12-09T13:29:55.000Z'],
  ['2024-12-09T15:29:55 +0000', '2024-12-09T15:29:55.000Z'],
  ['2024-12-09 15:29:55 UTC', '2024-12-09T15:29:55.000Z'],
  ['2024-12-09 15:29:55 Z', '2024-12-09T15:29:55.000Z'],
  ['2024-12-09t15:29:55z', '2024-12-09T15:29:55.000Z'],
  ['2024-12-09 15:29:55.5 +0000 UTC', '2024-12-09T15:29:55.500Z'],
  ['2024-12-09 15:29:55 -0700 PDT', '2024-12-09T22:29:55.000Z'],
  ['2024-12-09 15:29:55 +0300 +03', '2024-12-09T12:29:55.000Z'],
  ['2021-07-28 16:31:05.1 +0000 UTC m=+0.012345', '2021-07-28T16:31:05.100Z'],
  ['Mon, 09 Dec 2024 15:29:55 GMT', '2024-12-09T15:29:55.000Z'],
  ['09 Dec 2024 15:29:55 +0100', '2024-12-09T14:29:55.000Z'],
  ['Monday, 09-Dec-2024 15:29:55 UTC', '2024-12-09T15:29:55.000Z'],
  ['Mon Dec 09 2024 15:29:55 GMT+0100 (Central European Standard Time)', '2024-12-09T14:29:55.000Z'],
  ['Mon Dec  9 15:29:55 2024', '2024-12-09T15:29:55.000Z'],
  ['Mon Dec  9 15:29:55 UTC 2024', '2024-12-09T15:29:55.000Z'],
  ['2024/12/09 15:29:55', '2024-12-09T15:29:55.000Z'],
  ['2024/1/2', '2024-01-02T00:00:00.000Z'],
  ['20241209T152955Z', '2024-12-09T15:29:55.000Z'],
  ['20241209T152955.250+0100', '2024-12-09T14:29:55.250Z'],
  ['20241209152955', '2024-12-09T15:29:55.000Z'],
  ['20241209', '2024-12-09T00:00:00.000Z'],
  ['2024-12-09 3:29:55', '2024-12-09T03:29:55.000Z'],
  ['2024-12-9 15:29:55', '2024-12-09T15:29:55.000Z'],
  [' 2024-12-09 15:29:55', '2024-12-09T15:29:55.000Z'],
  ['2024-12-09 15:29:55\n', '2024-12-09T15:29:55.000Z'],
  ['2024-12-09 15:29:55,620', '2024-12-09T15:29:55.620Z'],
  ['1900-01-01 00:00:00+00:19:32', '1899-12-31T23:40:28.000Z'],
  ['2024-12-09T24:00:00 Z', '2024-12-10T00:00:00.000Z'],
];

for (const [text, iso] of forms) {
  test(`${JSON.stringify(text)} is ${iso}, for the copy and for verify`, () => {
    const micros = BigInt(Date.parse(iso)) * 1000n;
    assert.equal(copied(text), micros);
    assert.equal(verified(text), micros);
  });
}

const refused: readonly string[] = [
  '12/09/2024',
  '09.12.2024',
  '09/12/2024 15:29',
  '2024-12-09 15:29:55 PDT',
  'Tue, 09 Dec 2024 15:29:55 GMT',
  'Mon Dec 09 15:29:55',
  '2024/13/01',
  '2024-02-30 12:00 +00:00',
  '20240230',
  '0000-00-00 00:00:00',
  '2024-12-09 25:00:00 UTC',
  '2024-12-09 24:00:01 UTC',
  '2024-12/09',
  '1733758195',
  '1733758195620',
  'yesterday',
  '2024-12-09 15:29:55 +053',
  '2024-12-09 15:29:55 +0000 UTC and more',
];

test('what could be read two ways, or is no day or time that there is, is refused by both', () => {
  for (const text of refused) {
    assert.equal(copied(text), null, text);
    assert.equal(verified(text), null, text);
  }
});

const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const two = (value: number) => String(value).padStart(2, '0');

/** Writers of one moment, whose local time is at an offset of so many minutes. */
const writers: readonly ((local: Date, offset: string) => string)[] = [
  (d, o) => `${d.toISOString().slice(0, 10)} ${d.toISOString().slice(11, 23)} ${o.slice(0, 3)}:${o.slice(3)}`,
  (d, o) => `${d.getUTCFullYear()}/${d.getUTCMonth() + 1}/${d.getUTCDate()} ${d.toISOString().slice(11, 23)}${o}`,
  (d, o) => `${d.toISOString().replace(/[-:]/g, '').replace('Z', '')}${o}`,
  (d, o) => `${d.toISOString().slice(0, 10)} ${d.toISOString().slice(11, 23)} ${o} CET m=+1.5`,
  (d, o) =>
    `${days[d.getUTCDay()]}, ${two(d.getUTCDate())} ${names[d.getUTCMonth()]} ${d.getUTCFullYear()} ${d.toISOString().slice(11, 23)} ${o}`,
  (d, o) =>
    `${days[d.getUTCDay()]} ${names[d.getUTCMonth()]} ${two(d.getUTCDate())} ${d.getUTCFullYear()} ${d.toISOString().slice(11, 23)} GMT${o} (Somewhere Time)`,
];

test('whatever moment is written in whatever form, both read that moment', () => {
  const ms = fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2100, 0, 1) });
  const offsetMinutes = fc.integer({ min: -14 * 60, max: 14 * 60 });
  fc.assert(
    fc.property(ms, offsetMinutes, fc.constantFrom(...writers), (at, minutes, write) => {
      const size = Math.abs(minutes);
      const offset = `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`;
      const text = write(new Date(at + minutes * 60_000), offset);
      assert.equal(copied(text), BigInt(at) * 1000n, text);
      assert.equal(verified(text), BigInt(at) * 1000n, text);
    }),
    { numRuns: 500 },
  );
});

test('no text is read by one of the two alone', () => {
  const part = fc.constantFrom(
    '2024',
    '12',
    '9',
    '09',
    '-',
    '/',
    ' ',
    'T',
    ':',
    '15',
    '29',
    'Mon',
    'Dec',
    ',',
    '+0100',
    'Z',
    'GMT',
    '.5',
    'UTC',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
      const text = parts.join('');
      assert.equal(copied(text), verified(text), JSON.stringify(text));
    }),
    { numRuns: 5000 },
  );
});
