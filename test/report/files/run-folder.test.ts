import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  makeRunFolder,
  openRunFolder,
  removeRunFolder,
  appendLog,
  writeArtefact,
  withLog,
  writeManifest,
} from '../../../src/report/files/run-folder.js';
import { withFolder } from '../../support/folder.js';

const now = new Date('2026-01-02T03:04:05.678Z');

/** Runs with a umask that hides no missing mode. */
async function withOpenUmask(use: () => Promise<void>): Promise<void> {
  const before = process.umask(0);
  try {
    await use();
  } finally {
    process.umask(before);
  }
}

test('a run folder is named after its time, belongs to its owner alone, and a second one gets a name of its own', async () => {
  await withFolder((folder) =>
    withOpenUmask(async () => {
      const options = { baseFolder: join(folder, 'deep', 'base'), runFolder: null, now };
      const first = makeRunFolder(options);
      const second = makeRunFolder(options);
      assert.deepEqual(
        readdirSync(options.baseFolder).filter((name) => name !== '.gitignore'),
        ['20260102T030405Z', '20260102T030405Z-1'],
      );
      for (const path of [first.path, second.path]) assert.equal(statSync(path).mode & 0o777, 0o700);
      assert.equal(first.pathOf('x'), join(first.path, 'x'));
    }),
  );
});

test('a folder that the operator names is made, or taken if it is empty, and refused if it holds anything', async () => {
  await withFolder((folder) => {
    const named = (name: string) => makeRunFolder({ baseFolder: folder, runFolder: join(folder, name), now });
    assert.equal(named('new').wasThere, false);
    assert.equal(named('new').wasThere, true);
    writeFileSync(join(folder, 'new', 'file'), '');
    assert.throws(() => named('new'), {
      code: 'usage.run_folder_used',
      message: `the run folder ${join(folder, 'new')} already holds files`,
    });
  });
});

test('a folder that cannot be made is named with the reason', async () => {
  await withFolder((folder) => {
    writeFileSync(join(folder, 'file'), '');
    assert.throws(() => makeRunFolder({ baseFolder: join(folder, 'file'), runFolder: null, now }), {
      code: 'source.run_folder',
      message: /the run folder cannot be made: EEXIST/,
    });
  });
});

test('removing a folder takes away what we made, and only empties what was there before', async () => {
  await withFolder((folder) => {
    const made = makeRunFolder({ baseFolder: folder, runFolder: null, now });
    mkdirSync(join(folder, 'theirs'));
    const theirs = makeRunFolder({ baseFolder: folder, runFolder: join(folder, 'theirs'), now });
    for (const run of [made, theirs]) {
      mkdirSync(run.pathOf('sub'));
      writeFileSync(run.pathOf('sub/file'), '');
      removeRunFolder(run);
    }
    assert.deepEqual(readdirSync(folder), ['theirs']);
    assert.deepEqual(readdirSync(join(folder, 'theirs')), []);
  });
});

test('an artefact is never written over a file or through a planted link, and is for its owner alone', async () => {
  await withFolder((folder) =>
    withOpenUmask(async () => {
      const path = join(folder, 'plan.json');
      writeArtefact(path, 'first');
      assert.throws(() => writeArtefact(path, 'second'), { code: 'source.run_file', foreignCode: 'EEXIST' });
      assert.equal(readFileSync(path, 'utf8'), 'first');
      assert.equal(statSync(path).mode & 0o777, 0o600);
      symlinkSync(join(folder, 'elsewhere'), join(folder, 'link'));
      assert.throws(() => writeArtefact(join(folder, 'link'), 'x'), { foreignCode: 'EEXIST' });
      assert.throws(() => appendLog(join(folder, 'link'), 'x'), { foreignCode: 'ELOOP' });
      await withLog(join(folder, 'link'), async (append) => {
        assert.throws(() => append('x'), { foreignCode: 'ELOOP' });
        rmSync(join(folder, 'link'));
        append('y');
      });
      assert.equal(readFileSync(join(folder, 'link'), 'utf8'), 'y\n');
      assert.equal(existsSync(join(folder, 'elsewhere')), false);
    }),
  );
});

test('the log grows line by line, for its owner alone', async () => {
  await withFolder((folder) =>
    withOpenUmask(async () => {
      const path = join(folder, 'run.log');
      appendLog(path, 'one');
      appendLog(path, 'two');
      await withLog(path, async (append) => {
        append('three');
        assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\nthree\n');
        append('four');
      });
      assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\nthree\nfour\n');
      assert.equal(statSync(path).mode & 0o777, 0o600);
    }),
  );
});

test('the manifest lists every file but manifests, by name, in the form that sha256sum reads', async () => {
  await withFolder(async (folder) => {
    const run = makeRunFolder({ baseFolder: folder, runFolder: null, now });
    for (const name of ['b', 'a', 'manifest.sha256']) writeArtefact(run.pathOf(name), `content of ${name}`);
    mkdirSync(run.pathOf('folder'));
    const line = (name: string) => `${createHash('sha256').update(`content of ${name}`).digest('hex')}  ${name}\n`;
    await writeManifest(openRunFolder(run.path), { name: 'manifest-2.sha256' });
    assert.equal(readFileSync(run.pathOf('manifest-2.sha256'), 'utf8'), line('a') + line('b'));
    const known = [{ name: 'a', sha256: 'hash of then' }];
    await writeManifest(openRunFolder(run.path), { name: 'manifest-3.sha256', known });
    assert.equal(readFileSync(run.pathOf('manifest-3.sha256'), 'utf8'), `hash of then  a\n${line('b')}`);
  });
});

test('a folder that the operator named is closed to others, and one of another user is refused', async () => {
  await withFolder((folder) =>
    withOpenUmask(async () => {
      const path = join(folder, 'named');
      mkdirSync(path, { mode: 0o777 });
      makeRunFolder({ baseFolder: folder, runFolder: path, now });
      assert.equal(statSync(path).mode & 0o777, 0o700);
      if (process.geteuid?.() !== 0) return;
      chownSync(path, 12_345, 12_345);
      const again = () => makeRunFolder({ baseFolder: folder, runFolder: path, now });
      assert.throws(again, { code: 'source.run_folder', message: /belongs to user 12345/ });
    }),
  );
});
