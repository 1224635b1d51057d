import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ChunkRange } from '../../../src/model/plan.js';
import { withFolder } from '../../support/folder.js';
import { askPages, askRows, askSqlite, makeFile, patch, readableColumns, readTable } from './pages-fixture.js';
import { Dice, liveThrough } from './pages-scenario.js';
import { runCount } from '../../support/run-count.js';

const numRuns = runCount({ usual: 250, full: 5000 });

test('the page reader gives what SQLite gives, over random schemas, data and lives of a file', async () => {
  await withFolder((folder) => {
    const scenario = fc.record({
      seed: fc.nat(),
      pageSize: fc.constantFrom(512, 512, 1024, 2048, 4096, 8192, 32768, 65536),
      autoVacuum: fc.constantFrom<0 | 1 | 2>(0, 0, 1, 2),
      reservedBytes: fc.constantFrom(0, 0, 0, 1, 12, 32),
    });
    fc.assert(
      fc.property(scenario, ({ seed, ...options }) => {
        const path = join(folder, 'random.db');
        rmSync(path, { force: true });
        const dice = new Dice(seed);
        makeFile(path, options, (db) => liveThrough(db, dice));
        checkFile(path, dice);
      }),
      { numRuns },
    );
  });
});

/** Whole table, a table cut in ranges of rowids, and some of its columns in another order. */
function checkFile(path: string, dice: Dice): void {
  const from = readTable(path, 't');
  const expected = askSqlite(path, from.table);
  assert.deepEqual(askPages(path, from), expected);
  assert.deepEqual(askRows(path, from), expected);
  for (const range of cutRanges(dice))
    assert.deepEqual(askPages(path, from, range), askSqlite(path, from.table, range));
  const names = readableColumns(from.table);
  const some = names.filter(() => dice.isLucky(2)).reverse();
  const picked = expected.map((row) => some.map((name) => row[names.indexOf(name)]));
  assert.deepEqual(askPages(path, from, { tag: 'whole' }, some), picked);
}

function cutRanges(dice: Dice): ChunkRange[] {
  const cuts = [0, 1, 2].map(() =>
    dice.pick([0n, -1n, 50n, 200n, 65536n, -(2n ** 31n), 2n ** 62n, BigInt(dice.roll(1e5))]),
  );
  const bounds = [null, ...cuts.sort((a, b) => (a < b ? -1 : 1)).map(String), null];
  return bounds.slice(1).map((through, i) => ({ tag: 'rowid', after: bounds[i] ?? null, through }));
}

test('a tree of four levels is read whole and in ranges', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'deep.db');
    makeFile(path, { pageSize: 512 }, (db) => {
      db.exec(`CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
        INSERT INTO t SELECT i * 3, printf('row %040d', i) FROM n`);
    });
    const from = readTable(path, 't');
    assert.deepEqual(askPages(path, from), askSqlite(path, from.table));
    for (const [after, through] of [
      ['-5', '4'],
      ['2999', '3000'],
      ['3000', '90001'],
      ['179999', null],
      ['180000', null],
    ] as const) {
      const range = { tag: 'rowid', after, through } as const;
      assert.deepEqual(askPages(path, from, range), askSqlite(path, from.table, range), `${after} to ${through}`);
    }
  });
});

test('a payload of every length around the page is split as SQLite splits it', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'lengths.db');
    makeFile(path, { pageSize: 512 }, (db) => {
      db.exec(`CREATE TABLE t(a BLOB); WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1600)
        INSERT INTO t SELECT CAST(printf('%0*d', i, i) AS BLOB) FROM n`);
    });
    const from = readTable(path, 't');
    assert.deepEqual(askPages(path, from), askSqlite(path, from.table));
  });
});

test('a range reads only its own part of the tree', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'part.db');
    makeFile(path, { pageSize: 512 }, (db) => {
      db.exec(`CREATE TABLE t(a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
        INSERT INTO t SELECT i FROM n`);
    });
    const from = readTable(path, 't');
    const range = { tag: 'rowid', after: '8000', through: '8100' } as const;
    const expected = askSqlite(path, from.table, range);
    // Both ends of the table become unreadable: the leaves made first and last.
    patch(
      path,
      512 * 2,
      Array.from({ length: 512 * 20 }, () => 0xff),
    );
    const late = 512 * Math.floor((statSync(path).size / 512) * 0.95);
    patch(
      path,
      late,
      Array.from({ length: 512 }, () => 0xff),
    );
    assert.throws(() => askPages(path, from), { code: 'data.damaged_page' });
    assert.deepEqual(askPages(path, from, range), expected);
  });
});

test('an integer of 64 bits in a column that became REAL is rounded as SQLite rounds it', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'real.db');
    makeFile(path, {}, (db) => {
      db.exec('CREATE TABLE t(a INTEGER)');
      const insert = db.prepare('INSERT INTO t VALUES (?)');
      for (const odd of [1n, 2n, 3n, 1025n, 1n << 40n]) {
        for (const power of [53n, 54n, 60n, 62n])
          for (const sign of [1n, -1n]) insert.run(sign * ((1n << power) + odd));
      }
      db.unsafeMode(true);
      db.exec(`PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE TABLE t(a REAL)' WHERE name = 't'`);
    });
    const from = readTable(path, 't');
    const expected = askSqlite(path, from.table);
    assert.match(String(expected[0]), /^real/);
    assert.deepEqual(askPages(path, from), expected);
  });
});

test('every rowid at the edges of 64 bits is read, whole and alone', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'edges.db');
    const edges = [
      -(2n ** 63n),
      -(2n ** 63n) + 1n,
      -(2n ** 53n),
      1n - 2n ** 53n,
      -1n,
      0n,
      2n ** 32n,
      2n ** 53n - 1n,
      2n ** 53n,
      2n ** 63n - 1n,
    ];
    makeFile(path, {}, (db) => {
      db.exec('CREATE TABLE t(id INTEGER PRIMARY KEY, a)');
      for (const edge of edges) db.prepare('INSERT INTO t VALUES (?, ?)').run(edge, edge);
    });
    const from = readTable(path, 't');
    assert.deepEqual(
      askPages(path, from),
      edges.map((edge) => [`integer ${edge}`, `integer ${edge}`]),
    );
    for (const edge of edges.slice(1)) {
      const range = { tag: 'rowid', after: String(edge - 1n), through: String(edge) } as const;
      assert.deepEqual(askPages(path, from, range), [[`integer ${edge}`, `integer ${edge}`]]);
    }
    const first = { tag: 'rowid', after: null, through: String(-(2n ** 63n)) } as const;
    assert.equal(askPages(path, from, first).length, 1);
  });
});

test('a value of many megabytes comes whole, and so does the small row behind it', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'big.db');
    makeFile(path, {}, (db) => {
      db.exec(`CREATE TABLE t(a, b); INSERT INTO t VALUES ('before', 1), (randomblob(9000000), 'x'), ('after', 2), (zeroblob(20000), 3);
        ALTER TABLE t ADD COLUMN c TEXT DEFAULT 'added';`);
    });
    const from = readTable(path, 't');
    assert.deepEqual(askPages(path, from), askSqlite(path, from.table));
  });
});

test('an empty table and a table of which all rows are deleted have no rows', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'empty.db');
    makeFile(path, { pageSize: 512 }, (db) => {
      db.exec(`CREATE TABLE t(a); CREATE TABLE u(a);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO u SELECT i FROM n;
        DELETE FROM u`);
    });
    for (const name of ['t', 'u']) assert.deepEqual(askPages(path, readTable(path, name)), []);
  });
});

test('the schema table itself, rooted on page 1 behind the database header, is read', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'schema.db');
    makeFile(path, { pageSize: 512 }, (db) => {
      for (let i = 0; i < 40; i++) db.exec(`CREATE TABLE table_${i}(a TEXT DEFAULT '${'x'.repeat(i * 30)}')`);
    });
    const { table, catalog } = readTable(path, 'table_0');
    const names = ['type', 'name', 'tbl_name', 'rootpage', 'sql'];
    const blank = table.columns.map((column) => ({ ...column, defaultSql: null }))[0];
    assert.ok(blank !== undefined);
    const schema = { ...table, name: 'sqlite_schema', rootPage: 1, columns: names.map((name) => ({ ...blank, name })) };
    assert.deepEqual(askPages(path, { table: schema, catalog }), askSqlite(path, schema));
  });
});

test('a NaN on disk, which SQLite never writes, reads as NULL', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'nan.db');
    makeFile(path, {}, (db) => db.exec('CREATE TABLE t(a REAL, b); INSERT INTO t VALUES (1.7, 1.7)'));
    // The two reals are the last sixteen bytes of the last page.
    patch(path, 2 * 4096 - 8, [0x7f, 0xf8, 0, 0, 0, 0, 0, 0]);
    const from = readTable(path, 't');
    assert.deepEqual(askSqlite(path, from.table), [['real 3FFB333333333333', 'null']]);
    assert.deepEqual(askPages(path, from), askSqlite(path, from.table));
  });
});

test('a file whose reserved bytes were set by the sqlite3 shell is read', async (t) => {
  if (spawnSync('sqlite3', ['-version']).status !== 0) return t.skip('sqlite3 is not installed');
  await withFolder((folder) => {
    const path = join(folder, 'reserved.db');
    const script = `.filectrl reserve_bytes 40
CREATE TABLE t(a, b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
INSERT INTO t SELECT i, zeroblob(i * 20) FROM n; VACUUM;`;
    spawnSync('sqlite3', [path], { input: script });
    const from = readTable(path, 't');
    assert.deepEqual(askPages(path, from), askSqlite(path, from.table));
  });
});
