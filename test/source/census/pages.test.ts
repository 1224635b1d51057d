import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from '../../../src/source/sqlite.js';
import fc from 'fast-check';
import { CopierError } from '../../../src/model/error.js';
import type { ColumnCensus, TableCensus } from '../../../src/model/census.js';
import type { ChunkRange } from '../../../src/model/plan.js';
import { countChars } from '../../../src/source/census/chars.js';
import { mergeCensus } from '../../../src/source/census/merge.js';
import { takePageCensus } from '../../../src/source/census/pages.js';
import { joinCuts } from '../../../src/source/census/parts.js';
import { takeCensus } from '../../../src/source/census/census.js';
import { cutTable } from '../../../src/source/cuts/cuts.js';
import { withSnapshotFile } from '../../support/snapshot-file.js';
import { choosePages } from '../../../src/source/pages/layout.js';
import { withFolder } from '../../support/folder.js';
import { askPages, copyWith, makeFile, patch, readTable, type TableFrom, whole } from '../pages/pages-fixture.js';
import { Dice, liveThrough } from '../pages/pages-scenario.js';
import { runCount } from '../../support/run-count.js';

function withDatabase<T>(path: string, use: (db: Database) => T): T {
  const db = new Database(path, { readonly: true });
  try {
    return use(db);
  } finally {
    db.close();
  }
}

const countBySql = (path: string, { table }: TableFrom): TableCensus =>
  withDatabase(path, (db) => takeCensus(db, table));

/** Without what SQL does not look at. */
function plain({ columns, ...others }: TableCensus): TableCensus {
  return { ...others, columns: columns.map(({ hasBadTexts: _, ...column }) => column) };
}

/** One census per range; the layout travels in a job. */
function countPages(path: string, { table, catalog }: TableFrom, ranges: readonly ChunkRange[]): TableCensus[] {
  const choice = choosePages(table, catalog);
  if (choice.tag === 'rows') throw new Error(choice.reason);
  const layout = structuredClone(choice.layout);
  return withSnapshotFile(path, (file) => ranges.map((range) => plain(takePageCensus(file, table, layout, range))));
}

const countWhole = (path: string, from: TableFrom): TableCensus => mergeCensus(countPages(path, from, [whole]));

/** Makes a file from SQL and holds the census of table t from its pages against the one by SQL. */
async function checkCounted(sql: string, change: (path: string) => void = () => {}): Promise<ColumnCensus[]> {
  return await withFolder((folder) => {
    const path = join(folder, 'counted.db');
    makeFile(path, {}, (db) => {
      db.unsafeMode(true);
      db.exec(sql);
    });
    change(path);
    const from = readTable(path, 't');
    const census = countWhole(path, from);
    assert.deepEqual(census, countBySql(path, from));
    return [...census.columns];
  });
}

const series = (count: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;

// 1. Against SQL

test('the census from pages, whole or in parts, is the one by SQL, over random schemas, data and lives of a file', async () => {
  const scenario = fc.record({
    seed: fc.nat(),
    pageSize: fc.constantFrom(512, 512, 1024, 4096, 8192, 65536),
    reservedBytes: fc.constantFrom(0, 0, 12),
  });
  const numRuns = runCount({ usual: 200, full: 5000 });
  let counted = 0;
  await withFolder((folder) => {
    fc.assert(
      fc.property(scenario, ({ seed, ...options }) => {
        const path = join(folder, 'random.db');
        rmSync(path, { force: true });
        const dice = new Dice(seed);
        makeFile(path, options, (db) => liveThrough(db, dice));
        const from = readTable(path, 't');
        // Virtual columns are not on pages.
        if (choosePages(from.table, from.catalog).tag === 'rows') return;
        counted++;
        const expected = countBySql(path, from);
        assert.deepEqual(countWhole(path, from), expected);
        for (const ranges of [rollRanges(dice), cutRanges(path, from, dice)]) {
          const parts = countPages(path, from, ranges);
          assert.deepEqual(mergeCensus(parts), expected);
          assert.deepEqual(mergeCensus(parts.reverse()), expected);
        }
      }),
      { numRuns },
    );
  });
  assert.ok(counted > numRuns / 5, String(counted));
});

/** Ranges that meet wherever the dice say. */
function rollRanges(dice: Dice): ChunkRange[] {
  const cuts = [0, 1, 2].map(() => dice.pick([0n, -1n, 50n, 65536n, -(2n ** 31n), 2n ** 62n, BigInt(dice.roll(1e5))]));
  const bounds = [null, ...cuts.sort((a, b) => (a < b ? -1 : 1)).map(String), null];
  return bounds.slice(1).map((through, at) => ({ tag: 'rowid', after: bounds[at] ?? null, through }));
}

/** Ranges as a run cuts and joins them. */
function cutRanges(path: string, { table }: TableFrom, dice: Dice): ChunkRange[] {
  const chunkBytes = 1 + dice.roll(20_000);
  const cuts = withDatabase(path, (db) => cutTable({ db, snapshotPath: path, table, chunkBytes }));
  return joinCuts(cuts, dice.roll(60_000));
}

test('texts that PostgreSQL would not take are seen, short and long, and no others', async () => {
  const bad = [
    "'a' || char(0)",
    "CAST(x'ff' AS TEXT)",
    "CAST(x'61c3' AS TEXT)",
    "printf('%.200c', 'x') || char(0) || 'y'",
    // At each place of a word of four bytes, and behind the last whole word.
    ...[0, 1, 2, 3, 6].map((at) => `CAST(x'${'01'.repeat(at)}00${'01'.repeat(6 - at)}' AS TEXT)`),
    ...[0, 1, 2, 3, 6].map((at) => `CAST(x'${'61'.repeat(at)}80${'61'.repeat(6 - at)}' AS TEXT)`),
  ];
  const good = [
    ...["''", "'abc'", "'é🙂'", "printf('%.200c', 'x') || 'é'", '7', "x'00ff'"],
    ...[0, 1, 2, 3, 6].map((at) => `'${'a'.repeat(at)}é${'\u007f'.repeat(6 - at)}'`),
    "CAST(x'01010101010101' AS TEXT)",
  ];
  for (const [values, expected] of [
    [good, undefined],
    ...bad.map((value) => [[...good, value], true] as const),
  ] as const) {
    await withFolder((folder) => {
      const path = join(folder, 'texts.db');
      const rows = values.map((value) => `INSERT INTO t VALUES (${value}, 'fine');`).join(' ');
      makeFile(path, {}, (db) => db.exec(`CREATE TABLE t(a, b TEXT); ${rows}`));
      const { table, catalog } = readTable(path, 't');
      const choice = choosePages(table, catalog);
      if (choice.tag === 'rows') throw new Error(choice.reason);
      const { columns } = withSnapshotFile(path, (file) => takePageCensus(file, table, choice.layout, whole));
      assert.deepEqual(
        columns.map(({ hasBadTexts }) => hasBadTexts),
        [expected, undefined],
        values.at(-1),
      );
    });
  }
});

test('neighbouring pieces are joined to parts of at least so many bytes, which leave nothing out', () => {
  const bounds = [null, '10', '20', '30', '40', null];
  const cuts = bounds.slice(1).map((through, at) => {
    const range: ChunkRange = { tag: 'rowid', after: bounds[at] ?? null, through };
    return { range, estimatedBytes: 16 };
  });
  const ends = (bytesMin: number) =>
    joinCuts(cuts, bytesMin).map((range) => range.tag === 'rowid' && `${range.after}..${range.through}`);
  assert.deepEqual(ends(1), ['null..10', '10..20', '20..30', '30..40', '40..null']);
  assert.deepEqual(ends(32), ['null..20', '20..40', '40..null']);
  assert.deepEqual(ends(1000), ['null..null']);
  assert.deepEqual(joinCuts([{ range: whole, estimatedBytes: 5 }]), [whole]);
});

test('characters are counted as SQLite counts them, and bytes that are no UTF-8 never as fewer', () => {
  const db = new Database(':memory:');
  const length = db.prepare<[Buffer], number>('SELECT length(CAST(? AS TEXT))').pluck();
  const piece = fc.oneof(
    fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom('\0', 'a', 'é', '🙂').map((text) => Buffer.from(text)),
    fc.constantFrom([0x80], [0xbf, 0xbf], [0xc0], [0xff, 0x80, 0x80], [0xf0, 0x9f]).map((bytes) => Buffer.from(bytes)),
  );
  try {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }).map(Buffer.concat), (bytes) => {
        const chars = countChars(Buffer.concat([bytes, Buffer.from([0x80])]), 0, bytes.length);
        const expected = length.get(bytes) ?? Number.NaN;
        if (isUtf8(bytes)) assert.equal(chars, expected);
        else assert.ok(chars >= expected, `${chars} < ${expected}`);
      }),
      { numRuns: runCount({ usual: 3000, full: 100_000 }) },
    );
  } finally {
    db.close();
  }
});

test('the kernel and the row reader say the same of a text, wherever it stands', async () => {
  const piece = fc.oneof(
    fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom('\0', 'a', 'abcdefgh', 'é', '€', '🙂', '\ud7ff', '\ue000').map((text) => Buffer.from(text)),
    fc
      .constantFrom(
        [0x80],
        [0xc1, 0xbf],
        [0xe0, 0x9f, 0xbf],
        [0xed, 0xa0, 0x80],
        [0xf0, 0x8f, 0xbf, 0xbf],
        [0xf4, 0x90, 0x80, 0x80],
      )
      .map((bytes) => Buffer.from(bytes)),
  );
  const texts = fc.array(fc.array(piece, { maxLength: 6 }).map(Buffer.concat), { minLength: 1, maxLength: 4 });
  await withFolder((folder) => {
    const path = join(folder, 'texts.db');
    fc.assert(
      fc.property(texts, (values) => {
        rmSync(path, { force: true });
        makeFile(path, {}, (db) => {
          db.exec('CREATE TABLE t(a TEXT)');
          const insert = db.prepare('INSERT INTO t VALUES (CAST(? AS TEXT))');
          // The first row of a count is never the kernel's.
          for (const value of [Buffer.alloc(0), ...values]) insert.run(value);
        });
        const { table, catalog } = readTable(path, 't');
        const choice = choosePages(table, catalog);
        if (choice.tag === 'rows') throw new Error(choice.reason);
        const { columns } = withSnapshotFile(path, (file) => takePageCensus(file, table, choice.layout, whole));
        const isBad = values.some((value) => value.includes(0) || !isUtf8(value));
        const charsMax = Math.max(...values.map((value) => countChars(value, 0, value.length)));
        assert.deepEqual([columns[0]?.hasBadTexts, columns[0]?.charsMax], [isBad ? true : undefined, charsMax]);
      }),
      { numRuns: runCount({ usual: 300, full: 5000 }) },
    );
  });
});

test('a table of more columns than the kernel has memory for is counted as by SQL', async () => {
  const names = Array.from({ length: 600 }, (_, i) => `c${i}`);
  const row = (value: string) => `(${names.map(() => value).join(', ')})`;
  const columns = await checkCounted(
    `CREATE TABLE t(${names.join(', ')}); INSERT INTO t VALUES ${row('1')}, ${row("'abc'")}`,
  );
  assert.deepEqual([columns[599]?.integers, columns[599]?.charsMax], [1, 3]);
});

// 2. Single facts

test('texts that are no valid UTF-8 or have a NUL in them are measured as by SQL', async () => {
  const [a] = await checkCounted(
    "CREATE TABLE t(a TEXT); INSERT INTO t VALUES (CAST(x'ffc3a9808041' AS TEXT)), ('ab' || char(0) || 'cdefghijk')",
  );
  assert.deepEqual([a?.charsMax, a?.bytesMax], [3, 12]);
});

test('integers of a REAL column are reals, rounded where a double is too narrow', async () => {
  const [a] = await checkCounted(`CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (9007199254740993), (-7), (0);
    PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE TABLE t(a REAL)' WHERE name = 't'`);
  assert.deepEqual([a?.reals, a?.integers, a?.realMin, a?.realMax], [3, 0, -7, 2 ** 53]);
});

test('minus zero is zero, and infinities are reals', async () => {
  const columns = await checkCounted('CREATE TABLE t(a, b REAL); INSERT INTO t VALUES (-0.0, 9e999), (0.0, -9e999)');
  assert.deepEqual(
    columns.map(({ realMin, realMax }) => [realMin, realMax]),
    [
      [0, 0],
      [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    ],
  );
});

test('a NaN on disk, which SQLite never writes, is a NULL', async () => {
  const columns = await checkCounted('CREATE TABLE t(a REAL, b); INSERT INTO t VALUES (1.7, 1.7), (2.5, 2.5)', (path) =>
    // The cell written first ends the last page.
    patch(path, 2 * 4096 - 8, [0x7f, 0xf8, 0, 0, 0, 0, 0, 0]),
  );
  assert.deepEqual(
    columns.map(({ nulls, reals, realMin }) => [nulls, reals, realMin]),
    [
      [0, 2, 1.7],
      [1, 1, 2.5],
    ],
  );
});

test('rows older than their columns have the defaults', async () => {
  const columns = await checkCounted(`CREATE TABLE t(a); INSERT INTO t VALUES (1), (2);
    ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'é!'; ALTER TABLE t ADD COLUMN c REAL DEFAULT 7; INSERT INTO t VALUES (3, 'x', 1);
    ALTER TABLE t ADD COLUMN d TEXT DEFAULT ''; ALTER TABLE t ADD COLUMN e BLOB DEFAULT x'000102';
    ALTER TABLE t ADD COLUMN f INT DEFAULT -9223372036854775808; ALTER TABLE t ADD COLUMN g`);
  const [, b, c, d, e, f, g] = columns;
  assert.deepEqual([b?.texts, b?.charsMax, b?.bytesMax, c?.reals, c?.realMax, d?.emptyTexts], [3, 2, 3, 3, 7, 3]);
  assert.deepEqual([e?.blobs, e?.bytesMax, f?.integerMin, g?.nulls], [3, 3, '-9223372036854775808', 3]);
});

test('eight-byte integers and rowids are exact', async () => {
  const [id, a] = await checkCounted(
    `CREATE TABLE t(id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (-9223372036854775808, 9007199254740993),
      (-1, 9007199254740994), (9223372036854775807, -9223372036854775807), (5, -9223372036854775806)`,
  );
  assert.deepEqual([id?.integerMin, id?.integerMax], ['-9223372036854775808', '9223372036854775807']);
  assert.deepEqual([a?.integerMin, a?.integerMax], ['-9223372036854775807', '9007199254740994']);
});

test('an empty table, a table of 1500 columns and values of many megabytes are counted', async () => {
  await checkCounted('CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)');
  const names = Array.from({ length: 1500 }, (_, at) => `c${at}`);
  await checkCounted(`CREATE TABLE t(${names.join(', ')}); INSERT INTO t(c0, c1499) VALUES (1, 'x'), (2, zeroblob(9000));
    INSERT INTO t VALUES (${names.map((_, at) => `'value ${at}'`).join(', ')})`);
  // Headers that go on on overflow pages although no value behind them must be looked at.
  await checkCounted(
    `CREATE TABLE t(${names.join(', ')}); ${series(12)} INSERT INTO t(c1499) SELECT zeroblob(500 * i) FROM n`,
  );
  await checkCounted(`CREATE TABLE t(a, b, c); INSERT INTO t VALUES ('é', zeroblob(9000000), 1),
    (hex(zeroblob(3000000)), x'', -2), (replace(hex(zeroblob(99999)), '0', 'ü'), 7.5, 30000)`);
});

test('stored generated columns are counted where they stand', async () => {
  const [, b] = await checkCounted(
    "CREATE TABLE t(a INT, b AS (a * 2) STORED, c TEXT); INSERT INTO t(a, c) VALUES (21, 'x')",
  );
  assert.equal(b?.integerMax, '42');
});

// 3. Overflow pages

const pageSize = 512;

/** Overwrites every page from the third on with what no chain of overflow pages can be. */
function breakChains(bytes: Buffer): void {
  bytes.fill(0xff, 2 * pageSize);
}

test('overflow pages are read only for a value that must be looked at', async () => {
  const cases: readonly [sql: string, reads: boolean][] = [
    ['CREATE TABLE t(a, b); INSERT INTO t VALUES (300, zeroblob(2000))', false],
    ['CREATE TABLE t(a, b); INSERT INTO t VALUES (zeroblob(2000), NULL)', false],
    ['CREATE TABLE t(a, b); INSERT INTO t VALUES (zeroblob(2000), 1)', false],
    ['CREATE TABLE t(a, b); INSERT INTO t VALUES (zeroblob(2000), 300)', true],
    ['CREATE TABLE t(a, b); INSERT INTO t VALUES (zeroblob(2000), 0.5)', true],
    ["CREATE TABLE t(a); INSERT INTO t VALUES (printf('%02000d', 1))", true],
  ];
  await withFolder((folder) => {
    cases.forEach(([sql, reads], at) => {
      const path = join(folder, `${at}.db`);
      makeFile(path, { pageSize }, (db) => db.exec(sql));
      const from = readTable(path, 't');
      const expected = countBySql(path, from);
      assert.deepEqual(countWhole(path, from), expected);
      const broken = copyWith(path, join(folder, 'broken.db'), breakChains);
      assert.throws(() => askPages(broken, from), { code: 'data.damaged_page' });
      if (reads) assert.throws(() => countWhole(broken, from), { code: 'data.damaged_page', table: 't' }, sql);
      else assert.deepEqual(countWhole(broken, from), expected, sql);
    });
  });
});

// 4. Damage

const deepSql = `CREATE TABLE t(a, b); ${series(4000)}
  INSERT INTO t SELECT i, CASE WHEN i % 50 THEN printf('%030d', i) ELSE zeroblob(1500) END FROM n`;

const wound = fc.record({
  page: fc.nat(),
  at: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: pageSize - 1 })),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
});

test('what is a damaged page to the census is one to the page reader, in the same words', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'whole.db');
    makeFile(path, { pageSize }, (db) => db.exec(deepSql));
    const from = readTable(path, 't');
    const outcomes = { same: 0, damaged: 0, unseen: 0 };
    fc.assert(
      fc.property(fc.array(wound, { minLength: 1, maxLength: 4 }), (wounds) => {
        const copy = copyWith(path, join(folder, 'damaged.db'), (bytes) => {
          const pageCount = bytes.length / pageSize;
          for (const { page, at, bytes: thrown } of wounds)
            bytes.set(thrown.subarray(0, pageSize - at), (1 + (page % (pageCount - 1))) * pageSize + at);
        });
        const read = attempt(() => askPages(copy, from).length);
        const counted = attempt(() => countWhole(copy, from).rows);
        // The reader also follows the chains that the census leaves alone.
        if (typeof read === 'string' && read.includes('overflow')) outcomes.unseen++;
        else {
          assert.equal(counted, read);
          outcomes[typeof read === 'string' ? 'damaged' : 'same']++;
        }
      }),
      { numRuns: runCount({ usual: 200, full: 20_000 }) },
    );
    assert.ok(outcomes.same > 0 && outcomes.damaged > outcomes.unseen, JSON.stringify(outcomes));
  });
});

/** What was counted, or the message of the damaged page. */
function attempt(count: () => number): number | string {
  try {
    return count();
  } catch (error) {
    if (!(error instanceof CopierError) || error.code !== 'data.damaged_page') throw error;
    return error.message;
  }
}
