import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { cli, runJson, startCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import {
  assertNoBackends,
  assertWhole,
  committedChunks,
  isCopying,
  makeFaultSource,
  migrateArgs,
  runState,
  startUntilStopped,
  undisturbed,
  untilWhile,
} from '../support/runs.js';

interface Scene {
  readonly folder: string;
  readonly url: string;
  readonly client: pg.Client;
  readonly source: string;
}

async function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withFolder((folder) =>
    withDatabase((url, client) => use({ folder, url, client, source: makeFaultSource(folder).path })),
  );
}

/** Waits until the process has said so on stderr. */
async function untilSaid(child: ChildProcess, words: string): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (text: string) => {
      said += text;
      if (said.includes(words)) resolve();
    });
    child.once('close', () => reject(new Error(`it ended without these words: ${words}`)));
  });
}

/** A chunk takes far longer than the five seconds that it is given after a signal. */
const crawling = ['--workers', '1', '--max-rows-per-second', '20'];

for (const { signal, code } of [
  { signal: 'SIGINT', code: 130 },
  { signal: 'SIGTERM', code: 143 },
] as const) {
  test(`one ${signal} stops the run at the edge of a chunk with exit ${code}, and the same command goes on`, async () => {
    await withScene(async ({ folder, url, client, source }) => {
      const args = migrateArgs(source, url);
      const options = { cwd: folder };
      const { child, ended } = await startUntilStopped(args, { folder, when: 3, text: 'COMMIT', where: 'threads' });
      child.kill(signal);
      child.kill('SIGCONT');
      const { exitCode, stderr } = await ended;
      assert.equal(exitCode, code, stderr);
      assert.match(stderr, /stopping at the edge of a chunk/);
      assert.match(stderr, /run the same command again: finished chunks are not sent/);
      assert.equal(await runState(client), 'copying');
      await assertNoBackends(client);
      const before = await committedChunks(client);
      const again = await runJson(args, options);
      assert.ok(before.length >= 2 && again.json.chunksCopied > 0, `stopped after ${before.length} chunks`);
      assert.equal(again.json.chunksResumed, before.length);
      await assertWhole(again, client, await undisturbed());
    });
  });
}

test('a chunk that does not reach its edge soon after Ctrl-C is rolled back', async () => {
  await withScene(async ({ folder, url, client, source }) => {
    const started = startCommand([...migrateArgs(source, url), ...crawling], { cwd: folder });
    await untilWhile(started, 'rows are being copied', () => isCopying(client));
    started.child.kill('SIGINT');
    const { exitCode, stderr } = await started.ended;
    assert.equal(exitCode, 130, stderr);
    assert.match(stderr, /rolled back/);
    await assertNoBackends(client);
  });
});

test('a second Ctrl-C ends the process at once, and the run can go on', async () => {
  await withScene(async ({ folder, url, client, source }) => {
    const args = migrateArgs(source, url);
    const options = { cwd: folder };
    const started = startCommand([...args, ...crawling], options);
    const { child, ended } = started;
    await untilWhile(started, 'rows are being copied', () => isCopying(client));
    const heard = untilSaid(child, 'stopping at the edge of a chunk');
    child.kill('SIGINT');
    await heard;
    child.kill('SIGINT');
    const { exitCode, stderr } = await ended;
    assert.equal(exitCode, 130);
    // An end in good order would say what became of the chunk.
    assert.doesNotMatch(stderr, /\[interrupted\./);
    await assertNoBackends(client);
    const again = await runJson(args, options);
    assert.equal(again.exitCode, 0, again.stderr);
  });
});

test('a reader that closes the pipe early, as head does, does not end the run', async () => {
  await withScene(async ({ folder, url, client, source }) => {
    const quoted = [process.execPath, cli, ...migrateArgs(source, url)].map((word) => `'${word}'`).join(' ');
    const codeFile = join(folder, 'code');
    const script = `{ ${quoted}; echo $? > '${codeFile}'; } 2>&1 | head -1`;
    const shell = spawn('sh', ['-c', script], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    let seen = '';
    shell.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
    });
    await new Promise((resolve) => shell.once('close', resolve));
    assert.equal(readFileSync(codeFile, 'utf8').trim(), '0');
    assert.equal(seen.trim().split('\n').length, 1);
    assert.equal(await runState(client), 'complete');
  });
});
