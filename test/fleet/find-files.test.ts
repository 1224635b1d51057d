import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findFiles } from '../../src/fleet/find-files.js';
import { withFolder } from '../support/folder.js';

test('a pattern names files as a shell would, without what SQLite keeps beside them', async () => {
  await withFolder((folder) => {
    mkdirSync(join(folder, 'a/deep'), { recursive: true });
    mkdirSync(join(folder, 'b'));
    for (const name of [
      '1.db',
      '1.db-wal',
      '1.db-shm',
      '2.db-journal',
      '2.db',
      '.hidden.db',
      'x+y.db',
      'a/1.db',
      'a/deep/3.db',
      'b/1.sqlite',
    ])
      writeFileSync(join(folder, name), '');
    symlinkSync(join(folder, 'a'), join(folder, 'link'));
    const found = (pattern: string) => findFiles(`${folder}/${pattern}`).map((path) => path.slice(folder.length + 1));
    assert.deepEqual(found('*.db'), ['1.db', '2.db', 'x+y.db']);
    assert.deepEqual(found('*'), ['1.db', '2.db', 'x+y.db']);
    assert.deepEqual(found('[13-9].db'), ['1.db']);
    assert.deepEqual(found('[!1].db'), ['2.db']);
    assert.deepEqual(found('?+y.db'), ['x+y.db']);
    assert.deepEqual(found('.*.db'), ['.hidden.db']);
    assert.deepEqual(found('*/1.*'), ['a/1.db', 'b/1.sqlite', 'link/1.db']);
    assert.deepEqual(found('**/*.db'), ['1.db', '2.db', 'a/1.db', 'a/deep/3.db', 'x+y.db']);
    assert.deepEqual(found('b/../a/1.db'), ['a/1.db']);
    assert.deepEqual(found('nowhere/*.db'), []);
    assert.deepEqual(found('1.db/*.db'), []);
  });
});

test('a folder that cannot be read is named, since nobody knows what it holds', async () => {
  await withFolder((folder) => {
    const name = 'x'.repeat(300);
    assert.throws(() => findFiles(`${folder}/${name}/*.db`), {
      code: 'source.unreadable',
      message: `the folder ${join(folder, name)} cannot be read (ENAMETOOLONG)`,
    });
  });
});
