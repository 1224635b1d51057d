import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { CopierError } from '../../../src/model/error.js';
import type { TargetAddress } from '../../../src/model/target.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import {
  type EmbeddedOptions,
  embeddedStatus,
  startEmbedded,
  stopEmbedded,
} from '../../../src/target/embedded/embedded.js';
import { findBinaries } from '../../../src/target/embedded/postgres-binaries.js';
import { chooseRunner, chooseUser } from '../../../src/target/embedded/server-user.js';
import { withFolder } from '../../support/folder.js';

const applicationName = 'pgferry test';

/** Lends a folder for servers and stops the one in it, so that a failing test leaves none behind. */
function withServerFolder(use: (options: EmbeddedOptions) => Promise<void>, parentMode = 0o700): Promise<void> {
  return withFolder(async (parent) => {
    chmodSync(parent, parentMode);
    const folder = join(parent, 'pg server');
    try {
      await use({ folder, settings: { fsync: 'off' } });
    } finally {
      await stopEmbedded(folder).catch(() => undefined);
    }
  });
}

function ask(address: TargetAddress, sql: string): Promise<unknown[]> {
  return withTarget(address, { applicationName }, (client) => client.query(sql));
}

async function codeOf(act: Promise<unknown>): Promise<string> {
  const error = await act.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CopierError, String(error));
  return error.code;
}

async function untilGone(pid: number): Promise<void> {
  for (let tries = 0; tries < 200 && existsSync(`/proc/${pid}/cwd`); tries++) await wait(50);
}

test('a server is made, found running, stopped, and keeps its data, its port and its password', () =>
  withServerFolder(async (options) => {
    assert.deepEqual(await embeddedStatus(options.folder), { tag: 'absent' });
    assert.equal(await stopEmbedded(options.folder), false);
    const first = await startEmbedded(options);
    assert.equal(first.wasRunning, false);
    const sql = `SELECT current_user AS u, current_database() AS d, current_setting('server_encoding') AS e`;
    assert.deepEqual(await ask(first.address, sql), [{ u: 'pgferry', d: 'pgferry', e: 'UTF8' }]);
    await ask(first.address, 'CREATE TABLE public.kept AS SELECT 7 AS a');

    const again = await startEmbedded(options);
    assert.deepEqual(again, { ...first, wasRunning: true });
    const running = { tag: 'running', folder: first.folder, pid: first.pid, address: first.address };
    assert.deepEqual(await embeddedStatus(options.folder), running);

    assert.equal(await stopEmbedded(options.folder), true);
    assert.equal(await stopEmbedded(options.folder), false);
    assert.deepEqual(await embeddedStatus(options.folder), { tag: 'stopped', folder: first.folder });
    assert.equal(await codeOf(ask(first.address, 'SELECT 1')), 'target.unreachable');

    const second = await startEmbedded(options);
    assert.deepEqual(second.address, first.address);
    assert.deepEqual(await ask(second.address, 'SELECT a FROM public.kept'), [{ a: 7 }]);
  }));

test('folder and secrets are closed to others, a wrong password is refused, and pgpass lets us in', () =>
  withServerFolder(async (options) => {
    const { address, folder } = await startEmbedded(options);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    for (const name of ['password', 'pgpass']) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    const wrong = { ...address, password: 'canary-word' };
    const failure = await ask(wrong, 'SELECT 1').catch((error: unknown) => error);
    assert.ok(failure instanceof CopierError);
    assert.deepEqual([failure.code, failure.foreignCode], ['target.auth', '28P01']);
    assert.doesNotMatch(`${failure.message} ${failure.hint}`, /canary-word/);

    const none = { ...address, password: null };
    const kept = process.env['PGPASSFILE'];
    process.env['PGPASSFILE'] = join(folder, 'no such file');
    assert.equal(await codeOf(ask(none, 'SELECT 1')), 'target.auth');
    process.env['PGPASSFILE'] = join(folder, 'pgpass');
    assert.deepEqual(await ask(none, 'SELECT 1 AS a'), [{ a: 1 }]);
    if (kept === undefined) delete process.env['PGPASSFILE'];
    else process.env['PGPASSFILE'] = kept;
  }));

test('a server that was killed leaves a stale postmaster.pid, which the next start survives', () =>
  withServerFolder(async (options) => {
    const first = await startEmbedded(options);
    await ask(first.address, 'CREATE TABLE public.kept AS SELECT 7 AS a');
    process.kill(first.pid, 'SIGKILL');
    await untilGone(first.pid);
    assert.equal((await embeddedStatus(options.folder)).tag, 'stopped');
    const second = await startEmbedded(options);
    assert.equal(second.wasRunning, false);
    assert.deepEqual(await ask(second.address, 'SELECT a FROM public.kept'), [{ a: 7 }]);
  }));

test('a postmaster.pid that names a living stranger is not our server', { skip: process.platform !== 'linux' }, () =>
  withServerFolder(async (options) => {
    const { folder } = await startEmbedded(options);
    const pidPath = join(folder, 'data', 'postmaster.pid');
    const kept = readFileSync(pidPath, 'utf8');
    await stopEmbedded(options.folder);
    const owner = statSync(join(folder, 'data'));
    const stranger = spawn('sleep', ['60'], { uid: owner.uid, gid: owner.gid });
    try {
      await once(stranger, 'spawn');
      writeFileSync(pidPath, kept.replace(/^\d+/, String(stranger.pid)));
      assert.equal((await embeddedStatus(options.folder)).tag, 'stopped');
      assert.equal(await stopEmbedded(options.folder), false);
      assert.equal((await startEmbedded(options)).wasRunning, false);
      assert.equal(stranger.exitCode, null);
    } finally {
      stranger.kill();
    }
  }),
);

test('two starts at once give one server', () =>
  withServerFolder(async (options) => {
    const [a, b] = await Promise.all([startInProcess(options.folder), startInProcess(options.folder)]);
    assert.equal(a?.pid, b?.pid);
    assert.deepEqual([a?.wasRunning, b?.wasRunning].sort(), [false, true]);
  }));

test('the lock of a dead process is taken over, and a killed initdb leaves nothing in the way', () =>
  withServerFolder(async (options) => {
    const dead = spawn('true');
    await once(dead, 'exit');
    mkdirSync(options.folder);
    writeFileSync(join(options.folder, 'lock'), String(dead.pid));
    writeFileSync(join(options.folder, 'pgferry.json'), '{"port":1}');
    mkdirSync(join(options.folder, 'init'));
    writeFileSync(join(options.folder, 'init', 'PG_VERSION'), 'half');
    const { address } = await startEmbedded(options);
    assert.deepEqual(await ask(address, 'SELECT 1 AS a'), [{ a: 1 }]);
    assert.ok(!existsSync(join(options.folder, 'lock')));
  }));

test('a port that somebody took meanwhile is replaced by another', () =>
  withServerFolder(async (options) => {
    const first = await startEmbedded(options);
    await stopEmbedded(options.folder);
    const squatter = createServer().listen(first.address.port, '127.0.0.1');
    await once(squatter, 'listening');
    try {
      const second = await startEmbedded(options);
      assert.notEqual(second.address.port, first.address.port);
      assert.deepEqual(await ask(second.address, 'SELECT 1 AS a'), [{ a: 1 }]);
      assert.match(readFileSync(join(options.folder, 'pgpass'), 'utf8'), new RegExp(`:${second.address.port}:`));
    } finally {
      squatter.close();
    }
  }));

test('a folder with anything of others in it is neither taken nor touched', () =>
  withFolder(async (folder) => {
    writeFileSync(join(folder, 'thesis.txt'), 'text');
    chmodSync(folder, 0o755);
    for (const act of [() => startEmbedded({ folder }), () => stopEmbedded(folder), () => embeddedStatus(folder)]) {
      assert.equal(await codeOf(act()), 'target.embedded_folder');
    }
    assert.equal(statSync(folder).mode & 0o777, 0o755);
    writeFileSync(join(folder, 'pgferry.json'), '{}');
    assert.equal(await codeOf(startEmbedded({ folder })), 'target.embedded_folder');
  }));

test('an aborted start says so, and the next start is not hurt by it', () =>
  withServerFolder(async (options) => {
    const controller = new AbortController();
    const starting = codeOf(startEmbedded({ ...options, signal: controller.signal }));
    while (!existsSync(join(options.folder, 'init'))) await wait(10);
    controller.abort();
    assert.equal(await starting, 'interrupted.aborted');
    const { address } = await startEmbedded(options);
    assert.deepEqual(await ask(address, 'SELECT 1 AS a'), [{ a: 1 }]);
  }));

const isRoot = process.platform !== 'win32' && userInfo().uid === 0;

test(
  'as root the server runs under another user, also below a folder that only root may enter',
  { skip: !isRoot },
  () =>
    withServerFolder(async (options) => {
      const { address, pid, folder } = await startEmbedded(options);
      const owner = statSync(`/proc/${pid}`).uid;
      assert.notEqual(owner, 0);
      assert.equal(statSync(join(folder, 'data')).uid, owner);
      assert.notEqual(await capabilitiesOf(pid), 0n);
      assert.deepEqual(await ask(address, 'SELECT 1 AS a'), [{ a: 1 }]);
    }),
);

test('as root below folders that anyone may enter the server has no capability', { skip: !isRoot }, () =>
  withServerFolder(async (options) => {
    const { pid } = await startEmbedded(options);
    assert.notEqual(statSync(`/proc/${pid}`).uid, 0);
    assert.equal(await capabilitiesOf(pid), 0n);
  }, 0o755),
);

test('as root the programs may lie below a folder that only root may enter', { skip: !isRoot }, () =>
  withFolder(async (closed) => {
    const real = await findBinaries();
    symlinkSync(dirname(dirname(real.initdb)), join(closed, 'native'));
    const bin = join(closed, 'native', 'bin');
    const binaries = { initdb: join(bin, 'initdb'), pgCtl: join(bin, 'pg_ctl'), postgres: join(bin, 'postgres') };
    await withFolder(async (folder) => {
      const user = await chooseUser();
      assert.ok(user !== null);
      chownSync(folder, user.uid, user.gid);
      const run = await chooseRunner(folder, user, binaries);
      const made = await run(binaries.initdb, ['-D', 'data', '--auth=trust', '--no-sync']);
      assert.equal(made.exitCode, 0, made.stderr);
      assert.equal(statSync(join(folder, 'data')).uid, user.uid);
    });
  }),
);

/** CapEff of a process; 0 for one without any capability. */
async function capabilitiesOf(pid: number): Promise<bigint> {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return BigInt(`0x${line?.[1]}`);
}

/** Starts from a process of its own, and gives back what it was told. */
async function startInProcess(folder: string): Promise<{ pid: number; wasRunning: boolean }> {
  const module = new URL('../../../src/target/embedded/embedded.js', import.meta.url).href;
  const code = `import(${JSON.stringify(module)})
    .then((m) => m.startEmbedded({ folder: process.argv[1] }))
    .then(({ pid, wasRunning }) => console.log(JSON.stringify({ pid, wasRunning })))`;
  const child = spawn(process.execPath, ['-e', code, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (piece: Buffer) => {
    text += piece.toString();
  });
  await once(child, 'close');
  return JSON.parse(text) as { pid: number; wasRunning: boolean };
}
