import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import fc from 'fast-check';
import type pg from 'pg';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { columnOf, type KindName, type TestTable, tableOf, verifyTable } from './sides.js';
import { runCount } from '../support/run-count.js';

/** One cell of a source written as SQL, and what Postgres must hold for it, written by hand. */
interface EqualPair {
  readonly kind: KindName;
  readonly type: string;
  readonly pairs: readonly (readonly [string, string])[];
}

const equalPairs: readonly EqualPair[] = [
  {
    kind: 'bool',
    type: 'boolean',
    pairs: [
      ['1', 'true'],
      ['0', 'false'],
      ["'1'", 'true'],
      ["'t'", 'true'],
      ["'TRUE'", 'true'],
      ["'yes'", 'true'],
      ["'off'", 'false'],
      ['1.0', 'true'],
      ['NULL', 'NULL'],
    ],
  },
  {
    kind: 'int2',
    type: 'smallint',
    pairs: [
      ['-32768', '-32768'],
      ["'42'", '42'],
      ['3.0', '3'],
    ],
  },
  {
    kind: 'int8',
    type: 'bigint',
    pairs: [
      ['9223372036854775807', '9223372036854775807'],
      ['-9223372036854775808', '-9223372036854775808'],
      ['1152921504606846976.0', '1152921504606846976'],
    ],
  },
  {
    kind: 'float4',
    type: 'real',
    pairs: [
      ['0.1', '0.1'],
      ['16777217', '16777216'],
      ['1e-45', '1e-45'],
    ],
  },
  {
    kind: 'float8',
    type: 'double precision',
    pairs: [
      ['0.1', '0.1'],
      ['-0.0', "'-0'"],
      ['5e-324', '5e-324'],
      ['9e999', "'Infinity'"],
      ['-9e999', "'-Infinity'"],
      ['7', '7'],
      ["'2.50'", '2.5'],
    ],
  },
  {
    kind: 'numeric',
    type: 'numeric',
    pairs: [
      ['12.5', '12.500'],
      ["'0.10'", '0.1'],
      ['1e22', '1e22'],
      ["'1E+3'", '1000'],
      ["'123456789012345678901234567890.5'", '123456789012345678901234567890.50'],
      ['-0.0', '0'],
      ['9e999', "'Infinity'"],
    ],
  },
  {
    kind: 'text',
    type: 'text',
    pairs: [
      ["''", "''"],
      ["'é' || char(10) || char(9) || '\\N|'", "E'é\\n\\t\\\\N|'"],
      ['42', "'42'"],
      ['1.5', "'1.5'"],
      ['char(128512)', "'😀'"],
    ],
  },
  {
    kind: 'char',
    type: 'character(5)',
    pairs: [
      ["'ab'", "'ab'"],
      ["'ab   '", "'ab'"],
      ["''", "''"],
    ],
  },
  {
    kind: 'bytea',
    type: 'bytea',
    pairs: [
      ["x'00ff5c'", "'\\x00ff5c'"],
      ["x''", "''"],
      ["'a\\b'", "'\\x615c62'"],
    ],
  },
  {
    kind: 'uuid',
    type: 'uuid',
    pairs: [
      ["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "'a0eebc999c0b4ef8bb6d6bb9bd380a11'"],
      ["x'a0eebc999c0b4ef8bb6d6bb9bd380a11'", "'a0eebc999c0b4ef8bb6d6bb9bd380a11'"],
    ],
  },
  {
    kind: 'json',
    type: 'json',
    pairs: [
      [`'{"b": 1,  "a":2}'`, `'{"b": 1,  "a":2}'`],
      ['5', "'5'"],
    ],
  },
  {
    kind: 'jsonb',
    type: 'jsonb',
    pairs: [
      [`'{"b":1, "a":[1.50, 1e2, 9007199254740993], "b":2}'`, `'{"a":[1.5,100,9007199254740993],"b":2}'`],
      [`'"\\u00e9\\/\\n"'`, `'"é/\\n"'`],
      ["' null '", "'null'"],
    ],
  },
  {
    kind: 'date',
    type: 'date',
    pairs: [
      ["'2024-02-29'", "'2024-02-29'"],
      ["'0001-01-01'", "'0001-01-01'"],
      ["'-0043-03-15'", "'0044-03-15 BC'"],
      ['1709164800000', "'2024-02-29'"],
      ["'12024-01-01'", "'12024-01-01'"],
    ],
  },
  {
    kind: 'time',
    type: 'time',
    pairs: [
      ["'23:59:59.5'", "'23:59:59.5'"],
      ["'24:00:00'", "'24:00:00'"],
      ["'07:30'", "'07:30'"],
    ],
  },
  {
    kind: 'timestamp',
    type: 'timestamp',
    pairs: [
      ['1709251199123', "'2024-02-29 23:59:59.123'"],
      ['-1', "'1969-12-31 23:59:59.999'"],
      ['-62135596800001', "'0001-12-31 23:59:59.999 BC'"],
      ['253402300800000', "'10000-01-01'"],
      ['1709251199123.5', "'2024-02-29 23:59:59.1235'"],
      ["'2024-02-29T23:59:59.123+00:00'", "'2024-02-29 23:59:59.123'"],
      ["'2024-02-29 23:59:59'", "'2024-02-29 23:59:59'"],
      ["'2024-02-29T23:59:59.123456000-05:30'", "'2024-03-01 05:29:59.123456'"],
      ["'2024-12-31 24:00:00'", "'2025-01-01'"],
      ["'2016-12-31T23:59:60Z'", "'2017-01-01'"],
      ["'infinity'", "'infinity'"],
      ["'2024-02-29'", "'2024-02-29'"],
      ["'0099-01-31T01:02:03Z'", "'0099-01-31 01:02:03'"],
      ["'1709251199123'", "'2024-02-29 23:59:59.123'"],
    ],
  },
  {
    kind: 'timestamptz',
    type: 'timestamptz',
    pairs: [
      ['1709251199123456', "'2024-02-29 23:59:59.123456Z'"],
      ["'2024-02-29 23:59:59+02'", "'2024-02-29 21:59:59Z'"],
    ],
  },
  {
    kind: 'seconds',
    type: 'timestamp',
    pairs: [
      ['1709251199', "'2024-02-29 23:59:59'"],
      ['1709251199.123', "'2024-02-29 23:59:59.123'"],
    ],
  },
  {
    kind: 'julian',
    type: 'timestamp',
    pairs: [
      ['2440587.5', "'1970-01-01'"],
      ["julianday('2024-02-29 23:59:59.123')", "'2024-02-29 23:59:59.123'"],
    ],
  },
  {
    kind: 'literal',
    type: 'inet',
    pairs: [
      ["'10.0.0.1/32'", "'10.0.0.1'"],
      ["'::FFFF'", "'::ffff'"],
    ],
  },
  {
    kind: 'literal',
    type: 'interval',
    pairs: [
      ["'90 minutes'", "'01:30:00'"],
      ['NULL', 'NULL'],
    ],
  },
  { kind: 'literal', type: 'integer[]', pairs: [["'{1, 2,NULL}'", "'{1,2,NULL}'"]] },
  { kind: 'enum', type: 'public.mood', pairs: [["'sad'", "'sad'"]] },
];

for (const [encoding, label] of [
  ['UTF-8', 'a UTF-8 file'],
  ['UTF-16le', 'a UTF-16 file'],
  ['UTF-16be', 'a big-endian UTF-16 file'],
]) {
  test(`every kind read from ${label} equals what was written by hand`, () =>
    withFolder(async (folder) => {
      const path = makeSqlite(folder, `PRAGMA encoding = '${encoding}'; CREATE TABLE t(id INTEGER PRIMARY KEY, v)`);
      const db = new Database(path);
      await withDatabase(async (url, client) => {
        await client.query("CREATE TYPE public.mood AS ENUM ('sad')");
        for (const { kind, type, pairs } of equalPairs) {
          db.exec(`DELETE FROM t; INSERT INTO t(v) VALUES ${pairs.map(([source]) => `(${source})`).join(', ')}`);
          await client.query(`DROP TABLE IF EXISTS t; CREATE TABLE t(id serial, v ${type})`);
          await client.query(`INSERT INTO t(v) VALUES ${pairs.map(([, target]) => `(${target})`).join(', ')}`);
          const { differences } = await verifyTable(
            path,
            url,
            tableOf([columnOf('id', 'int4'), columnOf('v', kind, type)]),
          );
          assert.deepEqual(differences, [], `${kind} ${type}`);
        }
      });
      db.close();
    }));
}

/** Values that Postgres can only hold changed: whatever it holds, the verifier must say so. */
const unequalPairs: readonly (readonly [KindName, string, string, string])[] = [
  ['int4', 'integer', "'abc'", '0'],
  ['int4', 'integer', '1.5', '2'],
  ['int4', 'integer', "''", '0'],
  ['bool', 'boolean', '2', 'true'],
  ['float8', 'double precision', '9007199254740993', '9007199254740992'],
  ['timestamp', 'timestamp', "'2024-02-30 00:00:00'", "'2024-03-01'"],
  ['timestamp', 'timestamp', "'yesterday'", "'2024-03-01'"],
  ['timestamp', 'timestamp', "'2024-03-01 00:00:00.1234567'", "'2024-03-01 00:00:00.123457'"],
  ['date', 'date', '20240301', "'2024-03-01'"],
  ['jsonb', 'jsonb', `'{"a":9007199254740993}'`, `'{"a":9007199254740992}'`],
  ['jsonb', 'jsonb', "'{a:1}'", `'{"a":1}'`],
  ['text', 'text', "CAST(x'ff41' AS TEXT)", "U&'\\FFFDA'"],
  ['text', 'text', "'a' || char(0) || 'b'", "'a'"],
  ['uuid', 'uuid', "'a0eebc99'", "'a0eebc999c0b4ef8bb6d6bb9bd380a11'"],
  ['numeric', 'numeric', '0.30000000000000004', '0.3'],
  ['literal', 'inet', "'no address'", "'10.0.0.1'"],
  ['literal', 'time(3) with time zone', "'10:00:00.123456+00'", "'10:00:00.123456+00'"],
];

test('a value that the target cannot hold as it is differs from whatever stands there', () =>
  withFolder(async (folder) => {
    const path = makeSqlite(folder, 'CREATE TABLE t(id INTEGER PRIMARY KEY, v)');
    const db = new Database(path);
    await withDatabase(async (url, client) => {
      for (const [kind, type, source, target] of unequalPairs) {
        db.exec(`DELETE FROM t; INSERT INTO t(v) VALUES (${source})`);
        await client.query(
          `DROP TABLE IF EXISTS t; CREATE TABLE t(id serial, v ${type}); INSERT INTO t(v) VALUES (${target})`,
        );
        const { differences } = await verifyTable(
          path,
          url,
          tableOf([columnOf('id', 'int4'), columnOf('v', kind, type)]),
        );
        const found = differences.map((difference) => [difference.kind, difference.key, difference.column]);
        assert.deepEqual(found, [['changed', 'id=1', 'v']], `${kind} ${source}`);
        assert.notEqual(differences[0]?.source, differences[0]?.target);
      }
    });
    db.close();
  }));

test('a table without key counts its equal rows, and names what is missing and extra by all columns', () =>
  withFolder(async (folder) => {
    const path = makeSqlite(folder, "CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 'x'), (1, 'x'), (2, NULL)");
    const table = tableOf([columnOf('a', 'int4'), columnOf('b', 'text')], 0);
    await withDatabase(async (url, client) => {
      await client.query("CREATE TABLE t(a int, b text); INSERT INTO t VALUES (2, NULL), (1, 'x'), (1, 'x')");
      assert.deepEqual((await verifyTable(path, url, table)).differences, []);
      await client.query("INSERT INTO t VALUES (1, 'x'), (3, E'\\x1b[31m'); DELETE FROM t WHERE a = 2");
      const { differences } = await verifyTable(path, url, table);
      const found = differences.map(({ kind, key, source, target }) => [kind, key, source, target]);
      assert.deepEqual(found, [
        ['repeated', "a=1, b='x'", '2 rows', '3 rows'],
        ['missing', 'a=2, b=NULL', null, null],
        ['extra', "a=3, b='\\u{1b}[31m'", null, null],
      ]);
    });
  }));

test('no more differences than asked for are named, and the answer says so', () =>
  withFolder(async (folder) => {
    const path = makeSqlite(folder, 'CREATE TABLE t(id INTEGER PRIMARY KEY)');
    await withDatabase(async (url, client) => {
      await client.query('CREATE TABLE t AS SELECT generate_series(1, 500) AS id');
      const { differences, isComplete } = await verifyTable(path, url, tableOf([columnOf('id', 'int4')]), {
        differencesMax: 7,
      });
      assert.deepEqual([differences.length, isComplete], [7, false]);
    });
  }));

test('all differences are counted where not all rows can be held at once, and "at least" where even that is too much', () =>
  withFolder(async (folder) => {
    const path = makeSqlite(folder, 'CREATE TABLE t(id INTEGER PRIMARY KEY)');
    await withDatabase(async (url, client) => {
      await client.query('CREATE TABLE t AS SELECT generate_series(1, 500) AS id');
      const table = tableOf([columnOf('id', 'int4')]);
      // One bucket at a time.
      const rowsTold = 100_000;
      const { totals, differences } = await verifyTable(path, url, table, { bucketCount: 8, rowsTold });
      assert.deepEqual(totals, [{ table: 't', kind: 'extra', column: null, count: 500, isAll: true }]);
      assert.equal(differences.length, 100);
      const [some] = (await verifyTable(path, url, table, { bucketCount: 64, rowsTold })).totals;
      assert.ok(some !== undefined && !some.isAll && some.count > 0 && some.count < 500);
    });
  }));

const randomTable: TestTable = tableOf([
  columnOf('id', 'int8'),
  columnOf('txt', 'text'),
  columnOf('num', 'int8'),
  columnOf('dbl', 'float8'),
  columnOf('raw', 'bytea'),
]);

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const text = fc.string({ unit: 'binary', maxLength: 40 }).map((value) => value.replaceAll('\0', ''));
const randomRow = fc.tuple(
  int64,
  fc.option(fc.oneof(text, fc.constantFrom('', '\\N', '\\', '\t', '\n', 'x'.repeat(300)))),
  fc.option(int64),
  fc.option(fc.double({ noNaN: true })),
  fc.option(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))),
);
const randomRows = fc.uniqueArray(randomRow, { selector: ([id]) => id, minLength: 1, maxLength: 12 });
type RandomRow = [bigint, string | null, bigint | null, number | null, Buffer | null];

/** One cell becomes another value; answers what must be found. */
async function mutate(
  client: pg.Client,
  rows: readonly RandomRow[],
  rowSeed: number,
  columnSeed: number,
): Promise<[string, string]> {
  const row = rows[rowSeed % rows.length] as RandomRow;
  const column = 1 + (columnSeed % 4);
  const name = ['id', 'txt', 'num', 'dbl', 'raw'][column] as string;
  const expression = {
    txt: "coalesce(txt || ' ', '')",
    num: 'coalesce(num # 1, 0)',
    dbl: "coalesce(CASE WHEN dbl = 'Infinity' THEN 1 WHEN dbl = 0 THEN 1 WHEN float8send(dbl) = '\\xffefffffffffffff' THEN 1 ELSE -dbl END, 0)",
    raw: "coalesce(raw || '\\x00', '')",
  }[name];
  await client.query(`UPDATE t SET ${name} = ${expression} WHERE id = $1`, [row[0]]);
  return [`id=${row[0]}`, name];
}

test('a random table copied by plain INSERTs is equal, and one random change is found', () =>
  withFolder(async (folder) => {
    const path = makeSqlite(folder, 'CREATE TABLE t(id INTEGER, txt, num, dbl, raw)');
    const db = new Database(path);
    const insert = db.prepare('INSERT INTO t VALUES (?, ?, ?, ?, ?)');
    await withDatabase(async (url, client) => {
      await client.query('CREATE TABLE t(id bigint, txt text, num bigint, dbl float8, raw bytea)');
      const property = fc.asyncProperty(randomRows, fc.nat(), fc.nat(), async (rows, rowSeed, columnSeed) => {
        db.exec('DELETE FROM t');
        await client.query('TRUNCATE t');
        for (const [id, txt, num, dbl, raw] of rows) {
          insert.run(id, txt, num, dbl, raw);
          await client.query('INSERT INTO t VALUES ($1, $2, $3, $4, $5)', [
            id,
            txt,
            num,
            Object.is(dbl, -0) ? '-0' : dbl,
            raw,
          ]);
        }
        assert.deepEqual((await verifyTable(path, url, randomTable)).differences, []);
        const [key, column] = await mutate(client, rows, rowSeed, columnSeed);
        const { differences } = await verifyTable(path, url, randomTable);
        assert.deepEqual(
          differences.map((found) => [found.kind, found.key, found.column]),
          [['changed', key, column]],
        );
      });
      await fc.assert(property, { numRuns: runCount({ usual: 25, full: 1000 }) });
    });
    db.close();
  }));
