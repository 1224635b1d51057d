import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { columnOf, tableOf, type Verdict, verifyTable } from './sides.js';

/*
 * The verifier's own examination: after a good copy one mutation is planted in the target, and must be named by table,
 * key and column. The copy is written by hand below, as the oracle of what a good copy is.
 */

const sourceSql = `
  CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, note TEXT, long TEXT, n INTEGER, big INTEGER, f REAL, z, amount NUMERIC,
                 ok BOOLEAN, at DATETIME, day TEXT, raw BLOB, doc TEXT, docb TEXT, zoned TEXT);
  INSERT INTO t VALUES
    (1, 'Ann', '', '${'x'.repeat(255)}' || 'tail', 7, 9007199254740993, 0.1, -0.0, '12.50', 1, 1709251199123,
     '2024-02-29', x'00ff5c0a', '{"a":1,"b":2}', '{"b":2,"a":1.0}', '2024-02-29T23:59:59.123456+02:00'),
    (2, 'caf' || char(233), NULL, 'a|b', 8, -9223372036854775808, 1e300, 9e999, 1.5, 0, 1709251199124,
     '0099-12-31', x'', '[1]', '[1]', '2024-03-01T00:00:00Z'),
    (3, 'crlf' || char(13, 10), 'N', 'a', 9, 9223372036854775807, -1.5e-9, 1.0, 100000, 1, 0, '1969-12-31', NULL, '1', '1', NULL);`;

const targetSql = `
  CREATE TABLE public.t(id int, name text, note text, long text, n int, big bigint, f float8, z float8, amount numeric,
                        ok boolean, at timestamp(3), day date, raw bytea, doc json, docb jsonb, zoned timestamptz);
  INSERT INTO public.t VALUES
    (1, 'Ann', '', repeat('x', 255) || 'tail', 7, 9007199254740993, 0.1, '-0', 12.5, true, '2024-02-29 23:59:59.123',
     '2024-02-29', '\\x00ff5c0a', '{"a":1,"b":2}', '{"a":1,"b":2}', '2024-02-29 21:59:59.123456Z'),
    (2, U&'caf\\00e9', NULL, 'a|b', 8, -9223372036854775808, 1e300, 'Infinity', 1.50, false, '2024-02-29 23:59:59.124',
     '0099-12-31', '', '[1]', '[1]', '2024-03-01 00:00:00Z'),
    (3, E'crlf\\r\\n', 'N', 'a', 9, 9223372036854775807, -1.5e-9, 1, 100000, true, '1970-01-01', '1969-12-31', NULL, '1', '1', NULL);`;

const table = tableOf([
  columnOf('id', 'int4'),
  columnOf('name', 'text'),
  columnOf('note', 'text'),
  columnOf('long', 'text'),
  columnOf('n', 'int4'),
  columnOf('big', 'int8'),
  columnOf('f', 'float8'),
  columnOf('z', 'float8'),
  columnOf('amount', 'numeric'),
  columnOf('ok', 'bool'),
  columnOf('at', 'timestamp'),
  columnOf('day', 'date'),
  columnOf('raw', 'bytea'),
  columnOf('doc', 'json'),
  columnOf('docb', 'jsonb'),
  columnOf('zoned', 'timestamptz'),
]);

type VerifyMutated = (mutation: string) => Promise<Verdict>;

/** Lends a function that makes the good copy anew, plants a mutation in it and verifies it. */
async function withCopy(use: (verifyMutated: VerifyMutated) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const path = makeSqlite(folder, sourceSql);
    await withDatabase(async (url, client) => {
      await use(async (mutation) => {
        await client.query(`DROP TABLE IF EXISTS public.t; ${targetSql} ${mutation}`);
        return await verifyTable(path, url, table);
      });
    });
  });
}

test('an undisturbed copy has no difference', () =>
  withCopy(async (verifyMutated) => {
    const { comparison, differences } = await verifyMutated('');
    assert.deepEqual([comparison.equal, differences], [true, []]);
    assert.deepEqual(comparison.rows, { source: 3, target: 3 });
    const { column, nulls, empty } = comparison.columns[2] ?? {};
    assert.deepEqual([column, nulls, empty], ['note', { source: 1, target: 1 }, { source: 1, target: 1 }]);
  }));

/** Title, SQL, and what must be found: kind, key, column, source, target. */
const mutations: readonly (readonly [string, string, ...(readonly (string | null)[])[]])[] = [
  ['a deleted row', 'DELETE FROM t WHERE id = 2', ['missing', 'id=2', null, null, null]],
  ['a doubled row', 'INSERT INTO t SELECT * FROM t WHERE id = 2', ['repeated', 'id=2', null, '1 row', '2 rows']],
  ['a row that was never there', "INSERT INTO t(id, name) VALUES (4, 'x')", ['extra', 'id=4', null, null, null]],
  [
    'a row deleted and another doubled, so that the count is right',
    'DELETE FROM t WHERE id = 2; INSERT INTO t SELECT * FROM t WHERE id = 1',
    ['repeated', 'id=1', null, '1 row', '2 rows'],
    ['missing', 'id=2', null, null, null],
  ],
  [
    'a column swapped between two rows',
    'UPDATE t SET n = CASE id WHEN 1 THEN 8 ELSE 7 END WHERE id IN (1, 2)',
    ['changed', 'id=1', 'n', '7', '8'],
    ['changed', 'id=2', 'n', '8', '7'],
  ],
  [
    'a changed key',
    'UPDATE t SET id = 5 WHERE id = 3',
    ['missing', 'id=3', null, null, null],
    ['extra', 'id=5', null, null, null],
  ],
  ["NULL for ''", 'UPDATE t SET note = NULL WHERE id = 1', ['changed', 'id=1', 'note', "''", 'NULL']],
  ["'' for NULL", "UPDATE t SET note = '' WHERE id = 2", ['changed', 'id=2', 'note', 'NULL', "''"]],
  [
    "the text '<null>' for NULL",
    "UPDATE t SET note = '<null>' WHERE id = 2",
    ['changed', 'id=2', 'note', 'NULL', "'<null>'"],
  ],
  [
    "the text 'NULL' for NULL",
    "UPDATE t SET note = 'NULL' WHERE id = 2",
    ['changed', 'id=2', 'note', 'NULL', "'NULL'"],
  ],
  [
    "the text '\\N' for 'N'",
    "UPDATE t SET note = E'\\\\N' WHERE id = 3",
    ['changed', 'id=3', 'note', "'N'", "'\\\\N'"],
  ],
  ['a trailing space', "UPDATE t SET name = 'Ann ' WHERE id = 1", ['changed', 'id=1', 'name', "'Ann'", "'Ann '"]],
  ['another case', "UPDATE t SET name = 'ann' WHERE id = 1", ['changed', 'id=1', 'name', "'Ann'", "'ann'"]],
  [
    'NFD for NFC',
    'UPDATE t SET name = normalize(name, NFD) WHERE id = 2',
    ['changed', 'id=2', 'name', "'caf\\u{e9}'", "'cafe\\u{301}'"],
  ],
  ['U+FFFD', "UPDATE t SET name = U&'caf\\FFFD' WHERE id = 2", ['changed', 'id=2', 'name', "'café'", "'caf\ufffd'"]],
  [
    'LF for CRLF',
    "UPDATE t SET name = E'crlf\\n' WHERE id = 3",
    ['changed', 'id=3', 'name', "'crlf\\r\\n'", "'crlf\\n'"],
  ],
  [
    "'a|b' shifted across columns",
    "UPDATE t SET note = 'a', long = 'b' WHERE id = 2",
    ['changed', 'id=2', 'note', 'NULL', "'a'"],
    ['changed', 'id=2', 'long', "'a|b'", "'b'"],
  ],
  ['an integer + 1', 'UPDATE t SET n = n + 1 WHERE id = 3', ['changed', 'id=3', 'n', '9', '10']],
  ['an integer − 1', 'UPDATE t SET n = n - 1 WHERE id = 3', ['changed', 'id=3', 'n', '9', '8']],
  [
    'an integer rounded to 2^53',
    'UPDATE t SET big = 9007199254740992 WHERE id = 1',
    ['changed', 'id=1', 'big', '9007199254740993', '9007199254740992'],
  ],
  ['0 for −0', "UPDATE t SET z = '0' WHERE id = 1", ['changed', 'id=1', 'z', '-0', '0']],
  [
    'one unit in the last place',
    'UPDATE t SET f = 0.10000000000000002 WHERE id = 1',
    ['changed', 'id=1', 'f', '0.1', '0.10000000000000002'],
  ],
  ['NaN', "UPDATE t SET f = 'NaN' WHERE id = 1", ['changed', 'id=1', 'f', '0.1', 'NaN']],
  [
    'infinity cut to the largest double',
    'UPDATE t SET z = 1.7976931348623157e308 WHERE id = 2',
    ['changed', 'id=2', 'z', 'Infinity', '1.7976931348623157e+308'],
  ],
  [
    'a number rounded to its scale',
    'UPDATE t SET amount = round(amount, 0) WHERE id = 2',
    ['changed', 'id=2', 'amount', '1.5', '2'],
  ],
  [
    'a number with one more digit',
    'UPDATE t SET amount = 12.501 WHERE id = 1',
    ['changed', 'id=1', 'amount', '12.5', '12.501'],
  ],
  ['a bool turned', 'UPDATE t SET ok = NOT ok WHERE id = 2', ['changed', 'id=2', 'ok', 'false', 'true']],
  ['a bool lost', 'UPDATE t SET ok = NULL WHERE id = 2', ['changed', 'id=2', 'ok', 'false', 'NULL']],
  [
    'milliseconds cut',
    "UPDATE t SET at = date_trunc('second', at) WHERE id = 1",
    ['changed', 'id=1', 'at', '2024-02-29 23:59:59.123', '2024-02-29 23:59:59'],
  ],
  [
    'microseconds cut',
    "UPDATE t SET zoned = date_trunc('milliseconds', zoned) WHERE id = 1",
    ['changed', 'id=1', 'zoned', '2024-02-29 21:59:59.123456+00', '2024-02-29 21:59:59.123+00'],
  ],
  [
    'one hour of zone',
    "UPDATE t SET at = at + interval '1 hour' WHERE id = 1",
    ['changed', 'id=1', 'at', '2024-02-29 23:59:59.123', '2024-03-01 00:59:59.123'],
  ],
  [
    'an offset dropped',
    "UPDATE t SET zoned = zoned + interval '2 hours' WHERE id = 1",
    ['changed', 'id=1', 'zoned', '2024-02-29 21:59:59.123456+00', '2024-02-29 23:59:59.123456+00'],
  ],
  ['a day more', 'UPDATE t SET day = day + 1 WHERE id = 1', ['changed', 'id=1', 'day', '2024-02-29', '2024-03-01']],
  ['a day less', 'UPDATE t SET day = day - 1 WHERE id = 2', ['changed', 'id=2', 'day', '0099-12-31', '0099-12-30']],
  [
    'an endless date',
    "UPDATE t SET day = 'infinity' WHERE id = 1",
    ['changed', 'id=1', 'day', '2024-02-29', 'infinity'],
  ],
  [
    'hexadecimal text for bytes',
    "UPDATE t SET raw = '00ff5c0a' WHERE id = 1",
    ['changed', 'id=1', 'raw', "x'00ff5c0a'", "x'3030666635633061'"],
  ],
  ['empty bytes for NULL', "UPDATE t SET raw = '' WHERE id = 3", ['changed', 'id=3', 'raw', 'NULL', "x''"]],
  ['NULL for empty bytes', 'UPDATE t SET raw = NULL WHERE id = 2', ['changed', 'id=2', 'raw', "x''", 'NULL']],
  [
    'the order of JSON keys',
    `UPDATE t SET doc = '{"b":2,"a":1}' WHERE id = 1`,
    ['changed', 'id=1', 'doc', `'{"a":1,"b":2}'`, `'{"b":2,"a":1}'`],
  ],
  [
    'a number in JSON',
    `UPDATE t SET docb = '{"a":1,"b":3}' WHERE id = 1`,
    ['changed', 'id=1', 'docb', `'{"a":1,"b":2}'`, `'{"a":1,"b":3}'`],
  ],
];

test('every planted mutation is found and named', (t) =>
  withCopy(async (verifyMutated) => {
    for (const [title, sql, ...expected] of mutations) {
      await t.test(title, async () => {
        const { comparison, differences, isComplete } = await verifyMutated(sql);
        assert.deepEqual([comparison.equal, isComplete], [false, true]);
        const found = differences.map(({ kind, key, column, source, target }) => [kind, key, column, source, target]);
        assert.deepEqual(found, expected);
        assert.ok(differences.every((difference) => difference.table === 't'));
      });
    }
  }));

test('a text cut at 255 characters is found, with both lengths', () =>
  withCopy(async (verifyMutated) => {
    const { differences } = await verifyMutated('UPDATE t SET long = left(long, 255) WHERE id = 1');
    assert.deepEqual([differences.length, differences[0]?.key, differences[0]?.column], [1, 'id=1', 'long']);
    assert.match(differences[0]?.source ?? '', /^'x+…' \(259 bytes, xxh64 [0-9a-f]{16}\)$/);
    assert.match(differences[0]?.target ?? '', /^'x+…' \(255 bytes\)$/);
    assert.ok((differences[0]?.source?.length ?? 0) <= 120);
  }));
