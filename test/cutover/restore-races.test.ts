import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs, { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readSourceState, restoreSource } from '../../src/commands/cutover/source-state.js';
import { hashFileSync, restoreFile } from '../../src/cutover/restored-file.js';
import { closeSourceTables, reopenSourceTables } from '../../src/source/live/closing.js';
import { ReplacedCopy } from '../../src/source/live/replaced-copy.js';
import { Database } from '../../src/source/sqlite.js';
import { makeSqlite, withFolder } from '../support/folder.js';

/* What others do to the closed SQLite file between a look at it and the restore that rests on that look. */

const cutoverId = 'c0ffee';
const door = fileURLToPath(new URL('../../src/source/sqlite.js', import.meta.url));

interface Files {
  readonly live: string;
  readonly snapshot: string;
  readonly restore: (replacedCopy?: ReplacedCopy) => Promise<string | null>;
}

/** A closed database of two rows and its snapshot. */
async function withClosed(pragmas: string, use: (files: Files) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const live = makeSqlite(
      folder,
      `${pragmas}; CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2)`,
    );
    const snapshot = join(folder, 'snapshot.db');
    await on(live, (db) => db.backup(snapshot));
    await on(live, (db) => closeSourceTables(db, cutoverId, new Date()));
    const restore = (replacedCopy?: ReplacedCopy) =>
      restoreSource('restore', {
        livePath: live,
        snapshotPath: snapshot,
        snapshotSha256: hashFileSync(snapshot),
        replacedPath: `${live}.replaced`,
        journalMode: 'delete',
        replacedCopy: replacedCopy ?? null,
      });
    await use({ live, snapshot, restore });
  });
}

async function on<T>(path: string, use: (db: Database) => T | Promise<T>): Promise<T> {
  const db = new Database(path, { timeout: 0 });
  try {
    return await use(db);
  } finally {
    db.close();
  }
}

const idsOf = (path: string) => on(path, (db) => db.prepare('SELECT id FROM t ORDER BY id').pluck().all());

/** What another process is told that inserts a row: nothing where it was acknowledged. */
function writeFromOutside(path: string): string {
  const program = `import { Database } from '${door}';
    new Database('${path}', { timeout: 0 }).prepare('INSERT INTO t VALUES (70)').run();`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  return status === 0 ? '' : stderr;
}

for (const journalMode of ['WAL', 'DELETE']) {
  test(`rows that a file in mode ${journalMode} takes right before it is written over stay, and the restore ends`, async () => {
    await withClosed(`PRAGMA journal_mode = ${journalMode}`, async ({ live, restore }) => {
      const made = Database.prototype.backup;
      Database.prototype.backup = async function (this: Database, ...args: Parameters<typeof made>) {
        if (args[0] === live) {
          reopenSourceTables(live);
          await on(live, (db) => db.exec('INSERT INTO t VALUES (70)'));
        }
        return await made.apply(this, args);
      };
      try {
        await assert.rejects(restore(), { code: 'source.reopened' });
      } finally {
        Database.prototype.backup = made;
      }
      assert.deepEqual(await idsOf(live), [1, 2, 70]);
      await assert.rejects(restore(), { code: 'source.reopened' });
      assert.deepEqual(await idsOf(live), [1, 2, 70]);
    });
  });
}

for (const journalMode of ['WAL', 'DELETE']) {
  test(`a copy in mode ${journalMode} that was made long before serves where nobody wrote since`, async () => {
    await withClosed(`PRAGMA journal_mode = ${journalMode}`, async ({ live, restore }) => {
      const replaced = `${live}.replaced`;
      const none = await ReplacedCopy.make(live, replaced);
      await none.release();
      assert.deepEqual(
        readdirSync(dirname(live)).filter((name) => name.includes('.replaced')),
        [],
      );
      const written = await ReplacedCopy.make(live, replaced);
      reopenSourceTables(live);
      await on(live, (db) => db.exec('INSERT INTO t VALUES (70)'));
      await on(live, (db) => closeSourceTables(db, cutoverId, new Date()));
      await assert.rejects(
        restore(written),
        { code: 'source.reopened' },
        'closed again, with a row that nobody has seen',
      );
      await written.release();
      assert.deepEqual(await idsOf(live), [1, 2, 70]);
      const analyzed = await ReplacedCopy.make(live, replaced);
      await on(live, (db) => db.exec('ANALYZE'));
      assert.equal(await restore(analyzed), replaced);
      assert.deepEqual(await idsOf(replaced), [1, 2, 70]);
      assert.equal(await on(replaced, (db) => db.prepare(`SELECT count(*) FROM sqlite_stat1`).pluck().get()), 1);
      assert.deepEqual(await idsOf(live), [1, 2]);
      assert.ok(!existsSync(analyzed.path), 'it has its name, or is gone');
    });
    await withClosed(`PRAGMA journal_mode = ${journalMode}`, async ({ live, restore }) => {
      const replacedCopy = await ReplacedCopy.make(live, `${live}.replaced`);
      const copied = statSync(replacedCopy.path).ino;
      assert.equal(await restore(replacedCopy), `${live}.replaced`);
      assert.equal(statSync(`${live}.replaced`).ino, copied, 'no other copy was made');
      assert.deepEqual(await idsOf(live), [1, 2]);
    });
  });
}

test('a file that gets another name instead is locked meanwhile, and its -wal is part of it before', async () => {
  await withClosed('PRAGMA page_size = 4096; PRAGMA journal_mode = WAL', async ({ live, restore }) => {
    await on(live, (db) => {
      db.pragma('journal_mode = DELETE');
      db.pragma('page_size = 8192');
      db.exec('VACUUM');
      db.pragma('journal_mode = WAL');
    });
    const heard: string[] = [];
    const made = fs.renameSync;
    fs.renameSync = (from, to) => {
      heard.push(writeFromOutside(live));
      made(from, to);
      heard.push(writeFromOutside(live));
    };
    syncBuiltinESMExports();
    try {
      await restore();
    } finally {
      fs.renameSync = made;
      syncBuiltinESMExports();
    }
    assert.match(heard[0] ?? '', /database is locked/);
    assert.deepEqual(heard.slice(1), ['']);
    assert.deepEqual(await idsOf(live), [1, 2, 70]);
    assert.deepEqual(await idsOf(`${live}.replaced`), [1, 2]);
  });
});

test('a file of another page size that a process still has open in WAL mode is not renamed', async () => {
  await withClosed('PRAGMA page_size = 4096', async ({ live, restore }) => {
    await on(live, (db) => {
      db.pragma('page_size = 8192');
      db.exec('VACUUM');
      db.pragma('journal_mode = WAL');
    });
    await on(live, async (holder) => {
      holder.prepare('SELECT * FROM t').all();
      await assert.rejects(restore(), { code: 'source.busy' });
    });
    assert.equal(existsSync(`${live}.replaced`), false);
    assert.deepEqual(await idsOf(live), [1, 2]);
  });
});

test('a file that others lock, or that a crashed writer left, is none that is lost', async () => {
  await withClosed('PRAGMA journal_mode = DELETE', async ({ live }) => {
    const schemaVersion = await on(live, (db) => Number(db.pragma('schema_version', { simple: true })));
    const look = () => readSourceState(live, { cutoverId, schemaVersion });
    await on(live, async (holder) => {
      holder.exec('BEGIN EXCLUSIVE');
      await assert.rejects(look(), { code: 'source.busy' });
    });
    const crash = `import { Database } from '${door}';
      const db = new Database('${live}');
      db.pragma('cache_size = 1');
      db.exec("BEGIN; DROP TRIGGER pgferry_closed_insert_0; CREATE TABLE big (b); INSERT INTO big VALUES (zeroblob(1000000))");
      process.kill(process.pid, 'SIGKILL');`;
    spawnSync(process.execPath, ['--input-type=module', '-e', crash]);
    assert.ok(existsSync(`${live}-journal`), 'it left its journal');
    assert.deepEqual(await look(), { tag: 'closed' });
    writeFileSync(live, 'no database at all');
    assert.equal((await look()).tag, 'lost');
  });
});

test('a -wal, -shm and -journal beside a file that is no database any more go with it', async () => {
  await withClosed('PRAGMA journal_mode = DELETE', async ({ live, snapshot }) => {
    const names = ['', '-wal', '-shm', '-journal'];
    for (const name of names) writeFileSync(live + name, `old ${name}`);
    const replacedPath = restoreFile({
      databasePath: live,
      snapshotPath: snapshot,
      snapshotSha256: hashFileSync(snapshot),
      replacedPath: `${live}.replaced`,
      prepare: () => undefined,
    });
    for (const name of names) assert.equal(readFileSync(replacedPath + name, 'utf8'), `old ${name}`);
    for (const name of names.slice(1)) assert.ok(!existsSync(live + name), name);
    assert.deepEqual(await idsOf(live), [1, 2]);
  });
});
