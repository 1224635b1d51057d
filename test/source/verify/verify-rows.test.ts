import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../../../src/source/sqlite.js';
import fc from 'fast-check';
import { CopierError } from '../../../src/model/error.js';
import type { ColumnPlan } from '../../../src/model/plan.js';
import type { Kind } from '../../../src/model/kind.js';
import { type SqliteValue, Storage } from '../../../src/model/value.js';
import type { SourceTableToVerify } from '../../../src/source/verify/packed-sql.js';
import { readSourceCells } from '../../../src/source/verify/verify-rows.js';
import { runCount } from '../../support/run-count.js';

function tableOf(names: readonly string[], tag: 'text' | 'float8' = 'float8', source = 't'): SourceTableToVerify {
  const kind: Kind = tag === 'text' ? { tag, maxChars: null } : { tag };
  const rest = { declaredType: '', affinity: 'blob', targetType: '', kind, reason: '', isTextual: false } as const;
  return {
    source,
    rowidName: null,
    columns: names.map((name): ColumnPlan => ({ source: name, target: name, ...rest })),
  };
}

type Cell = readonly [number, Buffer, number | null];

/** Every cell as storage code, bytes and, of reals, the double. */
function readAll(db: Database, table: SourceTableToVerify): Cell[][] {
  const rows: Cell[][] = [];
  for (const batch of readSourceCells(db, table)) {
    for (let r = 0; r < batch.rowCount; r += 1) {
      rows.push(
        table.columns.map((_, c) => {
          const cell = r * batch.columnCount + c;
          const storage = batch.storage[cell] ?? -1;
          const bytes = Buffer.from(batch.bytes.subarray(batch.start[cell], batch.end[cell]));
          return [storage, bytes, storage === Storage.Real ? (batch.number[cell] ?? null) : null];
        }),
      );
    }
  }
  return rows;
}

function expectedCell(value: SqliteValue): readonly [number, Buffer | null, number | null] {
  if (value === null) return [Storage.Null, Buffer.alloc(0), null];
  if (typeof value === 'bigint') return [Storage.Integer, Buffer.from(String(value)), null];
  if (typeof value === 'number') return [Storage.Real, null, value];
  if (typeof value === 'string') return [Storage.Text, Buffer.from(value), null];
  return [Storage.Blob, value, null];
}

const value: fc.Arbitrary<SqliteValue> = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
);

for (const [encoding, rowidName] of [
  ['UTF-8', null],
  ['UTF-8', 'rowid'],
  ['UTF-16le', 'rowid'],
  ['UTF-16be', null],
] as const) {
  const how = rowidName === null ? 'row by row' : 'by rowid';
  test(`every value of every storage class is read exactly from a ${encoding} file, ${how}`, () => {
    const db = new Database(':memory:');
    db.exec(`PRAGMA encoding = '${encoding}'; CREATE TABLE t(a, b, c)`);
    const insert = db.prepare('INSERT INTO t VALUES (?, ?, ?)');
    const property = fc.property(fc.array(fc.tuple(value, value, value), { maxLength: 8 }), (rows) => {
      db.exec('DELETE FROM t');
      for (const row of rows) insert.run(...row);
      const read = readAll(db, { ...tableOf(['a', 'b', 'c']), rowidName });
      assert.equal(read.length, rows.length);
      for (const [r, row] of rows.entries()) {
        for (const [c, cell] of row.entries()) {
          const [storage, bytes, number] = expectedCell(cell);
          const found = read[r]?.[c];
          assert.equal(found?.[0], storage);
          if (bytes !== null) assert.deepEqual(found?.[1], bytes);
          assert.ok(Object.is(found?.[2], number));
        }
      }
    });
    fc.assert(property, { numRuns: runCount({ usual: 300, full: 20_000 }) });
    db.close();
  });
}

test('columns of numbers are read exactly, also where texts and blobs stand among them, in the first rows or later', () => {
  const db = new Database(':memory:');
  db.exec('CREATE TABLE t(a INTEGER, b REAL, c NUMERIC, d DATETIME, e TEXT)');
  const insert = db.prepare('INSERT INTO t VALUES (?, ?, ?, ?, ?)');
  const numbers = [
    0n,
    -5n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    0.1,
    -1e300,
    5e-324,
    1e15,
    123456789.125,
    Number.POSITIVE_INFINITY,
    null,
  ];
  const others = ['', ',', '7,', 'i5:', 'Inf', Buffer.from('12'), Buffer.alloc(0), Buffer.from([44]), 'x'.repeat(9000)];
  const at = (list: readonly SqliteValue[], i: number): SqliteValue => list[i % list.length] ?? null;
  for (let i = 0; i < 2600; i += 1) {
    const isOdd = i > 1500 && i < 1600;
    const odd = isOdd && i % 7 === 0 ? others : numbers;
    insert.run(
      at(odd, i),
      at(odd, i + 3),
      at(odd, i + 5),
      i % 3 === 0 ? at(others, i) : at(numbers, i),
      isOdd || i % 9 === 0 ? at([...others, null], i) : `text, ${i}`,
    );
  }
  const affinities = ['integer', 'real', 'numeric', 'numeric', 'text'] as const;
  const { columns, ...rest } = tableOf(['a', 'b', 'c', 'd', 'e']);
  const typed = columns.map((column, i) => ({ ...column, affinity: affinities[i] ?? column.affinity }));
  const read = readAll(db, { ...rest, columns: typed, rowidName: 'rowid' });
  const stored = db.prepare<[], SqliteValue[]>('SELECT * FROM t ORDER BY rowid').raw().safeIntegers().all();
  assert.equal(read.length, stored.length);
  for (const [r, row] of stored.entries()) {
    for (const [c, value] of row.entries()) {
      const [storage, bytes, number] = expectedCell(value);
      const found = read[r]?.[c];
      assert.deepEqual([found?.[0], found?.[2]], [storage, number], `row ${r}, column ${c}`);
      if (bytes !== null) assert.deepEqual(found?.[1], bytes);
    }
  }
  db.close();
});

test('text that is not UTF-8 keeps its bytes, and text may hold NUL', () => {
  const db = new Database(':memory:');
  db.exec("CREATE TABLE t(a); INSERT INTO t VALUES (CAST(x'ff00fe41' AS TEXT))");
  assert.deepEqual(readAll(db, tableOf(['a'], 'text')), [[[Storage.Text, Buffer.from('ff00fe41', 'hex'), null]]]);
  db.close();
});

test('a number in a column of text stands as SQLite itself casts it', () => {
  const db = new Database(':memory:');
  db.exec('CREATE TABLE t(a); INSERT INTO t VALUES (1.0), (1e300), (0.1), (9e999), (-5)');
  const casts = db.prepare('SELECT CAST(a AS TEXT) FROM t').pluck().all();
  const texts = readAll(db, tableOf(['a'], 'text')).map((row) => row[0]?.[1].toString());
  assert.deepEqual(texts, casts);
  db.close();
});

test('batches are bounded, a great value and strange names pass, and no row is lost at their seams', () => {
  const db = new Database(':memory:');
  db.exec('CREATE TABLE "a ""b; 雪"("x ""y" PRIMARY KEY, z) WITHOUT ROWID');
  const insert = db.prepare('INSERT INTO "a ""b; 雪" VALUES (?, ?)');
  db.transaction(() => {
    for (let i = 0; i < 5000; i += 1) insert.run(i, i === 2500 ? Buffer.alloc(3_000_000, 58) : 'v'.repeat(i % 300));
  })();
  const table = tableOf(['x "y', 'z'], 'text', 'a "b; 雪');
  const sizes = [...readSourceCells(db, table)].map((batch) => batch.rowCount);
  assert.ok(sizes.length > 4);
  const rows = readAll(db, table);
  assert.deepEqual(
    rows.map((row) => Number(row[0]?.[1])),
    [...Array(5000).keys()],
  );
  assert.deepEqual(rows[2500]?.[1]?.[1], Buffer.alloc(3_000_000, 58));
  assert.ok(rows.every((row, i) => i === 2500 || row[1]?.[1].length === i % 300));
  db.close();
});

test('groups of rows have every row once, with its own doubles, also where great rows and the outermost rowids are among them', () => {
  const db = new Database(':memory:');
  db.exec('CREATE TABLE t("x ""y", z)');
  const insert = db.prepare('INSERT INTO t(rowid, "x ""y", z) VALUES (?, ?, ?)');
  const rowids = [
    -(2n ** 63n),
    ...[...Array(3000).keys()].map((i) => BigInt(i < 1500 ? i - 1000 : i * i)),
    2n ** 63n - 1n,
  ];
  const realOf = (i: number) => (i % 500 < 250 ? i : i / 3 + 0.1);
  const textOf = (i: number) => (i % 700 === 9 ? Buffer.alloc(300_000, 58) : 'v'.repeat(i % 300));
  for (const [i, rowid] of rowids.entries()) insert.run(rowid, i % 11 === 0 ? null : realOf(i), textOf(i));
  const table = { ...tableOf(['x "y', 'z']), rowidName: 'rowid' };
  const batches = [...readSourceCells(db, table)].map((batch) => batch.bytes.length);
  assert.ok(batches.length > 3 && batches.every((bytes) => bytes < 2_000_000));
  const rows = readAll(db, table);
  assert.equal(rows.length, rowids.length);
  for (const [i, [x, z]] of rows.entries()) {
    assert.equal(x?.[2], i % 11 === 0 ? null : realOf(i));
    assert.deepEqual(z?.[1], Buffer.from(textOf(i)));
  }
  db.close();
});

test('rows are read as ranges of rowids where most of these are there, each once, and hardly ever in vain elsewhere', () => {
  const named = ['fitting', 'next'] as const;
  const check = (rowidOf: (i: number) => number, cellOf: (i: number) => SqliteValue = (i) => i / 3) => {
    const used = { fitting: 0, next: 0 };
    const note = (sql: unknown) => {
      const text = String(sql);
      if (!text.includes('group_concat')) return;
      used[named[text.includes('NOT INDEXED') ? 0 : 1]] += 1;
    };
    const db = new Database(':memory:', { verbose: note });
    db.exec('CREATE TABLE t(a INTEGER, b REAL, c TEXT); CREATE INDEX backwards ON t(a DESC, b, c)');
    const insert = db.prepare('INSERT INTO t(rowid, a, b, c) VALUES (?, ?, ?, ?)');
    const rowids = Array.from({ length: 12_000 }, (_, i) => rowidOf(i));
    db.transaction(() => {
      for (const [i, rowid] of rowids.entries()) insert.run(rowid, i, cellOf(i), `t${i}`);
    })();
    const { columns, ...rest } = tableOf(['a', 'b', 'c']);
    const affinities = ['integer', 'real', 'text'] as const;
    const typed = columns.map((column, i) => ({ ...column, affinity: affinities[i] ?? column.affinity }));
    const rows = readAll(db, { ...rest, columns: typed, rowidName: 'rowid' });
    assert.equal(rows.length, rowids.length);
    for (const [i, [a, b, c]] of rows.entries()) {
      assert.equal(String(a?.[1]), String(i));
      assert.ok(Object.is(b?.[2], expectedCell(cellOf(i))[2]));
      assert.equal(String(c?.[1]), `t${i}`);
    }
    db.close();
    return used;
  };
  const dense = check((i) => i + 1);
  assert.ok(dense.fitting >= 20 && dense.next <= 6, JSON.stringify(dense));
  const gaps = check((i) => i + Math.floor(i / 10));
  assert.ok(gaps.fitting >= 20 && gaps.next <= 6, JSON.stringify(gaps));
  const sparse = check((i) => i * 1000);
  assert.ok(sparse.fitting <= 1 && sparse.next >= 20, JSON.stringify(sparse));
  const blob = Buffer.from('1.5');
  const mixed = check(
    (i) => i,
    (i) => (i > 2000 && i % 200 === 0 ? blob : i / 7),
  );
  assert.ok(mixed.fitting <= 8 && mixed.next >= 20, JSON.stringify(mixed));
});

test('a table of 1600 columns is read', () => {
  const db = new Database(':memory:');
  const names = [...Array(1600).keys()].map((i) => `c${i}`);
  db.exec(`CREATE TABLE t(${names.join(', ')}); INSERT INTO t(c0, c1599) VALUES (1, 0.5)`);
  const [row] = readAll(db, tableOf(names));
  assert.deepEqual([row?.[0]?.[1].toString(), row?.[1]?.[0], row?.[1599]?.[2]], ['1', Storage.Null, 0.5]);
  db.close();
});

test('a missing column is named with its table', () => {
  const db = new Database(':memory:');
  db.exec('CREATE TABLE t(a)');
  assert.throws(
    () => readAll(db, tableOf(['b'])),
    (error) => error instanceof CopierError && error.code === 'source.verify_read_failed' && error.table === 't',
  );
  db.close();
});

test('a table that is read once is given a small cache, and the connection has its own again afterwards', () => {
  const db = new Database(':memory:');
  db.exec('CREATE TABLE t(a)');
  const insert = db.prepare('INSERT INTO t VALUES (?)');
  for (let row = 0; row < 3000; row += 1) insert.run(row);
  const cache = () => db.pragma('cache_size', { simple: true });
  const before = cache();
  for (const more of [{}, { rowidName: 'rowid' }]) {
    const table = { ...tableOf(['a']), ...more };
    const whole = readSourceCells(db, table);
    whole.next();
    if ('rowidName' in more) assert.equal(cache(), -2000);
    for (const _ of whole);
    assert.equal(cache(), before);
    // A reader that stops early.
    for (const _ of readSourceCells(db, table)) break;
    assert.equal(cache(), before);
  }
  db.close();
});
