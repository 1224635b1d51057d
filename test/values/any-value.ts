import fc from 'fast-check';
import type { SqliteValue } from '../../src/model/value.js';

/** A value and its storage class: number is REAL, bigint INTEGER; a text is its bytes, which need not be UTF-8. */
export type AnyValue =
  | { readonly storage: 'null' }
  | { readonly storage: 'integer'; readonly value: bigint }
  | { readonly storage: 'real'; readonly value: number }
  | { readonly storage: 'text'; readonly bytes: Buffer }
  | { readonly storage: 'blob'; readonly bytes: Buffer };

/** What is bound to a statement; a text is bound as a blob and cast. */
export function bindingOf(value: AnyValue): SqliteValue {
  if (value.storage === 'null') return null;
  return 'bytes' in value ? value.bytes : value.value;
}

export function text(value: string): AnyValue {
  return { storage: 'text', bytes: Buffer.from(value) };
}

export function integer(value: bigint | number): AnyValue {
  return { storage: 'integer', value: BigInt(value) };
}

/** Never NaN, which SQLite keeps as NULL. */
export function real(value: number): AnyValue {
  return { storage: 'real', value };
}

const edges = [0n, 1n, -1n, 2n, 127n, 32_767n, 32_768n, -32_769n, 2n ** 31n - 1n, -(2n ** 31n) - 1n, 2n ** 53n + 1n];
const integers = fc.oneof(
  fc.constantFrom(...edges, 2n ** 63n - 1n, -(2n ** 63n)),
  fc.bigInt({ min: -300n, max: 300n }),
  fc.bigInt({ min: 1_000_000_000n, max: 2_000_000_000_000n }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const reals = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((value) => value / 100),
  fc.integer({ min: -10, max: 10 }).map(Number),
  fc.constantFrom(-0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 2_460_370.5),
);

const characters = fc.constantFrom(...('aZ09é漢😀\t\n\r\\.N \'"{}[],:-+/\u0001\u007f\b\u0000'.match(/./gsu) ?? []));
const anyText = fc.array(characters, { maxLength: 24 }).map((parts) => Buffer.from(parts.join('')));
const bytes = fc.uint8Array({ maxLength: 24 }).map((array) => Buffer.from(array));
const uuidBytes = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((array) => Buffer.from(array));

const two = (max: number, min = 0) => fc.integer({ min, max }).map((value) => String(value).padStart(2, '0'));
const year = fc.oneof(
  fc.integer({ min: 1, max: 9999 }).map((value) => String(value).padStart(4, '0')),
  fc.constantFrom('0000', '2024', '1999', '10000', '-0044', '+012024'),
);
const date = fc.tuple(year, two(13, 0), two(32, 0)).map((parts) => parts.join('-'));
const fraction = fc.oneof(fc.constant(''), fc.stringMatching(/^[.][0-9]{1,9}$/), fc.constantFrom('.000', '.120', '.'));
const clock = fc
  .tuple(two(24), two(60), fc.oneof(two(60), fc.constant(null)), fraction)
  .map(([h, m, s, f]) => (s === null ? `${h}:${m}` : `${h}:${m}:${s}${f}`));
const offset = fc.constantFrom('', '', '', 'Z', '+00:00', '+00', '-08:00', '+0530', '+14:00', ' UTC', 'z');
const moment = fc.tuple(date, fc.constantFrom('T', ' ', '  '), clock, offset).map((parts) => parts.join(''));
const decimal = fc
  .tuple(
    fc.constantFrom('', '-', '+', ' '),
    fc.bigInt({ min: 0n, max: 10n ** 20n }),
    fc.constantFrom('', '.', '.0', '.50', '.123456789', '.005'),
    fc.constantFrom('', '', '', 'e3', 'E-7', 'e', 'x'),
  )
  .map((parts) => parts.join(''));

/** Texts that mean something to some type, or nearly so. */
export const speakingTexts = {
  boolean: fc.constantFrom('0', '1', 't', 'F', 'true', 'FALSE', 'yes', 'No', 'on', 'OFF', 'tr', ' 1', '2', 'maybe'),
  number: fc.oneof(
    decimal,
    fc.integer().map(String),
    fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
    fc.constantFrom('NaN', 'Infinity', '-inf', '007', '1_000', '0x10', '1,5', ''),
  ),
  date: fc.oneof(
    date,
    date.map((day) => `${day}T00:00:00.000Z`),
    fc.constantFrom('infinity', '-infinity', 'today', '2024-02-29'),
  ),
  time: fc.oneof(clock, fc.constantFrom('24:00:00', '23:59:60', '04:05 PM', 'now')),
  zonedTime: fc.tuple(clock, offset).map((parts) => parts.join('')),
  moment: fc.oneof(moment, date, fc.constantFrom('infinity', '-infinity', '2024-02-30 00:00:00', 'yesterday')),
  uuid: fc.oneof(
    fc.uuid(),
    fc.uuid().map((uuid) => uuid.toUpperCase().replaceAll('-', '')),
    fc.uuid().map((uuid) => `{${uuid}}`),
    fc.uuid().map((uuid) => uuid.slice(1)),
  ),
  json: fc.oneof(
    fc.json(),
    fc.constantFrom(
      '{"a":"\\u0000"}',
      '"\\ud800"',
      '"\\ud83d\\ude00"',
      "{'a':1}",
      '{"a":1,"a":2}',
      '[1e400]',
      '{',
      '01',
    ),
  ),
  label: fc.constantFrom('sad', 'höchst froh', 'glad', 'Sad', ' sad', ''),
  interval: fc.oneof(
    fc
      .tuple(fc.integer({ min: -99, max: 99 }), fc.constantFrom('days', 'hours', 'mons', 'seconds'))
      .map((p) => p.join(' ')),
    clock,
    fc.constantFrom('P1Y2M3DT4H5M6S', '1.5 days', '0.0000001 seconds', '1 fortnight'),
  ),
  network: fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 33 })).map((parts) => parts.join('/')),
    fc.constantFrom('08:00:2b:01:02:03', '08002b:010203', '256.1.1.1'),
  ),
  array: fc.oneof(
    fc.array(fc.integer()).map((list) => JSON.stringify(list)),
    fc.array(fc.integer()).map((list) => `{${list.join(',')}}`),
    fc.array(fc.option(anyText.map(String))).map((list) => JSON.stringify(list)),
    fc.constantFrom(
      '[[1,2],[3,4]]',
      '[[1],[2,3]]',
      '[[]]',
      '[{"a":1}]',
      '{a,"b c",NULL}',
      '[1,]',
      '[0:1]={7,8}',
      '[true,null]',
    ),
  ),
} as const satisfies Record<string, fc.Arbitrary<string>>;

/** Any value of any storage class, and every other time a text that speaks to the type. */
export function anyValue(speaking: fc.Arbitrary<string>): fc.Arbitrary<AnyValue> {
  const other: fc.Arbitrary<string>[] = Object.values(speakingTexts);
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant<AnyValue>({ storage: 'null' }) },
    { weight: 4, arbitrary: integers.map(integer) },
    { weight: 4, arbitrary: reals.map(real) },
    { weight: 3, arbitrary: anyText.map((value): AnyValue => ({ storage: 'text', bytes: value })) },
    { weight: 1, arbitrary: bytes.map((value): AnyValue => ({ storage: 'text', bytes: value })) },
    { weight: 2, arbitrary: fc.oneof(bytes, uuidBytes).map((value): AnyValue => ({ storage: 'blob', bytes: value })) },
    { weight: 3, arbitrary: fc.oneof(...other).map(text) },
    { weight: 12, arbitrary: speaking.map(text) },
  );
}
