import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import * as zlib from 'node:zlib';
import { Database } from '../../../src/source/sqlite.js';
import { takeSnapshot } from '../../../src/source/snapshot/snapshot.js';
import { makeSqlite, withFolder } from '../../support/folder.js';

const dump = `PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT CHECK (length(b) < 9), c BLOB);
INSERT INTO a VALUES(1,'x;y',X'00ff'),(2,replace('l\\nm','\\n',char(10)),NULL),(9,'longer than nine',NULL);
CREATE TABLE child (a INTEGER REFERENCES a(id));
INSERT INTO child VALUES(77);
PRAGMA writable_schema=ON;
INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','ft','ft',0,'CREATE VIRTUAL TABLE ft USING fts5(t)');
CREATE TABLE IF NOT EXISTS 'ft_data'(id INTEGER PRIMARY KEY, block BLOB);
INSERT INTO ft_data VALUES(1,X'0102');
INSERT INTO ft_data VALUES(10,X'000000000101010001010101');
INSERT INTO ft_data VALUES(137438953473,X'00000018063068656c6c6f0102020105776f726c64010203040a');
CREATE TABLE IF NOT EXISTS 'ft_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
INSERT INTO ft_idx VALUES(1,X'',2);
CREATE TABLE IF NOT EXISTS 'ft_content'(id INTEGER PRIMARY KEY, c0);
INSERT INTO ft_content VALUES(1,'hello world');
CREATE TABLE IF NOT EXISTS 'ft_docsize'(id INTEGER PRIMARY KEY, sz BLOB);
INSERT INTO ft_docsize VALUES(1,X'02');
CREATE TABLE IF NOT EXISTS 'ft_config'(k PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO ft_config VALUES('version',4);
PRAGMA writable_schema=OFF;
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 VALUES('a',NULL,'3');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('a',9);
CREATE TRIGGER t AFTER INSERT ON child BEGIN DELETE FROM child; END;
PRAGMA user_version=7;
COMMIT;
`;

/** As wrangler d1 export writes it: no transaction, and tables of Cloudflare's own. */
const d1 = `PRAGMA defer_foreign_keys=TRUE;
CREATE TABLE d1_migrations(
		id         INTEGER PRIMARY KEY AUTOINCREMENT,
		name       TEXT UNIQUE,
		applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
);
INSERT INTO "d1_migrations" ("id","name","applied_at") VALUES(1,'0001_init.sql','2026-01-01 00:00:00');
CREATE TABLE _cf_KV (
        key TEXT PRIMARY KEY,
        value BLOB
      ) WITHOUT ROWID;
CREATE TABLE child (parent INTEGER REFERENCES later(id));
INSERT INTO "child" ("parent") VALUES(1);
CREATE TABLE later (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO "later" ("id","name") VALUES(1,'it''s');
DELETE FROM sqlite_sequence;
INSERT INTO "sqlite_sequence" ("name","seq") VALUES('d1_migrations',1);
`;

interface Imported {
  readonly imported: string | undefined;
  readonly rows: (sql: string) => readonly unknown[][];
}

async function withImported(content: string | Buffer, use: (found: Imported) => void, name = 'app.sql'): Promise<void> {
  await withFolder(async (folder) => {
    const [sourcePath, snapshotPath] = [join(folder, name), join(folder, 'snapshot.db')];
    writeFileSync(sourcePath, content);
    const snapshot = await takeSnapshot({ sourcePath, snapshotPath });
    assert.equal(statSync(snapshotPath).mode & 0o777, 0o400);
    assert.equal(snapshot.sourcePath, sourcePath);
    const db = new Database(snapshotPath, { readonly: true });
    try {
      use({ imported: snapshot.imported, rows: (sql) => db.prepare<[], unknown[]>(sql).raw().all() });
    } finally {
      db.close();
    }
  });
}

async function refused(
  content: string | Buffer,
  expected: { readonly code: string; readonly message: RegExp },
  name = 'app.sql',
) {
  await withFolder(async (folder) => {
    const [sourcePath, snapshotPath] = [join(folder, name), join(folder, 'snapshot.db')];
    writeFileSync(sourcePath, content);
    await assert.rejects(takeSnapshot({ sourcePath, snapshotPath }), expected);
    assert.ok(!existsSync(snapshotPath), 'nothing is left of it');
  });
}

const { crc32 } = zlib as { readonly crc32?: (bytes: Buffer) => number };

function databaseBytes(): Buffer {
  let bytes = Buffer.alloc(0);
  void withFolder((folder) => {
    bytes = readFileSync(
      makeSqlite(folder, "CREATE TABLE a (id INTEGER PRIMARY KEY, b); INSERT INTO a VALUES (1, 'x')"),
    );
  });
  return bytes;
}

/** An archive of files that are deflated, or stored where `method` is 0. */
function zip(files: Readonly<Record<string, Buffer>>, method = 8): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const packed = method === 0 ? content : deflateRawSync(content);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    for (const [header, start] of [
      [local, 8],
      [central, 10],
    ] as const) {
      header.writeUInt16LE(method, start);
      header.writeUInt32LE(crc32?.(content) ?? 0, start + 6);
      header.writeUInt32LE(packed.length, start + 10);
      header.writeUInt32LE(content.length, start + 14);
      header.writeUInt16LE(name.length, start + 18);
    }
    central.writeUInt32LE(at, 42);
    directory.push(central, Buffer.from(name));
    parts.push(local, Buffer.from(name), packed);
    at += 30 + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

test('a dump of sqlite3 becomes the database that it was made of', async () => {
  await withImported(dump, ({ imported, rows }) => {
    assert.equal(imported, 'dump');
    assert.deepEqual(rows('SELECT id, b, hex(c) FROM a'), [
      [1, 'x;y', '00FF'],
      [2, 'l\nm', ''],
      [9, 'longer than nine', ''],
    ]);
    assert.deepEqual(rows('SELECT a FROM child'), [[77]], 'an orphan stays, and no trigger has fired');
    assert.deepEqual(rows('SELECT * FROM sqlite_sequence'), [['a', 9]]);
    assert.deepEqual(rows('SELECT t FROM ft'), [['hello world']]);
    assert.deepEqual(rows('PRAGMA user_version'), [[7]]);
  });
});

test('so does an export of Cloudflare D1', async () => {
  await withImported(d1, ({ rows }) => {
    assert.deepEqual(rows('SELECT parent, name FROM child JOIN later ON id = parent'), [[1, "it's"]]);
    assert.deepEqual(rows('SELECT count(*) FROM d1_migrations'), [[1]]);
  });
});

const utf16 = (text: string) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
const forms: readonly (readonly [string, () => Buffer, 'dump' | 'copy'])[] = [
  ['a dump with a mark of UTF-8', () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(dump)]), 'dump'],
  ['a dump in UTF-16, as PowerShell writes it', () => utf16(dump), 'dump'],
  ['a dump, gzipped', () => gzipSync(dump), 'dump'],
  [
    'a dump in two members of gzip',
    () => Buffer.concat([gzipSync(dump.slice(0, 90)), gzipSync(dump.slice(90))]),
    'dump',
  ],
  ['a database, gzipped', () => gzipSync(databaseBytes()), 'copy'],
  ['a database, gzipped twice', () => gzipSync(gzipSync(databaseBytes())), 'copy'],
  ['a database in an archive', () => zip({ 'backup/': Buffer.alloc(0), 'backup/app.db': databaseBytes() }), 'copy'],
  ['a database that is stored in an archive', () => zip({ 'app.db': databaseBytes() }, 0), 'copy'],
  ['a dump in an archive', () => zip({ 'app.sql': Buffer.from(dump), '__MACOSX/._app.sql': Buffer.from('x') }), 'dump'],
];

for (const [title, content, imported] of forms) {
  test(`${title} is read as it is`, async () => {
    await withImported(content(), (found) => {
      assert.equal(found.imported, imported);
      assert.equal(found.rows('SELECT count(*) FROM a')[0]?.[0], imported === 'dump' ? 3 : 1);
    });
  });
}

test('zstd is read where Node has it, and told with the way out where not', async () => {
  const { zstdCompressSync } = zlib as { readonly zstdCompressSync?: (bytes: Buffer) => Buffer };
  if (zstdCompressSync === undefined) {
    await refused(Buffer.from('28b52ffd00', 'hex'), {
      code: 'source.compressed',
      message: /zstd, which this Node cannot read/,
    });
  } else await withImported(zstdCompressSync(databaseBytes()), ({ imported }) => assert.equal(imported, 'copy'));
});

test('a text of bytes that are not UTF-8 comes through', async () => {
  const [before, behind] = dump.split('x;y').map((part) => Buffer.from(part)) as [Buffer, Buffer];
  await withImported(Buffer.concat([before, Buffer.from([0xff, 0x41, 0, 0x42]), behind]), ({ rows }) => {
    assert.deepEqual(rows('SELECT hex(b), typeof(b) FROM a WHERE id = 1'), [['FF410042', 'text']]);
  });
});

const bad: readonly (readonly [string, string | Buffer, string, RegExp])[] = [
  [
    'a dump that was cut off between statements',
    dump.replace('COMMIT;\n', ''),
    'source.dump_incomplete',
    /app\.sql: .*line 2 does not end/,
  ],
  [
    'a dump that says it has errors',
    dump.replace('COMMIT;', 'ROLLBACK; -- due to errors'),
    'source.dump_incomplete',
    /line 28 takes all of it back/,
  ],
  [
    'a statement that SQLite refuses',
    dump.replace('VALUES(77)', "VALUES('secret', 2)"),
    'source.dump_statement',
    /app\.sql: line 6: SQLite refuses INSERT INTO: table child has 1 column/,
  ],
  [
    'a statement that opens another file',
    "BEGIN;\nATTACH 'other.db' AS o;\nCOMMIT;\n",
    'source.dump_statement',
    /line 2: ATTACH is no part/,
  ],
  ['VACUUM INTO', "BEGIN;\nVACUUM INTO 'other.db';\nCOMMIT;\n", 'source.dump_statement', /line 2: VACUUM/],
  [
    'a dump of PostgreSQL that is compressed',
    gzipSync('--\n-- PostgreSQL database dump\n--\nSET x = 0;'),
    'source.postgres_dump',
    /is a dump of PostgreSQL/,
  ],
  [
    'a gzip file that was cut off',
    gzipSync(dump.repeat(50)).subarray(0, 150),
    'source.compressed',
    /damaged or was cut off \(gzip\)/,
  ],
  [
    'gzip of something else',
    gzipSync('hello, this is a letter'),
    'source.not_a_database',
    /neither a SQLite database nor a dump/,
  ],
  ['gzip of nothing', gzipSync(''), 'source.empty', /0 bytes/],
  [
    'an archive of two files',
    zip({ 'a.db': Buffer.from('a'), 'b.db': Buffer.from('b') }),
    'source.compressed',
    /holds 2 files \("a\.db", "b\.db"\)/,
  ],
  [
    'an archive without its end',
    zip({ 'a.db': databaseBytes() }).subarray(0, 200),
    'source.compressed',
    /its end is missing/,
  ],
  [
    'a database that was cut off and gzipped',
    gzipSync(databaseBytes().subarray(0, 4096)),
    'source.truncated',
    /app\.sql/,
  ],
];

for (const [title, content, code, message] of bad) {
  test(`${title} is refused, and nothing is left of it`, async () => {
    await refused(content, { code, message });
  });
}

test('an archive whose content has changed is refused', {
  skip: crc32 === undefined && 'this Node has no crc32',
}, async () => {
  const bytes = zip({ 'app.db': databaseBytes() }, 0);
  bytes[30 + 'app.db'.length + 4090] = 0x78;
  await refused(bytes, { code: 'source.compressed', message: /"app\.db" in it is damaged/ });
});

test('no value of a refused statement is told', async () => {
  await withFolder(async (folder) => {
    const sourcePath = join(folder, 'app.sql');
    writeFileSync(sourcePath, "BEGIN;\nINSERT INTO none VALUES('canary');\nCOMMIT;");
    await assert.rejects(takeSnapshot({ sourcePath, snapshotPath: join(folder, 's.db') }), (error: Error) => {
      return !/canary/.test(`${error.message}${String((error as Error & { hint?: string }).hint)}`);
    });
  });
});

test('where the live file is needed, a dump is none', async () => {
  await withFolder(async (folder) => {
    const sourcePath = join(folder, 'app.sql');
    writeFileSync(sourcePath, dump);
    const taking = takeSnapshot({ sourcePath, snapshotPath: join(folder, 's.db'), mustBeLive: true });
    await assert.rejects(taking, { code: 'source.sql_dump', message: /is a script in SQL/ });
  });
});
