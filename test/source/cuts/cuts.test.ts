import assert from 'node:assert/strict';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from '../../../src/source/sqlite.js';
import fc from 'fast-check';
import type { Chunk } from '../../../src/model/plan.js';
import type { SourceTable } from '../../../src/model/source.js';
import { type RowView, Storage } from '../../../src/model/value.js';
import { readSourceCatalog } from '../../../src/source/catalog/catalog.js';
import { countRows } from '../../../src/source/census/census.js';
import { cutTable, spreadRows } from '../../../src/source/cuts/cuts.js';
import { readRows } from '../../../src/source/rows/rows.js';
import { makeSqlite, withFolder } from '../../support/folder.js';
import { runCount } from '../../support/run-count.js';

const runs = runCount({ usual: 40, full: 1000 });

function withTable<T>(path: string, use: (db: Database, table: SourceTable) => T): T {
  const db = new Database(path, { readonly: true });
  try {
    const [table] = readSourceCatalog(db).tables;
    assert.ok(table);
    return use(db, table);
  } finally {
    db.close();
  }
}

function cut(path: string, chunkBytes: number): Chunk[] {
  return withTable(path, (db, table) =>
    spreadRows(table.name, cutTable({ db, snapshotPath: path, table, chunkBytes }), countRows(db, table.name)),
  );
}

/** The buffers of a view keep what older rows left in them: only `storage` says which one counts. */
function firstCell(view: RowView): bigint {
  return view.storage[0] === Storage.Wide ? view.wide.getBigInt64(0) : BigInt(view.number[0] ?? 0);
}

/** Checks what every cut promises and gives the chunks back. */
function checkCut(path: string, chunkBytes: number, firstColumn: string): Chunk[] {
  const chunks = cut(path, chunkBytes);
  withTable(path, (db, table) => {
    const key = table.isWithoutRowid ? table.primaryKey : [];
    const plan = { source: table.name, columns: [{ source: firstColumn }], rowidName: table.rowidName, sourceKey: key };
    const read = (chunk: Chunk) => Array.from(readRows(db, plan, chunk.range), firstCell);
    const all = Array.from(readRows(db, plan, { tag: 'whole' }), firstCell);
    assert.deepEqual(chunks.flatMap(read), all);
    for (const chunk of table.isWithoutRowid ? chunks : []) {
      const miss = Math.abs(read(chunk).length - chunk.estimatedRows);
      assert.ok(miss <= chunks.length, `chunk ${chunk.index} is ${miss} rows off its quantile`);
    }
    assert.equal(
      chunks.reduce((sum, { estimatedRows }) => sum + estimatedRows, 0),
      all.length,
    );
    assert.deepEqual(
      chunks.map(({ index, table: name }) => [index, name]),
      chunks.map((_, at) => [at, table.name]),
    );
    const ranges = chunks.flatMap(({ range }) => (range.tag === 'whole' ? [] : [range]));
    for (const [at, range] of ranges.entries()) assert.deepEqual(range.after, ranges[at - 1]?.through ?? null);
    assert.equal(ranges.at(-1)?.through ?? null, null);
  });
  return chunks;
}

const series = (count: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;

// 1. Rowid tables

test('every row of a random table lies in exactly one chunk', async () => {
  const run = fc.record({
    start: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
    step: fc.constantFrom(1n, 3n, 1_000_000n, 2n ** 48n),
    count: fc.integer({ min: 0, max: 300 }),
    width: fc.constantFrom(0, 5, 100, 2000),
  });
  const shape = fc.record({
    pageSize: fc.constantFrom(512, 1024, 4096),
    pieces: fc.array(run, { maxLength: 4 }),
    deletes: fc.constantFrom('', 'DELETE FROM t WHERE id % 3 = 0;', 'DELETE FROM t WHERE id < 0;', 'DELETE FROM t;'),
    chunkBytes: fc.constantFrom(1, 2000, 20_000),
  });
  await withFolder((folder) => {
    let file = 0;
    fc.assert(
      fc.property(shape, ({ pageSize, pieces, deletes, chunkBytes }) => {
        const fill = pieces
          .map(
            ({ start, step, count, width }) =>
              `${series(count)} INSERT OR IGNORE INTO t SELECT ${start} + i * ${step}, zeroblob(${width}) FROM n;`,
          )
          .join('');
        const path = makeSqlite(
          folder,
          `PRAGMA page_size = ${pageSize}; PRAGMA synchronous = OFF; CREATE TABLE t(id INTEGER PRIMARY KEY, a); ${fill} ${deletes}`,
          `${file++}.db`,
        );
        checkCut(path, chunkBytes, 'id');
      }),
      { numRuns: runs },
    );
  });
});

test('chunks are near their size however the rowids are spread', async () => {
  await withFolder((folder) => {
    const path = makeSqlite(
      folder,
      `CREATE TABLE t(id INTEGER PRIMARY KEY, a);
      ${series(20_000)} INSERT INTO t SELECT i, 'text of some length ' || i FROM n;
      ${series(20_000)} INSERT INTO t SELECT 1000000000 + i, 'text of some length ' || i FROM n;`,
    );
    const chunks = checkCut(path, 128 * 1024, 'id');
    assert.ok(chunks.length > 8);
    for (const { estimatedBytes, estimatedRows } of chunks.slice(0, -1)) {
      assert.ok(estimatedBytes >= 128 * 1024 && estimatedBytes < 160 * 1024, String(estimatedBytes));
      assert.ok(estimatedRows > 2000 && estimatedRows < 6000, String(estimatedRows));
    }
  });
});

test('large values on overflow pages count', async () => {
  await withFolder((folder) => {
    const path = makeSqlite(
      folder,
      `CREATE TABLE t(id INTEGER PRIMARY KEY, a); ${series(300)} INSERT INTO t SELECT i, zeroblob(100000) FROM n;`,
    );
    const chunks = checkCut(path, 4_000_000, 'id');
    assert.ok(chunks.length >= 6 && chunks.length <= 10, String(chunks.length));
    const bytes = chunks.reduce((sum, { estimatedBytes }) => sum + estimatedBytes, 0);
    assert.ok(bytes > 28_000_000 && bytes < 33_000_000, String(bytes));
  });
});

test('a small table, an empty one and one whose rowid has no name are whole', async () => {
  await withFolder((folder) => {
    const fill = `${series(5000)} INSERT INTO t SELECT i, i, i FROM n;`;
    const rows: readonly [string, string, number][] = [
      ['CREATE TABLE t(a, b, c);', 'a', 1],
      [`CREATE TABLE t(a, b, c); ${fill}`, 'a', 1e9],
      [`CREATE TABLE t(rowid, oid, _rowid_); ${fill}`, 'oid', 100],
    ];
    rows.forEach(([sql, column, chunkBytes], at) => {
      const chunks = checkCut(makeSqlite(folder, sql, `${at}.db`), chunkBytes, column);
      assert.deepEqual(
        chunks.map(({ range }) => range),
        [{ tag: 'whole' }],
      );
    });
  });
});

// 2. WITHOUT ROWID

test('WITHOUT ROWID tables are cut at quantiles of their key', async () => {
  await withFolder((folder) => {
    const fill = (key: string) => `${series(5000)} INSERT INTO t SELECT i, ${key}, zeroblob(50) FROM n;`;
    const rows: readonly [string, boolean][] = [
      [`CREATE TABLE t(i, k, a, PRIMARY KEY(k, i)) WITHOUT ROWID; ${fill('i % 3')}`, true],
      [
        `CREATE TABLE t(i, k TEXT COLLATE NOCASE, a, PRIMARY KEY(k)) WITHOUT ROWID; ${fill("CASE i % 2 WHEN 0 THEN 'a' ELSE 'B' END || i")}`,
        true,
      ],
      [`CREATE TABLE t(i, k REAL, a, PRIMARY KEY(k)) WITHOUT ROWID; ${fill('i / 7.0')}`, true],
      [`CREATE TABLE t(i, k, a, PRIMARY KEY(k)) WITHOUT ROWID; ${fill('randomblob(9)')}`, true],
      [`CREATE TABLE t(i, k, a, PRIMARY KEY(k DESC)) WITHOUT ROWID; ${fill('i')}`, false],
      [`CREATE TABLE t(i, k, a, PRIMARY KEY(k)) WITHOUT ROWID; ${fill("CAST(x'fe' AS TEXT) || i")}`, false],
    ];
    rows.forEach(([sql, isCut], at) => {
      const chunks = checkCut(makeSqlite(folder, sql, `${at}.db`), 32 * 1024, 'i');
      assert.equal(chunks.length > 5, isCut, sql);
      for (const { estimatedRows } of chunks) assert.ok(!isCut || (estimatedRows > 100 && estimatedRows < 1000));
    });
  });
});

// 3. Damage

test('damaged interior pages are named and never followed', async () => {
  await withFolder((folder) => {
    const make = (name: string) =>
      makeSqlite(
        folder,
        `CREATE TABLE t(id INTEGER PRIMARY KEY, a); ${series(20_000)} INSERT INTO t SELECT i, 'some text' FROM n;`,
        name,
      );
    const root = withTable(make('probe.db'), (_, table) => table.rootPage);
    const damages: readonly [string, number, number[], RegExp][] = [
      ['type', 0, [77], /page 2 is damaged: its type is 77/],
      ['count', 3, [255, 255], /page 2 is damaged: it counts 65535 cells/],
      ['last child beyond the file', 8, [127, 0, 0, 0], /page 2130706432 is damaged: there is no such tree page/],
      ['last child is the root', 8, [0, 0, 0, 2], /page 2 is damaged: it is reached twice/],
      ['cell pointer', 12, [0, 1], /page 2 is damaged: a cell begins at byte 1/],
    ];
    damages.forEach(([what, at, bytes, message]) => {
      const path = make(`${what}.db`);
      const table = withTable(path, (_, intact) => intact);
      const file = openSync(path, 'r+');
      writeSync(file, Uint8Array.from(bytes), 0, bytes.length, (root - 1) * 4096 + at);
      closeSync(file);
      const db = new Database(':memory:');
      try {
        const options = { db, snapshotPath: join(folder, `${what}.db`), table, chunkBytes: 8192 };
        assert.throws(
          () => cutTable(options),
          (error: Error & { code?: string }) => error.code === 'data.damaged_page' && message.test(error.message),
          what,
        );
      } finally {
        db.close();
      }
    });
  });
});
