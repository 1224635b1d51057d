import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { must } from '../../../src/model/error.js';
import { CarriedCopy } from '../../../src/source/carry/carried-copy.js';
import { readSourceCatalog } from '../../../src/source/catalog/catalog.js';
import { Database } from '../../../src/source/sqlite.js';
import { withFolder } from '../../support/folder.js';

/* Rows that come from elsewhere get into a virtual table; what a trigger does beside that was done, or not wanted, there. */

const mixed = `CREATE TRIGGER "begin" AFTER INSERT ON docs WHEN new.body <> 'no; END' BEGIN
  SELECT RAISE(ABORT, 'no; docs_fts') WHERE new.body = 'refused'; -- docs_fts; END
  INSERT OR REPLACE INTO "docs_fts" (rowid, body) VALUES (new.id, CASE WHEN new.body = ';' THEN 'END' ELSE new.body END);
  UPDATE OR IGNORE stats SET n = n + 1;
  REPLACE INTO hist VALUES (new.id, 'docs_fts; ' || (SELECT count(*) FROM docs_fts));
END`;
const gone = `CREATE TRIGGER gone AFTER DELETE ON docs BEGIN INSERT INTO hist VALUES (-old.id, 'gone');
  DELETE FROM [docs_fts] WHERE rowid = old.id; END`;
const pure = `CREATE TRIGGER pure AFTER UPDATE ON docs BEGIN DELETE FROM docs_fts WHERE rowid = old.id;
  INSERT INTO docs_fts (rowid, body) VALUES (new.id, new.body); END`;
const reads = `CREATE TRIGGER reads AFTER UPDATE OF body ON docs BEGIN INSERT INTO hist SELECT 99, count(*) FROM docs_fts; END`;
const triggers = [mixed, gone, pure, reads];

test('of a trigger that keeps a virtual table beside others only what it writes there is run', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'copy.db');
    const db = new Database(path);
    db.exec(`CREATE TABLE docs (id INTEGER PRIMARY KEY, body TEXT); CREATE TABLE stats (n INTEGER);
      CREATE TABLE hist (id INTEGER PRIMARY KEY, m TEXT); CREATE VIRTUAL TABLE docs_fts USING fts5 (body);
      INSERT INTO stats VALUES (0); ${triggers.join('; ')}; INSERT INTO docs VALUES (1, 'one'), (2, 'two');
      UPDATE stats SET n = 7; DELETE FROM hist`);
    const docs = must(
      readSourceCatalog(db).tables.find(({ name }) => name === 'docs'),
      'table',
    );
    db.close();
    const copy = new CarriedCopy(path);
    const writer = copy.table(docs);
    writer.insert(['id', 'body'], [3n, 'refused'], '');
    writer.insert(['id', 'body'], [4n, ';'], '');
    writer.insert(['id', 'body'], [5n, 'no; END'], '');
    writer.update([1n], ['body'], ['first'], '');
    writer.delete([2n]);
    writer.finish();
    copy.finish();
    const after = new Database(path, { readonly: true });
    const all = (sql: string) => after.prepare(sql).raw().all();
    assert.deepEqual(all('SELECT rowid, body FROM docs_fts ORDER BY 1'), [
      [1, 'first'],
      [3, 'refused'],
      [4, 'END'],
    ]);
    assert.deepEqual(all('SELECT n FROM stats'), [[7]]);
    assert.deepEqual(all('SELECT * FROM hist'), []);
    const stored = all("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").flat();
    assert.deepEqual(stored.sort(), [...triggers].sort());
    after.close();
  });
});
