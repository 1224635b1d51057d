import assert from 'node:assert/strict';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { CopierError } from '../../src/model/error.js';
import { type BothPaths, withBothFiles } from '../../src/follow/both-files.js';
import {
  type BothFiles,
  type ChangedTable,
  type ChangeWay,
  changedRows,
  type Side,
} from '../../src/follow/changed-rows.js';
import { canJoin } from '../../src/follow/join-rows.js';
import { refuseOtherSchema } from '../../src/follow/same-schema.js';
import type { RowView } from '../../src/model/value.js';
import { comparePages, hasSamePages, PageChanges, spansOf } from '../../src/source/changes/page-changes.js';
import { findTouchedLeaves, listLeaves } from '../../src/source/changes/touched-leaves.js';
import { choosePages } from '../../src/source/pages/layout.js';
import { Database } from '../../src/source/sqlite.js';
import { makeFile, planTable, readCells, readTable } from '../source/pages/pages-fixture.js';
import { Dice } from '../source/pages/pages-scenario.js';
import { withFolder } from '../support/folder.js';
import { createTables, live } from './history.js';
import { runCount } from '../support/run-count.js';

const numRuns = runCount({ usual: 100, full: 5000 });
const seed = Number(process.env.PGFERRY_SEED ?? Date.now() % 1_000_000);

test('the changed rows by pages are those that SQLite tells, over random histories', async (context) => {
  context.diagnostic(`seed ${seed}`);
  const seen = { leaves: 0, join: 0, minimal: 0, rows: 0 };
  await withFolder(async (folder) => {
    const histories = fc.record({
      seed: fc.nat(),
      pageSize: fc.constantFrom(512, 512, 1024, 4096),
      autoVacuum: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
      reservedBytes: fc.constantFrom(0, 0, 12),
    });
    await fc.assert(
      fc.asyncProperty(histories, async ({ seed, ...options }) => {
        const dice = new Dice(seed);
        const paths = { old: join(folder, `old-${seed}.db`), now: join(folder, `now-${seed}.db`) };
        makeFile(paths.now, options, (db) => {
          const tables = createTables(db, dice);
          for (let i = 2 + dice.roll(8); i > 0; i--) live(db, dice, tables);
          for (let rounds = 1 + dice.roll(3); rounds > 0; rounds--) {
            db.pragma('wal_checkpoint');
            copyFileSync(paths.now, paths.old);
            for (let i = dice.roll(5); i > 0; i--) live(db, dice, tables);
          }
        });
        const names = tableNames(paths.now);
        for (const name of names) await checkTable(paths, name, seen);
        rmSync(paths.old);
        rmSync(paths.now);
      }),
      { numRuns, seed },
    );
  });
  assert.ok(seen.leaves > 0 && seen.join > 0 && seen.minimal > 0 && seen.rows > 0, JSON.stringify(seen));
});

test('a changed overflow page below an unchanged leaf is a changed row', async () => {
  await withFolder(async (folder) => {
    const paths = { old: join(folder, 'old.db'), now: join(folder, 'now.db') };
    makeFile(paths.now, { pageSize: 512 }, (db) => {
      db.exec('CREATE TABLE t0 (id INTEGER PRIMARY KEY, body BLOB)');
      db.prepare('INSERT INTO t0 VALUES (1, ?)').run(Buffer.alloc(3000, 1));
      copyFileSync(paths.now, paths.old);
      const body = Buffer.alloc(3000, 1);
      body[2999] = 2;
      db.prepare('UPDATE t0 SET body = ? WHERE id = 1').run(body);
    });
    await withBothFiles(paths, (files) => {
      const [old, now] = [listLeaves(files.pages('old'), 't0', 2), listLeaves(files.pages('now'), 't0', 2)];
      assert.deepEqual([...old], [...now]);
      const changes = changesOf(files);
      assert.equal(changes.has(old[0] ?? 0), false, 'the leaf itself stays as it was');
      const touched = findTouchedLeaves(pairOf(files, 't0', { old: 2, now: 2 }), changes);
      assert.deepEqual([...touched.old, ...touched.now], [2, 2]);
    });
    await checkTable(paths, 't0', { leaves: 0, join: 0, minimal: 0, rows: 0 });
  });
});

test('a page that was free before is new to its table, though its bytes stayed', async () => {
  await withFolder(async (folder) => {
    // The older file is the one from which the rows are gone: their pages are free and keep their bytes.
    const paths = { old: join(folder, 'old.db'), now: join(folder, 'now.db') };
    makeFile(paths.old, { pageSize: 512 }, (db) => {
      db.exec(`CREATE TABLE t0 (id INTEGER PRIMARY KEY, body TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
        INSERT INTO t0 SELECT i, printf('row %d', i) FROM n`);
      copyFileSync(paths.old, paths.now);
      db.exec('DELETE FROM t0');
    });
    const { old, now } = await changesIn(paths, 't0');
    assert.deepEqual([old.length, now.length], [0, 200]);
  });
});

test('files of different page sizes differ in every page, and in no more rows than that', async () => {
  await withFolder(async (folder) => {
    const paths = { old: join(folder, 'old.db'), now: join(folder, 'now.db') };
    makeFile(paths.now, { pageSize: 512 }, (db) => {
      db.exec(`CREATE TABLE t0 (id INTEGER PRIMARY KEY, body TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
        INSERT INTO t0 SELECT i, printf('row %d', i) FROM n`);
      copyFileSync(paths.now, paths.old);
      db.exec("PRAGMA page_size = 4096; VACUUM; UPDATE t0 SET body = 'other' WHERE id = 77");
    });
    const { old, now } = await changesIn(paths, 't0');
    assert.deepEqual([old.length, now.length], [1, 1]);
  });
});

test('rows of a UTF-16 database, and of tables with computed columns, are compared by SQL', async () => {
  await withFolder(async (folder) => {
    const paths = { old: join(folder, 'old.db'), now: join(folder, 'now.db') };
    const db = new Database(paths.now);
    db.exec(`PRAGMA encoding = 'UTF-16le'; CREATE TABLE t0 (id INTEGER PRIMARY KEY, a, b AS (a) VIRTUAL);
      INSERT INTO t0 (id, a) VALUES (1, 'é🙂'), (2, 0.0), (3, 1), (4, x'00'), (5, CAST(x'0041' AS TEXT))`);
    db.close();
    copyFileSync(paths.now, paths.old);
    const later = new Database(paths.now);
    later.exec(`UPDATE t0 SET a = 'É🙂' WHERE id = 1; UPDATE t0 SET a = CAST(1 AS REAL) WHERE id = 3`);
    later.prepare('UPDATE t0 SET a = ? WHERE id = 2').run(-0);
    later.close();
    const { old, now } = await changesIn(paths, 't0');
    assert.deepEqual([old.length, now.length], [3, 3]);
    assert.ok(now.some((row) => row.includes('text C389F09F9982')));
  });
});

test('another schema is refused by what is new, gone or changed', async () => {
  await withFolder(async (folder) => {
    const cases: readonly (readonly [string, RegExp | null])[] = [
      ['ALTER TABLE t0 ADD COLUMN b', /table t0 is another one/],
      ['CREATE INDEX i ON t0 (a)', /index i is new/],
      ['DROP TABLE t1', /table t1 is gone/],
      ['PRAGMA application_id = 7', /application_id was 0, is now 7/],
      ['VACUUM', null],
      ['ANALYZE', null],
      ['CREATE TABLE passing (a); DROP TABLE passing', null],
    ];
    for (const [i, [sql, message]] of cases.entries()) {
      const paths = { old: join(folder, `old-${i}.db`), now: join(folder, `now-${i}.db`) };
      makeFile(paths.now, {}, (db) => {
        db.exec('CREATE TABLE t0 (a); CREATE TABLE t1 (a); INSERT INTO t0 VALUES (1)');
        copyFileSync(paths.now, paths.old);
        db.exec(sql);
      });
      await withBothFiles(paths, (files) => {
        const look = () => refuseOtherSchema(files.database());
        if (message === null) return look();
        assert.throws(look, (error) => error instanceof CopierError && message.test(error.message));
      });
    }
  });
});

function tableNames(path: string): string[] {
  const db = new Database(path, { readonly: true });
  try {
    return db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 't%'")
      .pluck()
      .all() as string[];
  } finally {
    db.close();
  }
}

interface Seen {
  leaves: number;
  join: number;
  minimal: number;
  rows: number;
}

/** Every way must come to what SQLite says, and rows that cannot move are named only where they changed. */
async function checkTable(paths: BothPaths, name: string, seen: Seen): Promise<void> {
  const { table } = readTable(paths.now, name);
  await withBothFiles(paths, (files) => {
    const expected = { old: askSqlite(paths.old, name), now: askSqlite(paths.now, name) };
    const truth = subtract(expected);
    for (const changed of waysOf(files, paths, name)) {
      const found = { old: read(files, changed, 'old'), now: read(files, changed, 'now') };
      assert.deepEqual(subtract(found), truth, `${name} by ${changed.way.tag}`);
      const canMove = changed.way.tag === 'whole' || (table.rowidAlias === null && !table.isWithoutRowid);
      if (!canMove) {
        assert.deepEqual(sorted(found), truth, `${name} by ${changed.way.tag}, and no more`);
        seen.minimal++;
      }
      if (changed.way.tag === 'leaves') seen.leaves++;
      if (changed.way.tag === 'join') seen.join++;
    }
    seen.rows += truth.old.length + truth.now.length;
  });
}

async function changesIn(paths: BothPaths, name: string): Promise<Record<Side, string[]>> {
  return await withBothFiles(paths, (files) => {
    const [best] = waysOf(files, paths, name);
    assert.ok(best !== undefined);
    return { old: read(files, best, 'old'), now: read(files, best, 'now') };
  });
}

/** The best way first. */
function waysOf(files: BothFiles, paths: BothPaths, name: string): ChangedTable[] {
  const before = readTable(paths.old, name).table;
  const { table, catalog } = readTable(paths.now, name);
  const columns = table.columns.map((column) => column.name);
  const planned = { ...planTable(table, columns), sourceKey: table.isWithoutRowid ? table.primaryKey : [] };
  const roots = { old: before.rootPage, now: table.rootPage };
  const ways: ChangeWay[] = [];
  const choice = choosePages(table, catalog, columns);
  if (choice.tag === 'pages') ways.push({ tag: 'leaves', leaves: leavesOf(files, name, roots), layout: choice.layout });
  if (canJoin(planned)) ways.push({ tag: 'join', reason: '' });
  ways.push({ tag: 'whole', reason: '' });
  return ways.map((way) => ({ table: planned, roots, way }));
}

function leavesOf(files: BothFiles, table: string, roots: Record<Side, number>) {
  const pair = pairOf(files, table, roots);
  if (hasSamePages(pair.old.file, pair.now.file)) return findTouchedLeaves(pair, changesOf(files));
  return { old: listLeaves(pair.old.file, table, roots.old), now: listLeaves(pair.now.file, table, roots.now) };
}

function pairOf(files: BothFiles, table: string, roots: Record<Side, number>) {
  return {
    table,
    old: { file: files.pages('old'), rootPage: roots.old },
    now: { file: files.pages('now'), rootPage: roots.now },
  };
}

function changesOf(files: BothFiles): PageChanges {
  const [old, now] = [files.pages('old'), files.pages('now')];
  return new PageChanges(Buffer.concat(spansOf(old, now, 3).map((span) => comparePages(old, now, span))));
}

function read(files: BothFiles, changed: ChangedTable, side: Side): string[] {
  const views: Iterable<RowView> = changedRows(files, changed, side);
  return readCells(views, changed.table.columns.length).map((row) => row.join(' | '));
}

/** Every row as text, by another way: SQLite's own quote() and typeof(), and the bits of doubles. */
function askSqlite(path: string, name: string): string[] {
  const db = new Database(path, { readonly: true });
  try {
    const columns = (db.pragma(`table_xinfo(${name})`) as { name: string }[]).map((column) => column.name);
    const list = columns.map((column) => `typeof(${column}), ${column}, hex(${column})`).join(', ');
    const rows = db.prepare(`SELECT ${list} FROM ${name}`).safeIntegers().raw().all() as unknown[][];
    return rows.map((row) =>
      columns.map((_, i) => cellText(String(row[3 * i]), row[3 * i + 1], String(row[3 * i + 2]))).join(' | '),
    );
  } finally {
    db.close();
  }
}

function cellText(storage: string, value: unknown, hex: string): string {
  if (storage === 'null') return 'null';
  if (storage === 'integer') return `integer ${String(value)}`;
  if (storage !== 'real') return `${storage} ${hex}`;
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(Number(value));
  return `real ${bytes.toString('hex').toUpperCase()}`;
}

function sorted({ old, now }: Record<Side, readonly string[]>): Record<Side, string[]> {
  return { old: [...old].sort(), now: [...now].sort() };
}

/** What is left of two multisets when what they share is taken out of both. */
function subtract({ old, now }: Record<Side, readonly string[]>): Record<Side, string[]> {
  const counts = new Map<string, number>();
  for (const row of old) counts.set(row, (counts.get(row) ?? 0) + 1);
  for (const row of now) counts.set(row, (counts.get(row) ?? 0) - 1);
  const left = [...counts];
  const repeat = (row: string, count: number) => Array.from({ length: Math.max(0, count) }, () => row);
  return sorted({
    old: left.flatMap(([row, count]) => repeat(row, count)),
    now: left.flatMap(([row, count]) => repeat(row, -count)),
  });
}
