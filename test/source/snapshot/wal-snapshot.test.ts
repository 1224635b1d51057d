import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { CopierError } from '../../../src/model/error.js';
import { compareListed, comparePages, PageChanges, spansOf } from '../../../src/source/changes/page-changes.js';
import { createOwners, writeOwners } from '../../../src/source/changes/overflow-owners.js';
import { findMarkedLeaves, findTouchedLeaves } from '../../../src/source/changes/touched-leaves.js';
import { withFence } from '../../../src/source/live/fence.js';
import { withHeldReader } from '../../../src/source/live/held-reader.js';
import { openSnapshotFile } from '../../../src/source/pages/page-file.js';
import { takeSnapshot } from '../../../src/source/snapshot/snapshot.js';
import { copyForWal, foldWal } from '../../../src/source/snapshot/wal-snapshot.js';
import { Database } from '../../../src/source/sqlite.js';
import { readWal } from '../../../src/source/wal/frames.js';
import { createTables, live } from '../../follow/history.js';
import { runCount } from '../../support/run-count.js';
import { withFolder } from '../../support/folder.js';
import { Dice } from '../pages/pages-scenario.js';

const numRuns = runCount({ usual: 40, full: 2000 });
const seed = Number(process.env.PGFERRY_SEED ?? Date.now() % 1_000_000);

/** Change counter, schema cookie, version-valid-for: SQLite counts the making of a copy as a change of it. */
const headerCounters = new Set([24, 25, 26, 27, 40, 41, 42, 43, 92, 93, 94, 95]);

interface Seen {
  frames: number;
  marked: number;
}

test('a snapshot and the log since are the database as a whole backup under the fence gives it, and name the same leaves', async (context) => {
  context.diagnostic(`seed ${seed}`);
  const seen: Seen = { frames: 0, marked: 0 };
  await withFolder(async (folder) => {
    const histories = fc.record({
      seed: fc.nat(),
      pageSize: fc.constantFrom(512, 1024, 4096),
      autoVacuum: fc.constantFrom(0, 1, 2),
      autoCheckpoint: fc.constantFrom(0, 2, 20),
    });
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const at = join(folder, String(history.seed));
        await checkHistory(at, history, seen);
        for (const suffix of ['', '-wal', '-shm', '.base', '.final', '.owners', '.backup'])
          rmSync(at + suffix, { force: true });
      }),
      { numRuns, seed },
    );
  });
  assert.ok(seen.frames > 0 && seen.marked > 0, JSON.stringify(seen));
});

async function checkHistory(
  path: string,
  history: {
    readonly seed: number;
    readonly pageSize: number;
    readonly autoVacuum: number;
    readonly autoCheckpoint: number;
  },
  seen: Seen,
): Promise<void> {
  const dice = new Dice(history.seed);
  const app = new Database(path);
  const other = new Database(path, { timeout: 0 });
  app.pragma(`page_size = ${history.pageSize}`);
  app.pragma(`auto_vacuum = ${history.autoVacuum}`);
  app.pragma('journal_mode = WAL');
  app.pragma(`wal_autocheckpoint = ${history.autoCheckpoint}`);
  app.pragma('busy_timeout = 0');
  const tables = createTables(app, dice);
  const checkpoint = () =>
    other.pragma(`wal_checkpoint(${dice.pick(['PASSIVE', 'FULL', 'RESTART', 'TRUNCATE'] as const)})`);
  const go = (steps: number) => {
    for (; steps > 0; steps--) {
      live(app, dice, tables);
      if (dice.isLucky(4)) checkpoint();
    }
  };
  go(2 + dice.roll(8));
  const paths = { base: `${path}.base`, final: `${path}.final`, owners: `${path}.owners`, backup: `${path}.backup` };
  await withHeldReader(path, async (held) => {
    // What is committed between the beginning of the reader and its backup is not in the snapshot.
    go(dice.roll(3));
    const taken = await held.snapshot({ snapshotPath: paths.base });
    await taken.proof;
    copyForWal(paths.base, paths.final);
    go(dice.roll(5));
    await withFence(path, { timeoutMs: 0 }, async () => {
      const frames = held.walFrames();
      const { pages } = foldWal({ path: paths.final, livePath: path, frames });
      await takeSnapshot({ sourcePath: path, snapshotPath: paths.backup });
      assertSamePages(paths.final, paths.backup);
      if (frames > 0) seen.frames++;
      checkLeaves(paths, pages, rowidTables(app), seen);
    });
  });
  other.close();
  app.close();
}

function assertSamePages(path: string, expected: string): void {
  const [found, wanted] = [readFileSync(path), readFileSync(expected)];
  assert.equal(found.length, wanted.length);
  for (const at of headerCounters) wanted[at] = found[at] as number;
  assert.ok(found.equals(wanted), `${path} and ${expected} differ`);
}

function rowidTables(db: Database): { table: string; rootPage: number }[] {
  return db
    .prepare<[], { table: string; rootPage: number }>(
      `SELECT name AS "table", rootpage AS rootPage FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%WITHOUT ROWID'
         AND name NOT LIKE 'sqlite%'`,
    )
    .all();
}

/** The leaves found by the log are those found by reading both files. Roots may have moved meanwhile. */
function checkLeaves(
  paths: { readonly base: string; readonly final: string; readonly owners: string },
  pages: Uint32Array,
  tables: readonly { table: string; rootPage: number }[],
  seen: Seen,
): void {
  const [old, now] = [openSnapshotFile(paths.base), openSnapshotFile(paths.final)];
  const before = new Database(paths.base, { readonly: true });
  try {
    createOwners(paths.owners, old.pageCount);
    const roots = new Map(rowidTables(before).map(({ table, rootPage }) => [table, rootPage]));
    for (const [table, rootPage] of roots) writeOwners(paths.owners, old, { table, rootPage });
    const marked = new PageChanges(compareListed(old, now, { pages, ownersPath: paths.owners }));
    const read = new PageChanges(Buffer.concat(spansOf(old, now, 1).map((span) => comparePages(old, now, span))));
    for (const { table, rootPage } of tables) {
      const pair = {
        table,
        old: { file: old, rootPage: roots.get(table) ?? 0 },
        now: { file: now, rootPage },
      };
      const found = findMarkedLeaves(pair, marked);
      assert.deepEqual(found, findTouchedLeaves(pair, read), table);
      seen.marked += found.now.length;
    }
  } finally {
    before.close();
    old.close();
    now.close();
  }
}

/** A database in WAL mode with a snapshot, and the log since. */
async function withLog(use: (paths: { live: string; base: string; frames: number }) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const live = join(folder, 'app.db');
    const app = new Database(live);
    app.exec(`PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)`);
    await withHeldReader(live, async (held) => {
      const base = join(folder, 'base.db');
      await (await held.snapshot({ snapshotPath: base })).proof;
      for (let i = 0; i < 5; i++) app.exec(`INSERT INTO t VALUES (zeroblob(3000))`);
      await use({ live, base, frames: held.walFrames() });
    });
    app.close();
  });
}

test('a log that lacks a frame, or has another byte, is refused with both counts', async () => {
  await withLog(async ({ live, base, frames }) => {
    const whole = readFileSync(`${live}-wal`);
    const damages: readonly ((wal: Buffer) => Buffer)[] = [
      (wal) => wal.subarray(0, wal.length - 10),
      (wal) => {
        wal[wal.length - 100] = (wal[wal.length - 100] as number) ^ 1;
        return wal;
      },
      () => Buffer.alloc(0),
    ];
    for (const [i, damage] of damages.entries()) {
      const [fake, path] = [`${base}.live${i}`, `${base}.final${i}`];
      writeFileSync(`${fake}-wal`, damage(Buffer.from(whole)));
      copyForWal(base, path);
      assert.throws(
        () => foldWal({ path, livePath: fake, frames }),
        (error) =>
          error instanceof CopierError &&
          error.code === 'source.wal_differs' &&
          error.message.includes(`the database counts ${frames}`),
      );
    }
    copyForWal(base, `${base}.whole`);
    assert.equal(foldWal({ path: `${base}.whole`, livePath: live, frames }).pages.length > 0, true);
    assert.equal(statSync(`${base}.whole`).mode & 0o777, 0o400);
    assert.equal(existsSync(`${base}.whole-wal`), false);
  });
});

test('frames behind the last commit, and those of an older log, do not count', async () => {
  await withLog(async ({ live, frames }) => {
    const copy = `${live}.copy`;
    copyFileSync(`${live}-wal`, copy);
    assert.equal(readWal(copy).frames, frames);
    const size = statSync(copy).size;
    // The last frame, which is the commit of its transaction, is cut in the middle: so the transaction is gone.
    truncateSync(copy, size - 1);
    assert.ok(readWal(copy).frames < frames);
    writeFileSync(copy, Buffer.concat([readFileSync(`${live}-wal`), readFileSync(`${live}-wal`).subarray(32)]));
    assert.equal(readWal(copy).frames, frames, 'the same frames once more have other checksums');
  });
});

test('without a log, or with an empty one, the snapshot is the database as it is', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'app.db');
    const app = new Database(path);
    app.exec(
      `PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1); PRAGMA wal_checkpoint(TRUNCATE)`,
    );
    await withHeldReader(path, async (held) => {
      const base = join(folder, 'base.db');
      await (await held.snapshot({ snapshotPath: base })).proof;
      for (const livePath of [path, join(folder, 'none.db')]) {
        const final = `${base}.${livePath === path ? 'empty' : 'none'}`;
        copyForWal(base, final);
        assert.deepEqual(foldWal({ path: final, livePath, frames: held.walFrames() }).pages, new Uint32Array(0));
        assertSamePages(final, base);
      }
    });
    app.close();
  });
});
