import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSnapshotFile } from '../../../src/source/pages/page-file.js';
import { withFolder } from '../../support/folder.js';
import { askPages, copyWith, makeFile, readTable } from './pages-fixture.js';

async function withFile(use: (path: string) => void): Promise<void> {
  await withFolder((folder) => {
    const path = join(folder, 'file.db');
    makeFile(path, { pageSize: 1024 }, (db) => db.exec('CREATE TABLE t(a); INSERT INTO t VALUES (1)'));
    use(path);
  });
}

test('an open snapshot knows its pages, and closing it twice is closing it once', async () => {
  await withFile((path) => {
    const file = openSnapshotFile(path);
    assert.deepEqual([file.pageSize, file.usableBytes, file.pageCount, file.lockPage], [1024, 1024, 2, 2 ** 20 + 1]);
    assert.deepEqual(
      [0, 1, 2, 3].map((page) => file.hasPage(page)),
      [false, true, true, false],
    );
    file.close();
    file.close();
  });
});

const headers: readonly [title: string, change: (bytes: Buffer) => void, code: string][] = [
  ['without the magic string', (bytes) => bytes.write('SQLite format 4'), 'source.not_a_database'],
  ['of an odd page size', (bytes) => bytes.writeUInt16BE(1000, 16), 'source.unknown_format'],
  ['of page size 256', (bytes) => bytes.writeUInt16BE(256, 16), 'source.unknown_format'],
  ['of a later read version', (bytes) => bytes.writeUInt8(3, 19), 'source.unknown_format'],
  [
    'of too many reserved bytes',
    (bytes) => [bytes.writeUInt16BE(512, 16), bytes.writeUInt8(33, 20)],
    'source.unknown_format',
  ],
  ['of other payload fractions', (bytes) => bytes.writeUInt8(65, 21), 'source.unknown_format'],
  ['of schema format 5', (bytes) => bytes.writeUInt32BE(5, 44), 'source.unknown_format'],
  ['in UTF-16', (bytes) => bytes.writeUInt32BE(2, 56), 'source.unknown_format'],
  ['of more pages than bytes', (bytes) => bytes.writeUInt32BE(3, 28), 'source.truncated'],
];

for (const [title, change, code] of headers) {
  test(`a file ${title} is refused`, async () => {
    await withFile((path) => {
      const copy = copyWith(path, `${path}.copy`, change);
      assert.throws(() => openSnapshotFile(copy), { code });
    });
  });
}

test('a page count that another version of SQLite left behind is not believed', async () => {
  await withFile((path) => {
    const copy = copyWith(path, `${path}.copy`, (bytes) => {
      bytes.writeUInt32BE(77, 28);
      bytes.writeUInt32BE(bytes.readUInt32BE(24) + 1, 92);
    });
    const file = openSnapshotFile(copy);
    assert.equal(file.pageCount, 2);
    file.close();
  });
});

test('missing, short and empty files are refused', async () => {
  await withFile((path) => {
    assert.throws(() => openSnapshotFile(`${path}.missing`), { code: 'source.unreadable' });
    truncateSync(path, 1500);
    assert.throws(() => openSnapshotFile(path), { code: 'source.truncated' });
    truncateSync(path, 0);
    assert.throws(() => openSnapshotFile(path), { code: 'source.not_a_database' });
  });
});

test('a file beside which a journal or a log waits is refused', async () => {
  for (const suffix of ['-wal', '-journal']) {
    await withFile((path) => {
      writeFileSync(path + suffix, '');
      openSnapshotFile(path).close();
      writeFileSync(path + suffix, 'x');
      assert.throws(() => openSnapshotFile(path), { code: 'source.unsettled' });
    });
  }
});

test('a file that shrinks while it is read is an error', async () => {
  await withFile((path) => {
    const file = openSnapshotFile(path);
    truncateSync(path, 1024);
    assert.throws(() => file.readPages(2, 1, Buffer.alloc(1024), 0), { code: 'source.truncated' });
    file.close();
  });
});

test('nothing is read from the lock-byte page at one gibibyte', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'lock.db');
    makeFile(path, { pageSize: 65536 }, (db) => db.exec('CREATE TABLE t(a); INSERT INTO t VALUES (zeroblob(70000))'));
    const from = readTable(path, 't');
    const lockPage = 2 ** 30 / 65536 + 1;
    // The overflow chain is made to begin on it, in a file that is long enough but sparse.
    const copy = copyWith(path, `${path}.copy`, (bytes) => {
      bytes.writeUInt32BE(lockPage + 1, 28);
      bytes.writeUInt32BE(lockPage, 2 * 65536 - 4);
    });
    truncateSync(copy, (lockPage + 1) * 65536);
    assert.throws(() => askPages(copy, from), { code: 'data.damaged_page', message: /no overflow page 16385/ });
  });
});
