import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSampleDatabase } from '../../../prisma/sample.js';
import { quoteIdentifier } from '../../../src/lib/quote.js';
import { takeSnapshot } from '../../../src/source/snapshot/snapshot.js';
import { Database } from '../../../src/source/sqlite.js';
import { makeSqlite, withFolder } from '../../support/folder.js';

const skip = spawnSync('sqlite3', ['--version']).status !== 0 && 'SKIPPED, NOT TESTED: no sqlite3 here';

/** Every value of every table with its storage class, and the schema. */
function contentOf(path: string): Map<string, string> {
  const db = new Database(path, { readonly: true });
  try {
    const tables = db
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .pluck()
      .all();
    const content = tables.map((table): [string, string] => {
      const hash = createHash('sha256');
      const columns = db.pragma(`table_info(${quoteIdentifier(table)})`) as readonly { readonly name: string }[];
      const parts = columns.map(
        ({ name }) => `typeof(${quoteIdentifier(name)}) || ':' || quote(${quoteIdentifier(name)})`,
      );
      const sql = `SELECT ${parts.join(" || ',' || ")} FROM ${quoteIdentifier(table)} ORDER BY 1`;
      for (const row of db.prepare<[], string>(sql).pluck().iterate()) hash.update(`${row}\n`);
      return [table, hash.digest('hex')];
    });
    const schema = db.prepare<[], string>(
      "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND type <> 'table' ORDER BY name",
    );
    return new Map([...content, ['schema', schema.pluck().all().join('\n')]]);
  } finally {
    db.close();
  }
}

async function dumpAndImport(folder: string, path: string): Promise<Map<string, string>> {
  const [sourcePath, snapshotPath] = [join(folder, 'app.sql'), join(folder, 'snapshot.db')];
  const out = openSync(sourcePath, 'w');
  const { status, stderr } = spawnSync('sqlite3', [path, '.dump'], {
    stdio: ['ignore', out, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(out);
  assert.equal(status, 0, stderr);
  await takeSnapshot({ sourcePath, snapshotPath });
  return contentOf(snapshotPath);
}

test('what sqlite3 dumps of the sample application comes back value by value', { skip }, async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'dev.db');
    makeSampleDatabase(path);
    const content = contentOf(path);
    assert.ok(content.size > 10);
    assert.deepEqual(await dumpAndImport(folder, path), content);
  });
});

test('so do values and names that a dump has to escape', { skip }, async () => {
  await withFolder(async (folder) => {
    const path = makeSqlite(
      folder,
      `CREATE TABLE "a;b""c" ("x'y" TEXT, [z;] , "GROUP" REAL);
       INSERT INTO "a;b""c" VALUES ('it''s; --no', x'', 1e308), (char(10, 13, 9), x'00ff27', 0.1), ('é😀', 9223372036854775807, 1e-320),
         (CAST(x'27ff273b' AS TEXT), -9223372036854775808, -1e999), ('', NULL, 3.0), ('/* ; */', 1.5, 5e-324);
       CREATE TABLE w (k TEXT PRIMARY KEY, v ANY) STRICT, WITHOUT ROWID;
       INSERT INTO w VALUES ('1', 1), ('2', '1'), ('3', x'31');
       CREATE TABLE g (a INT, b INT GENERATED ALWAYS AS (a * 2) STORED, c INT GENERATED ALWAYS AS (a + 1) VIRTUAL);
       INSERT INTO g VALUES (1), (2);
       CREATE INDEX "i;" ON "a;b""c" ("x'y") WHERE "z;" IS NOT NULL;
       CREATE TRIGGER t AFTER INSERT ON w BEGIN UPDATE w SET v = CASE WHEN v IS NULL THEN ';END;' ELSE v END; SELECT 1; END;
       CREATE VIEW v AS SELECT 'a;b' AS x;`,
    );
    assert.deepEqual(await dumpAndImport(folder, path), contentOf(path));
  });
});
