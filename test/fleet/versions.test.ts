import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeSchemaDifferences, rankVersions, schemaParts, versionId } from '../../src/fleet/versions.js';
import { readCatalog } from '../../src/run/survey/survey.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const usual =
  'CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT); CREATE INDEX a_x ON a (x); CREATE VIEW v AS SELECT x FROM a;';

async function partsOf(folder: string, name: string, sql: string) {
  return schemaParts(await readCatalog(makeSqlite(folder, sql, name)));
}

test('the order of tables, the place in the file and the rows are not part of a schema version', async () => {
  await withFolder(async (folder) => {
    const one = await partsOf(folder, '1.db', `${usual} CREATE TABLE b (y INTEGER PRIMARY KEY AUTOINCREMENT);`);
    const two = await partsOf(
      folder,
      '2.db',
      `CREATE TABLE gone (z); CREATE TABLE b (y INTEGER PRIMARY KEY AUTOINCREMENT); ${usual} DROP TABLE gone; INSERT INTO b VALUES (7);`,
    );
    assert.equal(versionId(one), versionId(two));
  });
});

test('each thing that differs is named, and of a table that is missing the table alone', async () => {
  await withFolder(async (folder) => {
    const was = await partsOf(folder, '1.db', `${usual} CREATE TABLE b (y REFERENCES a (id), z UNIQUE);`);
    const is = await partsOf(
      folder,
      '2.db',
      'CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT NOT NULL, n); CREATE VIEW v AS SELECT id FROM a;',
    );
    assert.deepEqual(
      describeSchemaDifferences(was, is),
      [
        'has another column a.x',
        'has column a.n besides',
        'lacks index a_x of a',
        'has another table a',
        'lacks table b',
        'has another view v',
      ].sort((a, b) =>
        a.replace(/^(has another|lacks|has) /, '').localeCompare(b.replace(/^(has another|lacks|has) /, '')),
      ),
    );
    const found = (id: string, files: number, parts: typeof was) => ({ id, files, parts, tables: 1, example: id });
    const ranked = rankVersions([found('rare', 1, is), found('frequent', 9, was)]);
    assert.deepEqual(
      ranked.map(({ id, differences }) => [id, differences.length]),
      [
        ['frequent', 0],
        ['rare', 6],
      ],
    );
  });
});
