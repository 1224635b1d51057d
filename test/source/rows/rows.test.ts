import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../../../src/source/sqlite.js';
import fc from 'fast-check';
import type { ChunkRange } from '../../../src/model/plan.js';
import type { SourceTable } from '../../../src/model/source.js';
import { type RowView, Storage } from '../../../src/model/value.js';
import { readSourceCatalog } from '../../../src/source/catalog/catalog.js';
import { quoteIdentifier } from '../../../src/lib/quote.js';
import { readRows } from '../../../src/source/rows/rows.js';
import { plainQuery, type TableToRead, trueQuery } from '../../../src/source/rows/rows-sql.js';
import { runCount } from '../../support/run-count.js';

const runs = runCount({ usual: 300, full: 5000 });

const whole: ChunkRange = { tag: 'whole' };

function withDatabase<T>(sql: string, use: (db: Database, table: SourceTable) => T): T {
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

function planOf(table: SourceTable): TableToRead {
  const columns = table.columns.map(({ name }) => ({ source: name }));
  return {
    source: table.name,
    columns,
    rowidName: table.rowidName,
    sourceKey: table.isWithoutRowid ? table.primaryKey : [],
  };
}

/** A cell as text that tells storage class and exact value. */
function cellOf(view: RowView, i: number): string {
  const storage = view.storage[i];
  if (storage === Storage.Null) return 'null';
  if (storage === Storage.Integer) return `integer ${view.number[i]}`;
  if (storage === Storage.Wide) return `integer ${view.wide.getBigInt64(8 * i)}`;
  if (storage === Storage.Real) return `real ${Object.is(view.number[i], -0) ? '-0' : view.number[i]}`;
  return `${storage === Storage.Text ? 'text' : 'blob'} ${view.bytes.toString('hex', view.start[i], view.end[i])}`;
}

function readCells(db: Database, table: TableToRead, range: ChunkRange = whole): string[][] {
  return Array.from(readRows(db, table, range), (view) => table.columns.map((_, i) => cellOf(view, i)));
}

/** The same from SQL, one column at a time: SQLite says the class, the digits and the bytes. */
function oracle(db: Database, table: TableToRead, order: string): string[][] {
  const columns = table.columns.map(({ source }) => {
    const c = quoteIdentifier(source);
    const sql = `SELECT typeof(${c}), CAST(${c} AS TEXT), lower(hex(CAST(${c} AS BLOB))), ${c} FROM ${quoteIdentifier(table.source)} ORDER BY ${order}`;
    return db
      .prepare<[], [string, string, string, number]>(sql)
      .raw()
      .all()
      .map(([type, digits, hex, value]) => {
        if (type === 'integer') return `integer ${digits}`;
        if (type === 'real') return `real ${Object.is(value, -0) ? '-0' : value}`;
        return type === 'null' ? 'null' : `${type} ${hex}`;
      });
  });
  return (columns[0] ?? []).map((_, row) => columns.map((column) => column[row] ?? ''));
}

// 1. Every value in every column

/** A value as SQL text, so that REAL, INTEGER and broken text reach SQLite as they are. */
const literalOf = fc.oneof(
  fc.constant('NULL'),
  fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }).map(String),
  fc.constantFrom(
    ...[52n, 53n, 62n]
      .flatMap((power) => [-1n, 0n, 1n].flatMap((d) => [2n ** power + d, -(2n ** power) + d]))
      .map(String),
  ),
  fc.constantFrom(
    '9223372036854775807',
    '(-9223372036854775807 - 1)',
    '9e999',
    '-9e999',
    '-0.0',
    '0.0',
    '1.0',
    '1e15',
    '9007199254740993.0',
    '9.3e18',
    '-9223372036854775808.0',
  ),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => (Number.isInteger(value) ? (`${value}`.includes('e') ? `${value}` : `${value}.0`) : `${value}`)),
  fc.string({ unit: 'grapheme' }).map(textLiteral),
  fc.string({ unit: 'binary' }).map(textLiteral),
  fc.constantFrom("''", "'\ufffd'", "'\ufeffbom'", "'12'", "'1e3'", "'é'", "'-0'"),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => `x'${Buffer.from(bytes).toString('hex')}'`),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => `CAST(x'${Buffer.from(bytes).toString('hex')}' AS TEXT)`),
);

/** A text by its UTF-8 bytes: SQL text itself cannot hold NUL. */
function textLiteral(text: string): string {
  return `CAST(x'${Buffer.from(text).toString('hex')}' AS TEXT)`;
}

const types = ['INTEGER', 'NUMERIC', 'REAL', 'TEXT', 'BLOB', '', 'DATETIME'];
const rowsOfLiterals = fc.array(fc.tuple(...types.map(() => literalOf)), { maxLength: 8 });

for (const kind of ['', 'WITHOUT ROWID']) {
  test(`every value of every storage class comes out exactly ${kind}`, () => {
    const definitions = types.map((type, at) => `"c ${at}" ${type}`).join(', ');
    fc.assert(
      fc.property(rowsOfLiterals, (rows) => {
        const inserts = rows.map((row, at) => `INSERT INTO t VALUES (${at - 3}, ${row.join(', ')});`).join('');
        withDatabase(`CREATE TABLE t(id INTEGER PRIMARY KEY, ${definitions}) ${kind}; ${inserts}`, (db, table) => {
          assert.deepEqual(readCells(db, planOf(table)), oracle(db, planOf(table), 'id'));
        });
      }),
      { numRuns: runs },
    );
  });
}

test('the columns are those of the plan, in its order', () => {
  withDatabase('CREATE TABLE t(a, "b""c", d AS (a + 1) VIRTUAL); INSERT INTO t VALUES (1, 2)', (db, table) => {
    const columns = [{ source: 'b"c' }, { source: 'd' }];
    assert.deepEqual(readCells(db, { ...planOf(table), columns }), [['integer 2', 'integer 2']]);
  });
});

// 2. Text

test('invalid UTF-8 keeps its bytes, and the rows around it are each given once', () => {
  const rows = [
    "'plain'",
    "'\ufffd true'",
    "CAST(x'ff00fe' AS TEXT)",
    "CAST(x'eda080' AS TEXT)",
    "x'ff'",
    'NULL',
    '9007199254740993',
  ];
  withDatabase(`CREATE TABLE t(a); ${rows.map((row) => `INSERT INTO t VALUES (${row});`).join('')}`, (db, table) => {
    const cells = readCells(db, planOf(table)).map(([cell]) => cell);
    const truth = `text ${Buffer.from('\ufffd true').toString('hex')}`;
    assert.deepEqual(cells, [
      'text 706c61696e',
      truth,
      'text ff00fe',
      'text eda080',
      'blob ff',
      'null',
      'integer 9007199254740993',
    ]);
  });
});

test('a table of 1600 columns is read by both ways', () => {
  const names = Array.from({ length: 1600 }, (_, at) => `c${at}`);
  withDatabase(
    `CREATE TABLE t(${names.join(', ')}); INSERT INTO t(c0, c499, c500, c1599) VALUES ('a', x'62', 'c', CAST(x'fe' AS TEXT))`,
    (db, table) => {
      const [row] = readCells(db, planOf(table));
      assert.deepEqual(
        [0, 499, 500, 501, 1599].map((at) => row?.[at]),
        ['text 61', 'blob 62', 'text 63', 'null', 'text fe'],
      );
    },
  );
});

test('UTF-16 text comes as the UTF-8 that SQLite makes of it', () => {
  for (const encoding of ['UTF-16le', 'UTF-16be']) {
    const fill =
      "CREATE TABLE t(a); INSERT INTO t VALUES ('é🐘'), ('a' || char(0) || 'b'), (char(65533) || 'é🐘€a'), ('after')";
    withDatabase(`PRAGMA encoding = '${encoding}'; ${fill}`, (db, table) => {
      const expected = ['é🐘', 'a\0b', '\ufffdé🐘€a', 'after'].map(
        (text) => `text ${Buffer.from(text).toString('hex')}`,
      );
      assert.deepEqual(
        readCells(db, planOf(table)).map(([cell]) => cell),
        expected,
      );
      // A high surrogate alone at the end: three bytes that are no UTF-8, so that Postgres can refuse them.
      db.exec(
        `DELETE FROM t; INSERT INTO t VALUES (CAST(x'${encoding === 'UTF-16le' ? '410000d8' : '0041d800'}' AS TEXT))`,
      );
      assert.deepEqual(readCells(db, planOf(table)), [['text 41eda080']]);
    });
  }
});

test('large values come whole, and the buffer that held them is let go', () => {
  withDatabase('CREATE TABLE t(a, b)', (db, table) => {
    const text = 'é'.repeat(3_000_000);
    const blob = Buffer.alloc(5_000_000, 7);
    const insert = db.prepare('INSERT INTO t VALUES (?, ?)');
    insert.run(text, blob);
    for (let i = 0; i < 1000; i++) insert.run('small', i);
    let largest = 0;
    let last = 0;
    for (const view of readRows(db, planOf(table), whole)) {
      if (largest === 0) {
        assert.equal(view.bytes.toString('utf8', view.start[0], view.end[0]), text);
        assert.ok(view.bytes.subarray(view.start[1], view.end[1]).equals(blob));
      }
      largest = Math.max(largest, view.bytes.length);
      last = view.bytes.length;
    }
    assert.ok(largest >= 11_000_000 && last < 1_000_000, `${largest} ${last}`);
  });
});

// 3. Ranges

test('rowid ranges exclude their lower bound and include their upper one', () => {
  const ids = ['-9223372036854775808', '-1', '0', '5', '9007199254740993', '9223372036854775807'];
  withDatabase(
    `CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES ${ids.map((id) => `(${id})`).join(', ')}`,
    (db, table) => {
      const read = (after: string | null, through: string | null) =>
        readCells(db, planOf(table), { tag: 'rowid', after, through }).map(([cell]) => cell?.slice('integer '.length));
      assert.deepEqual(read(null, null), ids);
      assert.deepEqual(read(null, '-1'), ids.slice(0, 2));
      assert.deepEqual(read('-1', '9007199254740992'), ids.slice(2, 4));
      assert.deepEqual(read('9007199254740992', null), ids.slice(4));
    },
  );
});

test('key ranges compare as the key does', () => {
  const sql = `CREATE TABLE t(a TEXT COLLATE NOCASE, b, PRIMARY KEY(a, b)) WITHOUT ROWID;
    INSERT INTO t VALUES ('a', 1), ('A', 2), ('B', NULL || 'x'), ('b', x'00'), ('c', 2.5), ('C', 9007199254740993)`;
  withDatabase(sql.replace("NULL || 'x'", "'x'"), (db, table) => {
    const read = (after: ChunkRange & { tag: 'key' }) =>
      readCells(db, planOf(table), after).map((row) => row.join(' '));
    const all = read({ tag: 'key', after: null, through: null });
    const cut = [
      { tag: 'text', value: 'B' },
      { tag: 'text', value: 'x' },
    ] as const;
    assert.deepEqual(read({ tag: 'key', after: null, through: cut }), all.slice(0, 3));
    assert.deepEqual(read({ tag: 'key', after: cut, through: null }), all.slice(3));
    const wide = [
      { tag: 'text', value: 'c' },
      { tag: 'integer', value: '9007199254740992' },
    ] as const;
    assert.deepEqual(
      read({
        tag: 'key',
        after: wide,
        through: [
          { tag: 'text', value: 'D' },
          { tag: 'blob', hex: '' },
        ],
      }),
      all.slice(5),
    );
  });
});

test('ranges search the b-tree, and a covering index is never scanned instead', () => {
  const rowid = 'CREATE TABLE t(a, b, c); CREATE INDEX i ON t(b)';
  const one = { tag: 'integer', value: '1' } as const;
  const rows: readonly [string, ChunkRange, string][] = [
    [rowid, whole, 'SCAN t'],
    [rowid, { tag: 'rowid', after: '1', through: '2' }, 'SEARCH t USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)'],
    ['CREATE TABLE t(a PRIMARY KEY, b, c) WITHOUT ROWID; CREATE INDEX i ON t(b)', whole, 'SCAN t'],
    [
      'CREATE TABLE t(a, b, PRIMARY KEY(b, a)) WITHOUT ROWID; CREATE INDEX i ON t(a)',
      { tag: 'key', after: [one, one], through: [one, one] },
      'SEARCH t USING PRIMARY KEY ((b,a)>(?,?) AND (b,a)<(?,?))',
    ],
  ];
  for (const [sql, range, expected] of rows) {
    withDatabase(sql, (db, table) => {
      const plan = { ...planOf(table), columns: [{ source: 'b' }] };
      for (const query of [plainQuery(plan, range), trueQuery(plan, range, 3)]) {
        const steps = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${query.sql}`).all(...query.bounds);
        assert.equal(steps.map(({ detail }) => detail).join('; '), expected);
      }
    });
  }
});

test('a reader that is left early frees its statement', () => {
  withDatabase('CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)', (db, table) => {
    for (const view of readRows(db, planOf(table), whole)) {
      assert.equal(view.number[0], 1);
      break;
    }
    db.exec('DROP TABLE t');
  });
});

test('an error of SQLite while reading names the file', () => {
  withDatabase('CREATE TABLE t(a)', (db, table) => {
    db.exec('DROP TABLE t');
    assert.throws(() => readCells(db, planOf(table)), { code: 'source.sqlite', message: /no such table: t/ });
  });
});
