import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { FileHash, hashFile } from '../../../src/source/snapshot/file-hash.js';
import { withFolder } from '../../support/folder.js';

const MiB = 1024 * 1024;
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Writes over a byte of a file that is there. */
function patch(path: string, at: number, text: string): void {
  const file = openSync(path, 'r+');
  writeSync(file, text, at);
  closeSync(file);
}

/** A hash that has read the first three MiB of a file of so many. */
async function begun(folder: string): Promise<{ readonly path: string; readonly hash: FileHash }> {
  const path = join(folder, 'growing');
  writeFileSync(path, Buffer.alloc(3 * MiB, 'a'));
  const hash = new FileHash(path);
  hash.grownTo(3 * MiB);
  while (hash.doneBytes < 3 * MiB) await setTimeout(1);
  return { path, hash };
}

test('what a file has grown to is hashed at once, and at the end only the rest', async () => {
  await withFolder(async (folder) => {
    const { path, hash } = await begun(folder);
    const asHashed = Buffer.concat([readFileSync(path), Buffer.alloc(2 * MiB + 5, 'b')]);
    appendFileSync(path, asHashed.subarray(3 * MiB));
    // Nobody may do this; it shows what is read once only.
    patch(path, 2 * MiB, 'x');
    hash.grownTo(4 * MiB);
    assert.equal(await hash.end(), sha256(asHashed));
    assert.equal(await hashFile(path), sha256(readFileSync(path)));
  });
});

test('where SQLite wrote its header meanwhile, or the hash was to forget, the whole file is hashed anew', async () => {
  await withFolder(async (folder) => {
    const written = await begun(folder);
    patch(written.path, 24, 'x');
    assert.equal(await written.hash.end(), sha256(readFileSync(written.path)));

    const forgotten = await begun(folder);
    await forgotten.hash.forget();
    patch(forgotten.path, 2 * MiB, 'x');
    assert.equal(await forgotten.hash.end(), sha256(readFileSync(forgotten.path)));
  });
});

test('a failure and an abort while the file grows are thrown at the end', async () => {
  await withFolder(async (folder) => {
    const gone = new FileHash(join(folder, 'gone'));
    gone.grownTo(2 * MiB);
    await assert.rejects(gone.end(), { code: 'ENOENT' });

    const path = join(folder, 'whole');
    writeFileSync(path, Buffer.alloc(2 * MiB));
    const stopped = new FileHash(path, AbortSignal.abort());
    stopped.grownTo(2 * MiB);
    await assert.rejects(stopped.end(), { code: 'interrupted.snapshot' });
    rmSync(path);
  });
});
