import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findSourceWrites } from '../../../src/source/live/source-writes.js';
import { Database } from '../../../src/source/sqlite.js';
import { makeSqlite, withFolder } from '../../support/folder.js';

test('tables that have each other’s pages are seen, although every page is that of the snapshot', async () => {
  await withFolder(async (folder) => {
    const live = makeSqlite(
      folder,
      'CREATE TABLE a (n); CREATE TABLE b (n); INSERT INTO a VALUES (1); INSERT INTO b VALUES (2);',
    );
    const [snapshot, copy] = ['snapshot.db', 'copy.db'].map((name) => join(folder, name)) as [string, string];
    copyFileSync(live, snapshot);
    copyFileSync(live, copy);
    const none = { tables: [], hasOtherSchema: false };
    assert.deepEqual(await findSourceWrites(live, snapshot, copy), none);
    const db = new Database(live);
    db.unsafeMode(true);
    db.pragma('writable_schema = ON');
    db.exec('UPDATE sqlite_schema SET rootpage = 5 - rootpage');
    db.close();
    copyFileSync(live, copy);
    const swapped = ['b', 'a'].map((table) => ({ table, added: 1, gone: 1 }));
    assert.deepEqual(await findSourceWrites(live, snapshot, copy), { ...none, tables: swapped });
  });
});
