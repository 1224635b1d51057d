import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type pg from 'pg';
import type { Kind } from '../../src/model/kind.js';
import type { SqliteValue } from '../../src/model/value.js';
import { withDatabase } from '../support/database.js';
import { copyIn } from './copy.js';
import { encodeAll, planOf, type SampleColumn } from './sample.js';
import { isFull, runCount } from '../support/run-count.js';

/*
 * Random values of each kind go into a real table in both formats and are compared with what PostgreSQL itself makes of the
 * text form of the same value: that oracle shares no code with the encoder.
 */
/** A client whose COPY went wrong may wait for ever. */
const TIMEOUT_MS = isFull ? 1_200_000 : 60_000;

interface Sample {
  readonly value: SqliteValue;
  /** Text for PostgreSQL's own input function. */
  readonly text: string;
}

interface Chapter {
  readonly type: string;
  readonly kind: Kind;
  readonly samples: fc.Arbitrary<Sample>;
  /** How PostgreSQL reads the text, with `$` for it. */
  readonly oracle?: string;
}

const asText = (texts: fc.Arbitrary<string>): fc.Arbitrary<Sample> => texts.map((text) => ({ value: text, text }));
const integers = (bits: bigint): fc.Arbitrary<Sample> => {
  const all = fc.bigInt({ min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n });
  const small = fc.integer({ min: -200, max: 200 }).map(BigInt);
  return fc.oneof(
    fc.oneof(all, small).map((value) => ({ value, text: String(value) })),
    asText(fc.oneof(all, small).map(String)),
    small.map((value) => ({ value: Number(value), text: String(value) })),
  );
};
const reals = fc.double({ noNaN: true }).map((value) => ({ value, text: Object.is(value, -0) ? '-0' : String(value) }));
const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e40, max: 1e40 });
const decimals = fc
  .tuple(
    fc.constantFrom('', '-', '+'),
    fc.bigInt({ min: 0n, max: 10n ** 30n }),
    fc.nat(20),
    fc.constantFrom('', 'e3', 'E-7', 'e+0', 'e12'),
  )
  .map(([sign, digits, places, exponent]) => {
    const padded = String(digits).padStart(places + 1, '0');
    const cut = padded.length - places;
    return `${sign}${padded.slice(0, cut)}${places > 0 ? '.' : ''}${padded.slice(cut)}${exponent}`;
  });
const scaled = fc.integer({ min: -99_999_999, max: 99_999_999 }).map((value) => value / 10_000);
const characters = fc.constantFrom(
  'a',
  'é',
  '漢',
  '😀',
  '\t',
  '\n',
  '\r',
  '\\',
  '.',
  'N',
  ' ',
  "'",
  '"',
  '\u0001',
  '\u007f',
  '\b',
);
const texts = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(characters, { maxLength }).map((parts) => parts.join(''));
const two = (max: number, min = 0): fc.Arbitrary<string> =>
  fc.integer({ min, max }).map((value) => String(value).padStart(2, '0'));
const dates = fc
  .tuple(
    fc.integer({ min: 1, max: 9999 }).map((year) => String(year).padStart(4, '0')),
    two(12, 1),
    two(28, 1),
  )
  .map((parts) => parts.join('-'));
const fractions = (max: number): fc.Arbitrary<string> =>
  fc.oneof(fc.constant(''), fc.stringMatching(new RegExp(`^\\.[0-9]{1,${max}}$`)));
const times = (max: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.tuple(two(23), two(59)).map((parts) => parts.join(':')),
    fc.tuple(two(23), two(59), two(59), fractions(max)).map(([h, m, s, f]) => `${h}:${m}:${s}${f}`),
    fc.constantFrom('24:00:00', '23:59:60', '12:30:60', '00:00'),
  );
const zones = fc.oneof(fc.constantFrom('', 'Z', '+00:00', '-08', '+0530', '+14:00', '-00:30'), fc.constant(''));
const moments = (max: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.tuple(dates, fc.constantFrom(' ', 'T'), times(max), zones).map((parts) => parts.join('')),
    dates,
    fc.constantFrom('infinity', '-infinity', '2000-02-29 00:00', '1600-02-29'),
  );
const ms = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 });
const iso = (value: number): string => new Date(value).toISOString();
const asUtc = "$::timestamptz AT TIME ZONE 'UTC'";

const chapters: readonly Chapter[] = [
  {
    type: 'boolean',
    kind: { tag: 'bool' },
    samples: fc.oneof(
      asText(fc.constantFrom('0', '1', 't', 'F', 'True', 'FALSE', 'yes', 'No', 'on', 'OFF', 'y', 'N')),
      fc.constantFrom(0n, 1n).map((value) => ({ value, text: String(value) })),
      fc.constantFrom(0, 1).map((value) => ({ value, text: String(value) })),
    ),
  },
  { type: 'smallint', kind: { tag: 'int2' }, samples: integers(16n) },
  { type: 'integer', kind: { tag: 'int4' }, samples: integers(32n) },
  { type: 'bigint', kind: { tag: 'int8' }, samples: integers(64n) },
  {
    type: 'double precision',
    kind: { tag: 'float8' },
    samples: fc.oneof(
      reals,
      asText(finite.map(String)),
      fc.maxSafeInteger().map((value) => ({ value: BigInt(value), text: String(value) })),
    ),
  },
  {
    type: 'real',
    kind: { tag: 'float4' },
    samples: fc.float({ noNaN: true }).map((value) => ({ value, text: Object.is(value, -0) ? '-0' : String(value) })),
  },
  {
    type: 'numeric',
    kind: { tag: 'numeric', precision: null, scale: null },
    samples: fc.oneof(
      asText(decimals),
      reals.map(({ value, text }) => ({ value, text: text === '-0' ? '0' : text })),
      integers(64n),
    ),
  },
  {
    type: 'numeric(12,4)',
    kind: { tag: 'numeric', precision: 12, scale: 4 },
    samples: fc.oneof(
      scaled.map((value) => ({ value, text: String(value) })),
      asText(scaled.map(String)),
      integers(16n),
    ),
  },
  { type: 'text', kind: { tag: 'text', maxChars: null }, samples: asText(texts(80)) },
  { type: 'varchar(8)', kind: { tag: 'text', maxChars: 8 }, samples: asText(texts(8)) },
  { type: 'char(8)', kind: { tag: 'char', chars: 8 }, samples: asText(texts(8)) },
  {
    type: 'bytea',
    kind: { tag: 'bytea' },
    samples: fc
      .uint8Array({ maxLength: 60 })
      .map((bytes) => ({ value: Buffer.from(bytes), text: `\\x${Buffer.from(bytes).toString('hex')}` })),
  },
  {
    type: 'uuid',
    kind: { tag: 'uuid' },
    samples: fc.oneof(
      asText(fc.uuid()),
      asText(fc.uuid().map((uuid) => uuid.toUpperCase().replaceAll('-', ''))),
      asText(fc.uuid().map((uuid) => `{${uuid}}`)),
      fc.uuid().map((uuid) => ({ value: Buffer.from(uuid.replaceAll('-', ''), 'hex'), text: uuid })),
    ),
  },
  { type: 'json', kind: { tag: 'json' }, samples: asText(fc.json()) },
  {
    type: 'jsonb',
    kind: { tag: 'jsonb' },
    samples: fc.oneof(
      asText(fc.constantFrom('{"a": [1, "x\\n"]}', '[]', '"é"')),
      fc.integer().map((value) => ({ value: BigInt(value), text: String(value) })),
    ),
  },
  {
    type: 'mood',
    kind: { tag: 'enum', labels: ['sad', 'höchst froh', ''] },
    samples: asText(fc.constantFrom('sad', 'höchst froh')),
  },
  {
    type: 'date',
    kind: { tag: 'date' },
    samples: fc.oneof(
      asText(
        fc.oneof(
          dates,
          fc.constantFrom('infinity', '-infinity'),
          dates.map((date) => `${date}T00:00:00.000Z`),
        ),
      ),
      ms.map((value) => {
        const midnight = value - (((value % 86_400_000) + 86_400_000) % 86_400_000);
        return { value: BigInt(midnight), text: iso(midnight).slice(0, 10) };
      }),
    ),
  },
  { type: 'time', kind: { tag: 'time', precision: 6 }, samples: asText(times(6)) },
  {
    type: 'timestamp',
    kind: { tag: 'timestamp', precision: 6, unit: 'ms' },
    samples: asText(moments(6)),
    oracle: asUtc,
  },
  {
    type: 'timestamptz(3)',
    kind: { tag: 'timestamptz', precision: 3, unit: 'ms' },
    samples: asText(moments(3)),
    oracle: '$::timestamptz',
  },
  {
    type: 'timestamp(3)',
    kind: { tag: 'timestamp', precision: 3, unit: 'ms' },
    samples: fc.oneof(
      ms.map((value) => ({ value: BigInt(value), text: iso(value) })),
      ms.map((value) => ({ value, text: iso(value) })),
    ),
  },
  {
    type: 'timestamp',
    kind: { tag: 'timestamp', precision: 6, unit: 's' },
    samples: fc.oneof(
      ms.map((value) => ({ value: BigInt(Math.floor(value / 1000)), text: iso(Math.floor(value / 1000) * 1000) })),
      fc.integer({ min: -1e12, max: 4e12 }).map((value) => ({ value: value / 1000, text: iso(value) })),
    ),
  },
  {
    type: 'timestamp',
    kind: { tag: 'timestamp', precision: 6, unit: 'us' },
    samples: ms.map((value) => ({ value: BigInt(value) * 1000n + 7n, text: iso(value).replace('Z', '007Z') })),
  },
  {
    type: 'timestamp',
    kind: { tag: 'timestamp', precision: 6, unit: 'ns' },
    samples: fc
      .integer({ min: -9e12, max: 9e12 })
      .map((value) => ({ value: BigInt(value) * 1_000_000n + 5_000n, text: iso(value).replace('Z', '005Z') })),
  },
  {
    type: 'timestamp(3)',
    kind: { tag: 'timestamp', precision: 3, unit: 'julian' },
    samples: fc
      .integer({ min: -2e12, max: 9e12 })
      .map((value) => ({ value: (value + 210_866_760_000_000) / 86_400_000, text: iso(value) })),
  },
];

for (const format of ['binary', 'text'] as const) {
  test(`every kind arrives in ${format} format as PostgreSQL itself reads it`, { timeout: TIMEOUT_MS }, async (t) => {
    await withDatabase(async (_url, client) => {
      await client.query("SET timezone = 'UTC'");
      await client.query("CREATE TYPE mood AS ENUM ('sad', 'höchst froh')");
      for (const chapter of chapters) {
        const unit = 'unit' in chapter.kind ? `, unit ${chapter.kind.unit}` : '';
        await t.test(`${chapter.type}${unit} in ${format} format`, () => checkChapter(client, chapter, format));
      }
    });
  });
}

async function checkChapter(client: pg.Client, chapter: Chapter, format: 'binary' | 'text'): Promise<void> {
  await client.query('DROP TABLE IF EXISTS "Sample"');
  await client.query(`CREATE TABLE "Sample" (id int, v ${chapter.type})`);
  const column: SampleColumn = { name: 'v', type: chapter.type, kind: chapter.kind };
  const plan = planOf([{ name: 'id', type: 'integer', kind: { tag: 'int4' } }, column], { format });
  const oracle = (chapter.oracle ?? '$').replace('$', 't.text');
  const rows = fc.array(chapter.samples, { minLength: 1, maxLength: 100 });
  await fc.assert(
    fc.asyncProperty(rows, async (samples) => {
      await client.query('TRUNCATE "Sample"');
      const values = samples.map(({ value }, index): SqliteValue[] => [BigInt(index + 1), value]);
      const { copy, result } = await encodeAll(plan, [...values, [0n, null]]);
      await copyIn(client, copy, format);
      const found = await client.query<{ got: string; wanted: string; text: string }>(
        `SELECT s.v::text AS got, ((${oracle})::${chapter.type})::text AS wanted, t.text
         FROM unnest($1::text[]) WITH ORDINALITY AS t(text, n) LEFT JOIN "Sample" s ON s.id = n ORDER BY n`,
        [samples.map(({ text }) => text)],
      );
      for (const { got, wanted, text } of found.rows) assert.equal(got, wanted, text);
      const nulls = await client.query<{ n: string }>('SELECT count(*) AS n FROM "Sample" WHERE v IS NULL');
      assert.equal(Number(nulls.rows[0]?.n), 1);
      assert.equal(result.columns[1]?.nulls, 1);
    }),
    { numRuns: runCount({ usual: 15, full: 300 }) },
  );
}

test('extended and negative years are astronomical, and the far ends of the range arrive', async () => {
  const moments: readonly [string, string][] = [
    ['+010000-01-01T00:00:00.000Z', '10000-01-01 00:00:00'],
    ['+294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999'],
    ['-004713-11-24', '4714-11-24 00:00:00 BC'],
    ['0000-02-29', '0001-02-29 00:00:00 BC'],
    ['-0043-03-15 12:00', '0044-03-15 12:00:00 BC'],
  ];
  const kind: Kind = { tag: 'timestamp', precision: 6, unit: 'ms' };
  for (const format of ['binary', 'text'] as const) {
    await withDatabase(async (_url, client) => {
      await client.query('CREATE TABLE "Sample" (v timestamp)');
      const plan = planOf([{ name: 'v', type: 'timestamp', kind }], { format });
      await copyIn(
        client,
        (
          await encodeAll(
            plan,
            moments.map(([text]) => [text]),
          )
        ).copy,
        format,
      );
      const { rows } = await client.query<{ v: string }>('SELECT v::text FROM "Sample" ORDER BY "Sample".v');
      assert.deepEqual(rows.map(({ v }) => v).sort(), moments.map(([, wanted]) => wanted).sort());
    });
  }
});

test('a literal column goes in by its text form', async () => {
  await withDatabase(async (_url, client) => {
    await client.query('CREATE TABLE "Sample" (id int, v int[], a inet)');
    const literal: Kind = { tag: 'literal' };
    const columns = [
      { name: 'id', type: 'integer', kind: { tag: 'int4' } } as const,
      { name: 'v', type: 'integer[]', kind: literal },
      { name: 'a', type: 'inet', kind: literal },
    ];
    const { copy } = await encodeAll(planOf(columns, { format: 'text' }), [
      [1n, '{1,2}', '10.0.0.1/8'],
      [2n, null, '::1'],
    ]);
    await copyIn(client, copy, 'text');
    const { rows } = await client.query('SELECT v::text, a::text FROM "Sample" ORDER BY id');
    assert.deepEqual(rows, [
      { v: '{1,2}', a: '10.0.0.1/8' },
      { v: null, a: '::1/128' },
    ]);
  });
});
