import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../../../src/source/sqlite.js';
import fc from 'fast-check';
import type { ColumnCensus, TableCensus } from '../../../src/model/census.js';
import type { SourceTable } from '../../../src/model/source.js';
import { readSourceCatalog } from '../../../src/source/catalog/catalog.js';
import { countRows, takeCensus } from '../../../src/source/census/census.js';
import { runCount } from '../../support/run-count.js';

const runs = runCount({ usual: 300, full: 5000 });

function withTable<T>(sql: string, use: (db: Database, table: SourceTable) => T): T {
  const db = new Database(':memory:');
  try {
    db.exec(sql);
    const [table] = readSourceCatalog(db).tables;
    assert.ok(table);
    return use(db, table);
  } finally {
    db.close();
  }
}

const censusOf = (sql: string): TableCensus => withTable(sql, takeCensus);

// 1. Against counting in plain sight

type Cell = null | bigint | number | string | Buffer;

/** The census of values as SQLite stored them (safe integers: a number is a REAL), by the longest way round. */
function oracle(column: string, cells: readonly Cell[]): ColumnCensus {
  const integers = cells.filter((cell) => typeof cell === 'bigint').sort((a, b) => (a < b ? -1 : 1));
  const reals = cells.filter((cell) => typeof cell === 'number');
  const texts = cells.filter((cell) => typeof cell === 'string');
  const blobs = cells.filter((cell) => Buffer.isBuffer(cell));
  const byteCounts = [...texts.map((text) => Buffer.byteLength(text)), ...blobs.map((blob) => blob.length)];
  return {
    column,
    nulls: cells.filter((cell) => cell === null).length,
    integers: integers.length,
    reals: reals.length,
    texts: texts.length,
    blobs: blobs.length,
    emptyTexts: texts.filter((text) => text === '').length,
    integerMin: integers[0]?.toString() ?? null,
    integerMax: integers.at(-1)?.toString() ?? null,
    realMin: reals.length === 0 ? null : Math.min(...reals) + 0,
    realMax: reals.length === 0 ? null : Math.max(...reals) + 0,
    charsMax: Math.max(0, ...texts.map((text) => [...text].length)),
    bytesMax: Math.max(0, ...byteCounts),
  };
}

const cellOf: fc.Arbitrary<Cell> = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n, 0n),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '')),
  fc.constantFrom('', '12', '1.5', 'é'),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
);

const columnsOf = ['INTEGER', 'NUMERIC', 'REAL', 'TEXT', 'TEXT COLLATE NOCASE', 'BLOB', 'DATETIME'];

test('the census of random values in columns of every affinity is what counting gives', () => {
  const definitions = columnsOf.map((type, at) => `c${at} ${type}`).join(', ');
  fc.assert(
    fc.property(fc.array(fc.tuple(...columnsOf.map(() => cellOf)), { maxLength: 12 }), (rows) => {
      withTable(`CREATE TABLE t(${definitions})`, (db, table) => {
        const insert = db.prepare(`INSERT INTO t VALUES (${columnsOf.map(() => '?').join(', ')})`);
        for (const row of rows) insert.run(...row);
        const stored = db.prepare<[], Cell[]>('SELECT * FROM t').raw().safeIntegers().all();
        const census = takeCensus(db, table);
        assert.equal(census.rows, rows.length);
        census.columns.forEach((column, at) => {
          assert.deepEqual(
            column,
            oracle(
              `c${at}`,
              stored.map((row) => row[at] ?? null),
            ),
          );
        });
      });
    }),
    { numRuns: runs },
  );
});

// 2. Single facts

test('integers are exact above 2^53, also as rowids', () => {
  const [id, a] = censusOf(
    'CREATE TABLE t(id INTEGER PRIMARY KEY, a INT); INSERT INTO t VALUES (9007199254740993, -9223372036854775808)',
  ).columns;
  assert.deepEqual([id?.integerMin, id?.integerMax, id?.integers], ['9007199254740993', '9007199254740993', 1]);
  assert.equal(a?.integerMin, '-9223372036854775808');
});

test('generated columns are surveyed too', () => {
  const { columns } = censusOf(
    "CREATE TABLE t(a INT, b TEXT AS (a || 'x') VIRTUAL, c AS (a * 2) STORED); INSERT INTO t(a) VALUES (21)",
  );
  assert.deepEqual(
    columns.map(({ texts, integerMax }) => [texts, integerMax]),
    [
      [0, '21'],
      [1, null],
      [0, '42'],
    ],
  );
});

test('an empty table and a table of 2000 columns have a census', () => {
  assert.equal(censusOf('CREATE TABLE t(a)').rows, 0);
  const names = Array.from({ length: 2000 }, (_, at) => `c${at} ${columnsOf[at % columnsOf.length]}`);
  const { columns, rows } = censusOf(`CREATE TABLE t(${names.join(', ')}); INSERT INTO t(c0, c1999) VALUES (1, 'x')`);
  assert.deepEqual([rows, columns.length, columns[0]?.integers, columns[1999]?.texts], [1, 2000, 1, 1]);
});

test('rows are counted in the table itself', () => {
  withTable('CREATE TABLE "a""b"(x); INSERT INTO "a""b" VALUES (1), (NULL)', (db, table) => {
    assert.equal(countRows(db, table.name), 2);
  });
});

test('a census obeys its signal', () => {
  const reason = new Error('enough');
  withTable('CREATE TABLE t(a)', (db, table) => {
    assert.throws(() => takeCensus(db, table, { signal: AbortSignal.abort(reason) }), reason);
  });
});
