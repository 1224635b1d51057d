import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withEarlyFlush } from '../../../src/source/snapshot/early-flush.js';
import { withFolder } from '../../support/folder.js';

const large = 64 * 1024 * 1024;

test('a flush that fails is reported, since the file is lost, but not in place of what the writing says', async () => {
  const grow = async (grownTo: (bytes: number) => void) => grownTo(large);
  // A character device has nothing that could be brought to a disk.
  await assert.rejects(withEarlyFlush('/dev/null', grow), { code: 'EINVAL', syscall: 'fdatasync' });
  const failing = async (grownTo: (bytes: number) => void) => {
    grownTo(large);
    throw new Error('the disk is full');
  };
  await assert.rejects(withEarlyFlush('/dev/null', failing), { message: 'the disk is full' });
});

test('what the writing gives back comes out, however often the file was flushed', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'grown');
    writeFileSync(path, '');
    const written = await withEarlyFlush(path, async (grownTo) => {
      for (const bytes of [0, 1, large, 2 * large]) grownTo(bytes);
      return 'written';
    });
    assert.equal(written, 'written');
  });
});
