import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { CopierError } from '../../../src/model/error.js';
import { withFolder } from '../../support/folder.js';
import { askPages, askSqlite, copyWith, makeFile, readTable } from './pages-fixture.js';
import { runCount } from '../../support/run-count.js';

const numRuns = runCount({ usual: 600, full: 20_000 });
const pageSize = 512;

/** First byte of a page. */
function pageAt(page: number): number {
  return (page - 1) * pageSize;
}

/** First byte of a cell of the leaf or interior page. */
function cellAt(bytes: Buffer, page: number, index: number): number {
  const pointers = pageAt(page) + (bytes[pageAt(page)] === 5 ? 12 : 8);
  return pageAt(page) + bytes.readUInt16BE(pointers + 2 * index);
}

const smallSql = "CREATE TABLE t(a, b); INSERT INTO t VALUES ('one', 1.5), ('two', 2.5), ('three', 3.5)";

/** Rows of 2000 bytes: one on each leaf, from page 2, and a chain of overflow pages behind it. */
const chainSql = 'CREATE TABLE t(a); INSERT INTO t VALUES (zeroblob(2000))';

const deepSql = `CREATE TABLE t(a, b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
  INSERT INTO t SELECT i, CASE WHEN i % 50 THEN printf('%030d', i) ELSE zeroblob(1500) END FROM n`;

type Damage = readonly [title: string, sql: string, change: (bytes: Buffer) => void, message: RegExp];

const damages: readonly Damage[] = [
  ['a root that is no table page', smallSql, (b) => b.writeUInt8(10, pageAt(2)), /page 2: page type 10/],
  ['more cells than fit', smallSql, (b) => b.writeUInt16BE(300, pageAt(2) + 3), /page 2: 300 cells do not fit/],
  ['a cell among the pointers', smallSql, (b) => b.writeUInt16BE(9, pageAt(2) + 8), /page 2: a cell is outside/],
  ['a cell beyond the page', smallSql, (b) => b.writeUInt16BE(0xffff, pageAt(2) + 8), /page 2: a cell is outside/],
  ['a last cell beyond the page', smallSql, (b) => b.writeUInt16BE(512, pageAt(2) + 12), /page 2: a cell is outside/],
  ['a payload over the end', smallSql, (b) => b.writeUInt8(0x7f, cellAt(b, 2, 0)), /page 2: a cell runs over/],
  ['an empty payload', smallSql, (b) => b.writeUInt8(0, cellAt(b, 2, 0)), /page 2: a record header of 3 bytes/],
  ['an empty record header', smallSql, (b) => b.writeUInt8(0, cellAt(b, 2, 0) + 2), /page 2: a record header of 0/],
  ['a long record header', smallSql, (b) => b.writeUInt8(0x60, cellAt(b, 2, 0) + 2), /page 2: a record header of 96/],
  ['serial type 10', smallSql, (b) => b.writeUInt8(10, cellAt(b, 2, 0) + 3), /page 2: serial type 10 is reserved/],
  ['serial type 11', smallSql, (b) => b.writeUInt8(11, cellAt(b, 2, 0) + 4), /page 2: serial type 11 is reserved/],
  ['a text too long', smallSql, (b) => b.writeUInt8(0x7f, cellAt(b, 2, 0) + 3), /page 2: the values .* longer/],
  ['a text too short', smallSql, (b) => b.writeUInt8(13, cellAt(b, 2, 0) + 3), /page 2: the values .* shorter/],
  ['a real beyond the record', smallSql, (b) => b.writeUInt8(7, cellAt(b, 2, 0) + 3), /page 2: the values .* longer/],
  [
    'a serial type over its header',
    smallSql,
    (b) => b.writeUInt8(0x81, cellAt(b, 2, 0) + 4),
    /page 2: a serial type runs over/,
  ],
  ['a serial type of nine bytes', smallSql, (b) => b.fill(0xff, cellAt(b, 2, 0) + 3), /page 2: serial type/],
  ['rowids out of order', smallSql, (b) => b.writeUInt8(1, cellAt(b, 2, 1) + 1), /page 2: rowids do not ascend/],
  [
    'a payload larger than the file',
    chainSql,
    (b) => b.writeUInt16BE(0xdf03, cellAt(b, 2, 0)),
    /page 2: a payload of 12163/,
  ],
  [
    'a chain that leaves the file',
    chainSql,
    (b) => b.writeUInt32BE(9999, pageAt(2) + 508),
    /page 2: there is no overflow page 9999/,
  ],
  ['a chain that ends early', chainSql, (b) => b.writeUInt32BE(0, pageAt(3)), /page 3: the overflow chain ends/],
  ['a chain that goes on', chainSql, (b) => b.writeUInt32BE(3, pageAt(6)), /page 6: the overflow chain is longer/],
  ['a chain in a circle', chainSql, (b) => b.writeUInt32BE(3, pageAt(3)), /page 3: the overflow chain is longer/],
  [
    'a right-most child that is not there',
    deepSql,
    (b) => b.writeUInt32BE(99999, pageAt(2) + 8),
    /page 2: there is no page 99999/,
  ],
  ['a child that is no page', deepSql, (b) => b.writeUInt32BE(0, cellAt(b, 2, 0)), /page 2: there is no page 0/],
  [
    'a child that is its parent',
    deepSql,
    (b) => b.writeUInt32BE(2, cellAt(b, 2, 0)),
    /page 2: the b-tree is deeper than 20/,
  ],
  [
    'an interior cell beyond the page',
    deepSql,
    (b) => b.writeUInt16BE(510, pageAt(2) + 12),
    /page 2: cell 0 is outside/,
  ],
  ['more interior cells than fit', deepSql, (b) => b.writeUInt16BE(251, pageAt(2) + 3), /page 2: 251 cells do not fit/],
  [
    'a key below its child',
    deepSql,
    (b) => b.writeUInt8(1, cellAt(b, 2, 0) + 4),
    /rowid \d+ is beyond its parent's key/,
  ],
  ['a forest of empty leaves', deepSql, emptyForest, /the b-tree has a cycle/],
];

/** No leaf has a row, and every interior page has the next one as each of its children: far more ways than pages. */
function emptyForest(bytes: Buffer): void {
  const interior: number[] = [];
  for (let page = 2; page <= bytes.length / pageSize; page++) {
    if (bytes[pageAt(page)] === 5) interior.push(page);
    if (bytes[pageAt(page)] === 13) bytes.writeUInt16BE(0, pageAt(page) + 3);
  }
  for (const [i, page] of interior.entries()) {
    const child = interior[i + 1] ?? bytes.readUInt32BE(pageAt(page) + 8);
    bytes.writeUInt32BE(child, pageAt(page) + 8);
    for (let cells = bytes.readUInt16BE(pageAt(page) + 3); cells > 0; cells--) {
      bytes.writeUInt32BE(child, cellAt(bytes, page, cells - 1));
    }
  }
}

for (const [title, sql, change, message] of damages) {
  test(`${title} is a damaged page`, async () => {
    await withFolder((folder) => {
      const path = join(folder, 'whole.db');
      makeFile(path, { pageSize }, (db) => db.exec(sql));
      const from = readTable(path, 't');
      assert.deepEqual(askPages(path, from), askSqlite(path, from.table));
      const copy = copyWith(path, join(folder, 'damaged.db'), change);
      assert.throws(() => askPages(copy, from), { code: 'data.damaged_page', table: 't', message });
    });
  });
}

/** Bytes thrown into a page: mostly at its head and pointers, where they hurt. */
const wound = fc.record({
  page: fc.nat(),
  at: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: pageSize - 1 })),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
});

test('random damage gives the same rows, other rows or a damaged page, and always an end', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'whole.db');
    makeFile(path, { pageSize }, (db) => db.exec(deepSql));
    const from = readTable(path, 't');
    const whole = readFileSync(path);
    const pageCount = whole.length / pageSize;
    const outcomes = { rows: 0, damaged: 0 };
    fc.assert(
      fc.property(fc.array(wound, { minLength: 1, maxLength: 4 }), fc.boolean(), (wounds, cutsRange) => {
        const copy = copyWith(path, join(folder, 'damaged.db'), (bytes) => {
          for (const { page, at, bytes: thrown } of wounds) {
            // Page 1 is the header, which has tests of its own.
            bytes.set(thrown.subarray(0, pageSize - at), pageAt(2 + (page % (pageCount - 1))) + at);
          }
        });
        const range = cutsRange
          ? ({ tag: 'rowid', after: '1000', through: '3000' } as const)
          : ({ tag: 'whole' } as const);
        outcomes[readDamaged(() => askPages(copy, from, range).length, pageCount)]++;
      }),
      { numRuns },
    );
    assert.ok(outcomes.rows > 0 && outcomes.damaged > 0, JSON.stringify(outcomes));
  });
});

function readDamaged(read: () => number, pageCount: number): 'rows' | 'damaged' {
  try {
    // A cell takes four bytes at least.
    assert.ok(read() <= (pageCount * pageSize) / 4);
    return 'rows';
  } catch (error) {
    if (!(error instanceof CopierError) || error.code !== 'data.damaged_page') throw error;
    assert.match(error.message, /^table "t", page \d+: /);
    return 'damaged';
  }
}
