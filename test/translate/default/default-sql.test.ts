import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../../../src/source/sqlite.js';
import { translateDefault } from '../../../src/translate/default/default-sql.js';
import type { PgType } from '../../../src/translate/pg-type.js';
import { withDatabase } from '../../support/database.js';

const classes = {
  bigint: 'integer',
  numeric: 'numeric',
  'double precision': 'real',
  text: 'text',
  'varchar(5)': 'text',
  boolean: 'bool',
  bytea: 'bytes',
  'timestamp(3)': 'timestamp',
  'timestamptz(3)': 'timestamp',
  date: 'date',
  time: 'time',
  json: 'json',
  uuid: 'uuid',
} as const;

function typeOf(sql: keyof typeof classes): PgType {
  return { sql, class: classes[sql], maxChars: sql === 'varchar(5)' ? 5 : null };
}

const now = "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')";
const epoch = 'floor(extract(epoch FROM CURRENT_TIMESTAMP))::bigint';

/** Default of SQLite, type of the column, SQL of PostgreSQL: null for none, undefined where it must not be translated. */
const cases: readonly (readonly [string, keyof typeof classes, string | null | undefined])[] = [
  ['NULL', 'text', null],
  ['(NULL)', 'bigint', null],
  ['0', 'bigint', '0'],
  ['-1', 'bigint', '-1'],
  ['+7', 'bigint', '7'],
  ['(-7)', 'bigint', '-7'],
  ['0x1F', 'bigint', '31'],
  ["'42'", 'bigint', '42'],
  ["'x'", 'bigint', undefined],
  ['9223372036854775807', 'bigint', '9223372036854775807'],
  ['9223372036854775808', 'bigint', undefined],
  ['1.5', 'bigint', undefined],
  ['1.0', 'bigint', '1'],
  ['4.99', 'numeric', '4.99'],
  ['1e3', 'double precision', '1e3'],
  ['1e999', 'double precision', undefined],
  ["'G'", 'text', "'G'"],
  ["'it''s'", 'text', "'it''s'"],
  ["'a\\b'", 'text', "'a\\b'"],
  ['"double"', 'text', "'double'"],
  ['draft', 'text', "'draft'"],
  ['0', 'text', "'0'"],
  ['007', 'text', "'7'"],
  ['1.50', 'text', "'1.5'"],
  ['2.0', 'text', "'2.0'"],
  ['1e20', 'text', undefined],
  ["'12345'", 'varchar(5)', "'12345'"],
  ["'123456'", 'varchar(5)', undefined],
  ['1', 'boolean', 'true'],
  ['0', 'boolean', 'false'],
  ['TRUE', 'boolean', 'true'],
  ['false', 'boolean', 'false'],
  ["'t'", 'boolean', 'true'],
  ['2', 'boolean', undefined],
  ['true', 'bigint', '1'],
  ["x'00ff'", 'bytea', "'\\x00ff'::bytea"],
  ["x'00ff'", 'text', undefined],
  ["'text'", 'bytea', undefined],
  ['CURRENT_TIMESTAMP', 'timestamp(3)', now],
  ['current_timestamp', 'timestamptz(3)', 'CURRENT_TIMESTAMP'],
  ['CURRENT_TIMESTAMP', 'text', `to_char(${now}, 'YYYY-MM-DD HH24:MI:SS')`],
  ['CURRENT_TIMESTAMP', 'bigint', undefined],
  ['CURRENT_DATE', 'date', `${now}::date`],
  ['CURRENT_TIME', 'time', `${now}::time`],
  ["datetime('now')", 'timestamp(3)', now],
  ["(datetime('now'))", 'timestamp(3)', now],
  ['datetime()', 'timestamp(3)', now],
  ["datetime('now', '+7 days')", 'timestamp(3)', `(${now} + interval '7 day')`],
  ["datetime('now', 'localtime')", 'timestamp(3)', undefined],
  ["datetime('now', '+1 month')", 'timestamp(3)', undefined],
  ["datetime('2020-01-01')", 'timestamp(3)', undefined],
  ["date('now')", 'timestamp(3)', `date_trunc('day', ${now})`],
  ["date('now')", 'text', `to_char(${now}, 'YYYY-MM-DD')`],
  ["strftime('%Y-%m-%dT%H:%M:%fZ','now')", 'timestamp(3)', now],
  ["strftime('%Y-%m-%dT%H:%M:%fZ','now')", 'text', `to_char(${now}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`],
  ["strftime('%W','now')", 'text', undefined],
  ["strftime('%s','now')", 'bigint', epoch],
  ["strftime('%s','now')", 'text', `(${epoch})::text`],
  ['(unixepoch())', 'bigint', epoch],
  ["unixepoch('now')", 'timestamp(3)', now],
  ['unixepoch() * 1000', 'bigint', `(${epoch} * 1000)`],
  ['unixepoch() * 1000', 'timestamp(3)', now],
  ["CAST(strftime('%s','now') AS INTEGER)", 'bigint', epoch],
  [
    "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    'bigint',
    'trunc(((extract(epoch FROM CURRENT_TIMESTAMP)::double precision) * 1000))::bigint',
  ],
  [
    "julianday('now')",
    'double precision',
    '(extract(epoch FROM CURRENT_TIMESTAMP)::double precision / 86400.0 + 2440587.5)',
  ],
  [
    'hex(randomblob(16))',
    'text',
    "upper(encode(substring(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) FROM 1 FOR 16), 'hex'))",
  ],
  ['lower(hex(randomblob(8)))', 'text', "encode(substring(sha256(uuid_send(gen_random_uuid())) FROM 1 FOR 8), 'hex')"],
  [
    'randomblob(16)',
    'bytea',
    'substring(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) FROM 1 FOR 16)',
  ],
  ['hex(randomblob(64))', 'text', undefined],
  ["'{}'", 'json', "'{}'"],
  ["'{'", 'json', undefined],
  ["'2020-02-29 10:00:00'", 'timestamp(3)', "'2020-02-29 10:00:00'"],
  ["'2020-02-29 10:00:00'", 'timestamptz(3)', "'2020-02-29 10:00:00+00'"],
  ["'1970-01-01 00:00:00+00:00'", 'timestamp(3)', "'1970-01-01 00:00:00+00:00'"],
  ["'2020-01-01 01:30:00.25+02:00'", 'timestamp(3)', "'2019-12-31 23:30:00.25'"],
  ["'2020-01-01T01:30 -0330'", 'timestamp(3)', "'2020-01-01 05:00:00'"],
  ["'2020-01-01 01:30:00+02'", 'timestamptz(3)', "'2020-01-01 01:30:00+02'"],
  ["'2020-01-01 01:30:00+16:00'", 'timestamptz(3)', undefined],
  ["'2020-01-01+02'", 'timestamptz(3)', undefined],
  ["'2020-01-01+02'", 'date', undefined],
  ["'2021-02-29'", 'date', undefined],
  ['0', 'timestamp(3)', undefined],
  ["'a' || 'b'", 'text', "('a' || 'b')"],
  ['7 / 2', 'bigint', '(7 / 2)'],
  ['7 / 0', 'bigint', undefined],
  ['1.0 / 3', 'double precision', '(1.0::double precision / 3)'],
  ['my_function()', 'text', undefined],
  ["'open", 'text', undefined],
  ['(1', 'bigint', undefined],
  ['', 'text', undefined],
];

test('defaults are translated by meaning, or not at all', () => {
  for (const [sql, type, expected] of cases) {
    const choice = translateDefault(sql, typeOf(type));
    assert.equal(choice.tag === 'translated' ? choice.sql : undefined, expected, `${sql} for ${type}`);
  }
});

test('deep nesting is refused and does not overflow the stack', () => {
  const sql = `${'('.repeat(20_000)}1${')'.repeat(20_000)}`;
  assert.equal(translateDefault(sql, typeOf('bigint')).tag, 'untranslated');
});

const uuid =
  "lower(hex(randomblob(4))) || '-' || lower(hex(randomblob(2))) || '-4' || substr(lower(hex(randomblob(2))),2) || '-' || substr('89ab',abs(random()) % 4 + 1, 1) || substr(lower(hex(randomblob(2))),2) || '-' || lower(hex(randomblob(6)))";

/** Digits as 9, letters as a: what two moments or two random values have in common. */
function shapeOf(value: unknown): string {
  return String(value)
    .replace(/[a-f0-9]/g, 'h')
    .replace(/[A-F]/g, 'H');
}

test('PostgreSQL takes every translated default, and its texts have the shape of those of SQLite', async () => {
  const db = new Database(':memory:');
  await withDatabase(async (_url, client) => {
    for (const [index, [sql, type]] of [...cases, [uuid, 'uuid', ''] as const, [uuid, 'text', ''] as const].entries()) {
      const choice = translateDefault(sql, typeOf(type));
      if (choice.tag === 'untranslated') continue;
      await client.query(
        `CREATE TABLE t${index} (a int, c ${type} DEFAULT ${choice.sql === null ? 'NULL' : `(${choice.sql})`})`,
      );
      const { rows } = await client.query(`INSERT INTO t${index} (a) VALUES (1) RETURNING c::text`);
      if (type !== 'text') continue;
      db.exec(
        `CREATE TABLE t${index} (a, c TEXT DEFAULT ${/[( ]/.test(sql) ? `(${sql})` : sql}); INSERT INTO t${index} (a) VALUES (1)`,
      );
      const expected = db.prepare(`SELECT c FROM t${index}`).pluck().get();
      const isMoving = /now|current|random/i.test(sql);
      if (isMoving) assert.equal(shapeOf(rows[0].c).replaceAll('H', 'h'), shapeOf(expected).replaceAll('H', 'h'), sql);
      else assert.equal(rows[0].c, expected, sql);
    }
  });
  db.close();
});
