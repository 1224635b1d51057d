import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { closeSourceTables, reopenSourceTables } from '../../../src/source/live/closing.js';
import { holdsPagesOf } from '../../../src/source/live/same-pages.js';
import { findSourceWrites } from '../../../src/source/live/source-writes.js';
import { Database } from '../../../src/source/sqlite.js';
import { makeSqlite, withFolder } from '../../support/folder.js';

/* Whether a closed file holds what its snapshot does, told by the pages of a copy. */

const tables = [...Array(40).keys()].map(
  (i) => `CREATE TABLE t${i} (id INTEGER PRIMARY KEY, a TEXT, b BLOB); CREATE INDEX i${i} ON t${i} (a);`,
);
/** A schema of several pages, long values on pages of their own, and free pages. */
const world = `${tables.join('\n')}
  CREATE TABLE w (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
    INSERT INTO t1 SELECT i, 'a' || i, CASE WHEN i % 50 = 0 THEN randomblob(20000) ELSE NULL END FROM n;
  INSERT INTO w SELECT a, id FROM t1;
  INSERT INTO t2 SELECT * FROM t1; DELETE FROM t2;`;

interface Files {
  readonly live: string;
  readonly snapshot: string;
  /** A copy of the file as it is then. */
  readonly copy: () => Promise<string>;
}

async function withClosed(pragmas: string, use: (files: Files) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const live = makeSqlite(folder, `${pragmas}; ${world}`);
    const snapshot = join(folder, 'snapshot.db');
    const copyTo = async (path: string) => {
      await on(live, (db) => db.backup(path));
      await on(path, (db) => db.pragma('journal_mode = DELETE'));
      return path;
    };
    await copyTo(snapshot);
    await on(live, (db) => closeSourceTables(db, 'c0ffee', new Date()));
    let copies = 0;
    const copy = () => {
      copies += 1;
      return copyTo(join(folder, `copy-${copies}.db`));
    };
    await use({ live, snapshot, copy });
  });
}

async function on<T>(path: string, use: (db: Database) => T | Promise<T>): Promise<T> {
  const db = new Database(path);
  try {
    return await use(db);
  } finally {
    db.close();
  }
}

/** Each changes what a table holds. */
const writes = [
  `UPDATE t1 SET a = 'b1' WHERE id = 1`,
  `UPDATE t1 SET b = zeroblob(20000) WHERE id = 500`,
  'INSERT INTO t39 (id) VALUES (1)',
  'DELETE FROM t1 WHERE id = 250',
  `UPDATE w SET v = -1 WHERE k = 'a7'`,
  `INSERT INTO t2 (a) VALUES ('into a free page')`,
];

for (const mode of ['WAL', 'DELETE']) {
  test(`the triggers that close a file in mode ${mode} leave its pages the same, and any write does not`, () =>
    withClosed(`PRAGMA page_size = 1024; PRAGMA journal_mode = ${mode}`, async ({ live, snapshot, copy }) => {
      const closed = await copy();
      assert.equal(holdsPagesOf(closed, snapshot), true);
      assert.deepEqual(await findSourceWrites(live, snapshot, closed), { tables: [], hasOtherSchema: false });
      for (const sql of writes) {
        reopenSourceTables(live);
        await on(live, (db) => {
          db.exec(`SAVEPOINT one; ${sql}`);
          db.exec('RELEASE one');
          closeSourceTables(db, 'c0ffee', new Date());
        });
        const written = await copy();
        assert.equal(holdsPagesOf(written, snapshot), false, sql);
        assert.notDeepEqual((await findSourceWrites(live, snapshot, written)).tables, [], sql);
        // The next write is told by itself.
        await on(snapshot, (db) => db.exec(sql));
        assert.deepEqual(await findSourceWrites(live, snapshot, written), { tables: [], hasOtherSchema: false }, sql);
      }
    }));
}

test('pages say nothing of another schema, of roots that moved, or of a file that moves its pages', async () => {
  await withClosed('', async ({ live, snapshot, copy }) => {
    await on(live, (db) => db.exec('VACUUM'));
    const vacuumed = await copy();
    assert.equal(holdsPagesOf(vacuumed, snapshot), false);
    assert.deepEqual(await findSourceWrites(live, snapshot, vacuumed), { tables: [], hasOtherSchema: false });
    await on(live, (db) => db.exec('CREATE VIEW v AS SELECT 1'));
    assert.deepEqual((await findSourceWrites(live, snapshot, snapshot)).hasOtherSchema, true);
  });
  await withClosed('PRAGMA auto_vacuum = FULL', async ({ live, snapshot, copy }) => {
    const closed = await copy();
    assert.equal(holdsPagesOf(closed, snapshot), false);
    assert.deepEqual(await findSourceWrites(live, snapshot, closed), { tables: [], hasOtherSchema: false });
  });
  await withClosed(`PRAGMA encoding = 'UTF-16'`, async ({ live, snapshot, copy }) => {
    const closed = await copy();
    assert.equal(holdsPagesOf(closed, snapshot), false);
    assert.deepEqual(await findSourceWrites(live, snapshot, closed), { tables: [], hasOtherSchema: false });
  });
});
