import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Kind } from '../../../src/model/kind.js';
import type { SqliteValue } from '../../../src/model/value.js';
import { withDatabase } from '../../support/database.js';
import { copyIn } from '../copy.js';
import { encodeAll, planOf, type SampleColumn } from '../sample.js';
import { runCount } from '../../support/run-count.js';

interface Fold extends SampleColumn {
  /** The hash on the server, with `k` for the seed. */
  readonly hash: string;
  readonly values: fc.Arbitrary<SqliteValue>;
}

const bytesHash = (sql: string): string =>
  `CASE WHEN (${sql}) IS NOT NULL THEN hash_record_extended(ROW(${sql}), k) END`;
const float8Hash = (sql: string): string =>
  `CASE WHEN ${sql} <> 0 THEN hashfloat8extended(${sql}, k) ELSE ${bytesHash(`float8send(${sql})`)} END`;
const textHash = (sql: string): string => `hashtextextended((${sql}) COLLATE "C", k)`;
const texts = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !text.includes('\0'));
const column = (name: string, type: string, kind: Kind, hash: string, values: fc.Arbitrary<SqliteValue>): Fold => ({
  name,
  type,
  kind,
  hash,
  values,
});
const ms = fc.integer({ min: -4e13, max: 9e13 }).map(BigInt);
const iso = ms.map((value) => new Date(Number(value)).toISOString());

const folds: readonly Fold[] = [
  column('id', 'int4', { tag: 'int4' }, 'hashint8extended(id, k)', fc.integer().map(BigInt)),
  column('name', 'text', { tag: 'text', maxChars: null }, textHash('name'), texts),
  column('flag', 'bool', { tag: 'bool' }, 'hashint8extended(flag::int, k)', fc.constantFrom(0n, 1n)),
  column(
    'small',
    'int2',
    { tag: 'int2' },
    'hashint8extended(small, k)',
    fc.integer({ min: -32768, max: 32767 }).map(BigInt),
  ),
  column(
    'big',
    'int8',
    { tag: 'int8' },
    'hashint8extended(big, k)',
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  ),
  column(
    'f8',
    'float8',
    { tag: 'float8' },
    float8Hash('f8'),
    fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(0, -0)),
  ),
  column('f4', 'float4', { tag: 'float4' }, bytesHash('float4send(f4)'), fc.float({ noNaN: true })),
  column(
    'n',
    'numeric',
    { tag: 'numeric', precision: null, scale: null },
    textHash('trim_scale(n)::text'),
    fc.oneof(fc.double({ noNaN: true }), fc.constantFrom('1.500', '0.000', '-0.00010', '1e30', '12000')),
  ),
  column(
    'n2',
    'numeric(9,3)',
    { tag: 'numeric', precision: 9, scale: 3 },
    textHash('trim_scale(n2)::text'),
    fc.integer({ min: -999999, max: 999999 }).map((value) => value / 1000),
  ),
  column('c', 'char(6)', { tag: 'char', chars: 6 }, textHash('c::text'), fc.constantFrom('', '  ', 'a', 'a b  ', 'éé')),
  column(
    'b',
    'bytea',
    { tag: 'bytea' },
    bytesHash('b'),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  ),
  column('u', 'uuid', { tag: 'uuid' }, bytesHash('uuid_send(u)'), fc.uuid()),
  column('e', 'mood', { tag: 'enum', labels: ['sad', 'froh'] }, textHash('e::text'), fc.constantFrom('sad', 'froh')),
  column('j', 'json', { tag: 'json' }, textHash('j::text'), fc.json({ maxDepth: 1 })),
  column('jb', 'jsonb', { tag: 'jsonb' }, '0', fc.constantFrom('{}', '[1]')),
  column(
    'd',
    'date',
    { tag: 'date' },
    "hashint8extended(d - '2000-01-01'::date, k)",
    iso.map((text) => text.replace(/T.*/, '')),
  ),
  column(
    't',
    'time',
    { tag: 'time', precision: 6 },
    'hashint8extended((extract(epoch from t) * 1000000)::int8, k)',
    iso.map((text) => text.slice(-13, -1)),
  ),
  column(
    'ts',
    'timestamp(3)',
    { tag: 'timestamp', precision: 3, unit: 'ms' },
    "hashint8extended((extract(epoch from ts - '2000-01-01') * 1000000)::int8, k)",
    ms,
  ),
  column(
    'tz',
    'timestamptz',
    { tag: 'timestamptz', precision: 6, unit: 'ms' },
    "hashint8extended((extract(epoch from tz - '2000-01-01Z') * 1000000)::int8, k)",
    ms,
  ),
];

/** The key hash of the given columns in SQL: chained, a NULL counting as the int8 −1, a float8 by its bytes as they travel. */
function keySql(key: readonly number[]): string {
  let sql = '0::int8';
  for (const index of key) {
    const fold = folds[index];
    if (fold !== undefined && fold.hash !== '0') {
      const hash = fold.kind.tag === 'float8' ? bytesHash(`float8send(${fold.name})`) : fold.hash;
      sql = `(SELECT coalesce(${hash}, hashint8extended(-1, k)) FROM (SELECT ${sql} AS k OFFSET 0) AS s${index})`;
    }
  }
  return sql;
}

function hex(sum: string | null): string {
  return BigInt.asUintN(64, BigInt(sum ?? '0'))
    .toString(16)
    .padStart(16, '0');
}

const keys: readonly (readonly number[])[] = [[0], [1, 0], [7, 5, 10], folds.map((_fold, index) => index)];

for (const format of ['binary', 'text'] as const) {
  test(`the sums are those which the server computes over the rows it took in ${format} format`, async () => {
    await withDatabase(async (_url, client) => {
      await client.query("SET timezone = 'UTC'");
      await client.query("CREATE TYPE mood AS ENUM ('sad', 'froh')");
      await client.query(`CREATE TABLE "Sample" (${folds.map((fold) => `${fold.name} ${fold.type}`).join(', ')})`);
      const row = fc.tuple(...folds.map((fold) => fc.option(fold.values, { nil: null, freq: 8 })));
      const property = fc.asyncProperty(
        fc.array(row, { maxLength: 40 }),
        fc.constantFrom(...keys),
        async (rows, key) => {
          await client.query('TRUNCATE "Sample"');
          const { copy, result } = await encodeAll(planOf(folds, { format, key }), rows);
          await copyIn(client, copy, format);
          const sums = folds.map((fold) => `sum(${fold.hash}::numeric)::text AS "${fold.name}"`).join(', ');
          const empties = `count(*) FILTER (WHERE name = '')::int AS names, count(*) FILTER (WHERE c = '')::int AS chars`;
          const sql = `SELECT sum(k)::text AS keyset, ${empties}, ${sums} FROM (SELECT *, ${keySql(key)} AS k FROM "Sample") AS r`;
          const found = (await client.query<Record<string, string | null>>(sql)).rows[0] ?? {};
          assert.equal(result.rows, rows.length);
          assert.equal(result.keyset, hex(found['keyset'] ?? null), 'keyset');
          for (const { column: name, fingerprint } of result.columns)
            assert.equal(fingerprint, hex(found[name] ?? null), name);
          assert.equal(result.columns[1]?.empties, found['names']);
          assert.equal(result.columns[9]?.empties, found['chars']);
          for (const [index, { nulls }] of result.columns.entries()) {
            assert.equal(nulls, rows.filter((values) => values[index] === null).length);
          }
        },
      );
      await fc.assert(property, { numRuns: runCount({ usual: 30, full: 600 }) });
    });
  });
}
