import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { checkRefusal, listObjects } from '../support/refusal.js';
import { assertNoBackends, assertWhole, makeFaultSource, migrateArgs, runState, undisturbed } from '../support/runs.js';

/* What the machine refuses to our own process: open files, file sizes, room on the disk, writes that reach the disk. */

const rows = 4000;

interface Scene {
  readonly folder: string;
  readonly client: pg.Client;
  readonly source: string;
  readonly runFolder: string;
  /** Of a migrate whose run folder has that name. */
  readonly args: readonly string[];
}

async function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeFaultSource(folder, { rows }).path;
      const runFolder = join(folder, 'run');
      await use({ folder, client, source, runFolder, args: migrateArgs(source, url, '--run-dir', runFolder) });
    }),
  );
}

/** Why a test that needs the words cannot run here; false where they work. */
function lacks(...words: readonly string[]): string | false {
  const [program = '', ...args] = words;
  const { status } = spawnSync(program, args, { stdio: 'ignore' });
  return status === 0 ? false : `SKIPPED, NOT TESTED: ${words.join(' ')} does not work here`;
}

const noLimits = lacks('prlimit', '--nofile=200', 'true');
const noInjection = lacks(
  'strace',
  '-f',
  '-o',
  '/dev/null',
  '-e',
  'trace=fsync',
  '-e',
  'inject=fsync:error=EIO',
  'true',
);
const noMount = lacks('unshare', '-m', 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', '/mnt');

async function assertUntouched({ client, runFolder }: Scene): Promise<void> {
  assert.deepEqual(await listObjects(client), ['public']);
  assert.ok(
    !existsSync(runFolder) || readdirSync(runFolder).every((name) => name === '.gitignore'),
    'nothing is left of the run',
  );
  await assertNoBackends(client);
}

test('a limit of open files that is too small is named, and never taken for a difference', {
  skip: noLimits,
}, async () => {
  await withScene(async (scene) => {
    for (const [limit, words] of [
      [32, /only 32 files may be open/],
      [127, /only 127 files may be open/],
    ] as const) {
      const ended = await runJson(scene.args, { cwd: scene.folder, through: ['prlimit', `--nofile=${limit}`] });
      assert.equal(ended.exitCode, 2, ended.stderr);
      assert.equal(ended.json.error?.code, 'usage.file_limit');
      assert.match(ended.stderr, words);
      assert.match(ended.stderr, /ulimit -n/);
    }
    await assertUntouched(scene);
  });
});

test('a limit of open files that is reached in the middle stops the run, which goes on without it', {
  skip: noLimits,
}, async () => {
  await withScene(async ({ folder, client, args }) => {
    const many = [...args, '--workers', '16', '--connections', '16'];
    const ended = await runJson(many, { cwd: folder, through: ['prlimit', '--nofile=128'] });
    if (ended.exitCode !== 0) {
      assert.ok([2, 21, 22, 26].includes(ended.exitCode ?? 0), `${ended.exitCode} ${ended.stderr}`);
      assert.match(ended.stderr, /EMFILE|open files/);
    }
    await assertNoBackends(client);
    const again = (await runState(client)) === null ? many : args;
    if (ended.exitCode !== 0) await assertWhole(await runJson(again, { cwd: folder }), client, await undisturbed(rows));
  });
});

test('a limit of addresses is named, and the run goes on without it', { skip: noLimits }, async () => {
  await withScene(async ({ folder, client, args }) => {
    // Less than one memory of WebAssembly reserves.
    const ended = await runJson(args, { cwd: folder, through: ['prlimit', '--as=8000000000'] });
    assert.equal(ended.exitCode, 2, ended.stderr);
    assert.equal(ended.json.error?.code, 'usage.address_space');
    assert.match(ended.stderr, /ulimit -v/);
    await assertNoBackends(client);
    await assertWhole(await runJson(args, { cwd: folder }), client, await undisturbed(rows));
  });
});

test('a file that grows beyond the limit for its size is removed again', { skip: noLimits }, async () => {
  await withScene(async (scene) => {
    const { folder, args } = scene;
    await checkRefusal(
      args,
      { cwd: folder, through: ['prlimit', '--fsize=100000'] },
      { code: 'source.io', says: /sqlite-precutover\.db could not be read or written/, hint: /ulimit -f/ },
    );
    await assertUntouched(scene);
  });
});

test('a disk without space for the snapshot is refused with both numbers, and nothing stays on it', {
  skip: noMount,
}, async () => {
  await withScene(async (scene) => {
    const { folder, args, runFolder, source } = scene;
    mkdirSync(runFolder);
    const left = join(folder, 'left');
    const script = `mount -t tmpfs -o size=256k tmpfs "$0" && { "$@"; code=$?; find "$0" -type f > '${left}'; exit $code; }`;
    const json = await checkRefusal(
      args,
      { cwd: folder, through: ['unshare', '-m', 'sh', '-c', script, runFolder] },
      { code: 'source.no_space', says: /has 2\d+ bytes free, the snapshot needs \d+/, hint: /free some space/ },
    );
    const needed = Number(/needs (\d+)/.exec(json.error?.message ?? '')?.[1]);
    assert.ok(needed >= statSync(source).size);
    assert.equal(readFileSync(left, 'utf8'), '');
    await assertUntouched(scene);
  });
});

/** Fails the first fsync of one file by each thread. */
function failingSync(path: string): string[] {
  const inject = ['-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO:when=1'];
  return ['strace', '-f', '-qq', '-o', '/dev/null', '-P', path, ...inject];
}

/** The file's first fsync is SQLite's own; the folder's is ours. */
for (const { what, name, code } of [
  { what: 'file', name: 'sqlite-precutover.db', code: 'source.io' },
  { what: 'folder', name: '.', code: 'source.snapshot_io' },
] as const) {
  test(`a snapshot whose ${what} does not reach the disk is taken for lost`, { skip: noInjection }, async () => {
    await withScene(async (scene) => {
      const { folder, args, runFolder } = scene;
      await checkRefusal(
        args,
        { cwd: folder, through: failingSync(join(runFolder, name)) },
        { code, says: /could not be (written or read: EIO|read or written)/, hint: /check the disk/ },
      );
      await assertUntouched(scene);
    });
  });
}

test('a plan that does not reach the disk leaves no schema behind', { skip: noInjection }, async () => {
  await withScene(async (scene) => {
    const { folder, args, runFolder } = scene;
    await checkRefusal(
      args,
      { cwd: folder, through: failingSync(join(runFolder, 'plan.json')) },
      { code: 'source.run_file', says: /plan\.json cannot be written: EIO/, hint: /disk of the run folder/ },
    );
    await assertUntouched(scene);
  });
});

test('a run whose record does not reach the disk is not complete, and completes later', {
  skip: noInjection,
}, async () => {
  await withScene(async ({ folder, client, args, runFolder }) => {
    for (const name of ['result.json', 'manifest.sha256']) {
      await checkRefusal(
        args,
        { cwd: folder, through: failingSync(join(runFolder, name)) },
        { code: 'source.run_file', says: /cannot be written: EIO/, hint: /then run again/ },
      );
      assert.equal(await runState(client), 'finishing');
      assert.ok(!existsSync(join(runFolder, name)));
    }
    await assertWhole(await runJson(args, { cwd: folder }), client, await undisturbed(rows));
  });
});

test('a source with a second name is refused, whichever of both is given', async () => {
  await withScene(async (scene) => {
    const { folder, args, source } = scene;
    linkSync(source, join(folder, 'other.db'));
    for (const name of [source, join(folder, 'other.db')]) {
      await checkRefusal(
        args.map((word) => (word === source ? name : word)),
        { cwd: folder },
        { code: 'source.hard_link', says: /is one of 2 names \(hard links\)/, hint: /-wal beside another name/ },
      );
    }
    await assertUntouched(scene);
  });
});
