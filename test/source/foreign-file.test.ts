import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { withSource } from '../../src/source/open.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const dump = 'PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t (id INTEGER PRIMARY KEY);\nCOMMIT;\n';

const files: readonly (readonly [title: string, content: string | Buffer, code: string, says: RegExp, hint: RegExp])[] =
  [
    [
      'a dump of sqlite3',
      dump,
      'source.sql_dump',
      /is a script in SQL/,
      /plan, migrate, verify and accept read this one/,
    ],
    [
      'a dump that begins with a comment',
      `-- made by hand\n\n${dump}`,
      'source.sql_dump',
      /is a script/,
      /database file that the application writes/,
    ],
    ['a gzip file', gzipSync(dump.repeat(200)), 'source.compressed', /is compressed \(gzip\)/, /plan, migrate, verify/],
    ['a short gzip file', gzipSync('x'), 'source.compressed', /is compressed \(gzip\)/, /plan, migrate, verify/],
    [
      'a zip file',
      Buffer.from(`PK\u0003\u0004${'x'.repeat(900)}`),
      'source.compressed',
      /zip/,
      /plan, migrate, verify/,
    ],
    ['a zstd file', Buffer.from('28b52ffd00', 'hex'), 'source.compressed', /zstd/, /plan, migrate, verify/],
    [
      'an xz file',
      Buffer.from('fd377a585a0000', 'hex'),
      'source.compressed',
      /xz/,
      /xz -dc \S*app' \| pgferry migrate - …/,
    ],
    ['a PostgreSQL dump', `PGDMP${'\0'.repeat(2000)}`, 'source.postgres_dump', /custom format/, /pg_restore/],
    [
      'one in SQL',
      `--\n-- PostgreSQL database dump\n--\n\nSET x = 0;`,
      'source.postgres_dump',
      /plain SQL/,
      /psql --file/,
    ],
    ['a MySQL dump', '-- MySQL dump 10.13  Distrib 8\n', 'source.mysql_dump', /dump of MySQL/, /pgloader/],
    [
      'something else',
      brotliCompressSync('x'.repeat(2000)),
      'source.not_a_database',
      /is not a SQLite database/,
      /path/,
    ],
    ['a text', 'hello, this is a letter\n', 'source.not_a_database', /is not a SQLite database/, /path/],
  ];

for (const [title, content, code, says, hint] of files) {
  test(`${title} in place of a database is told as what it is, with what to do`, async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'app');
      writeFileSync(path, content);
      await assert.rejects(
        withSource(path, () => assert.fail('opened')),
        { code, message: says, hint },
      );
    });
  });
}

test('a folder is told as one, with the databases in it; a dump of PostgreSQL may be a folder', async () => {
  await withFolder(async (folder) => {
    const open = (path: string) => withSource(path, () => assert.fail('opened'));
    await assert.rejects(open(folder), { code: 'source.is_a_folder', hint: 'name the SQLite file itself' });
    makeSqlite(folder, 'CREATE TABLE t (id)');
    await assert.rejects(open(folder), { code: 'source.is_a_folder', hint: /such as \S*\/app\.db$/ });
    const dumped = join(folder, 'dump');
    mkdirSync(dumped);
    writeFileSync(join(dumped, 'toc.dat'), 'PGDMP');
    await assert.rejects(open(dumped), { code: 'source.postgres_dump', message: /directory format/ });
  });
});
