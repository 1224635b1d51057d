import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import type pg from 'pg';
import { type Ended, runCommand, runJson } from '../support/command.js';
import { type CrashCluster, withCrashCluster } from '../support/crash-cluster.js';
import { withFolder } from '../support/folder.js';
import { type ProxiedPair, withProxy } from '../support/proxy.js';
import {
  assertWhole,
  committedChunks,
  makeFaultSource,
  migrateArgs,
  runState,
  startUntilChunks,
  undisturbed,
  until,
} from '../support/runs.js';
import { isFull } from '../support/run-count.js';

/* What needs a server of the test's own: crashes, frozen backends, passwords. One cluster serves all, one after the other. */

const run = promisify(execFile);
const slow = ['--max-rows-per-second', '10000'];

interface Scene {
  readonly cluster: CrashCluster;
  readonly folder: string;
  readonly source: string;
}

async function afterTurn(act: () => Promise<void>): Promise<void> {
  await turn();
  await act();
}

async function emptied(cluster: CrashCluster): Promise<void> {
  await cluster.withClient(async (client) => {
    await client.query('DROP SCHEMA IF EXISTS pgferry CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  });
}

/** Starts a run and waits until some of its chunks are committed. */
async function startRun({ cluster, folder, source }: Scene, more: readonly string[] = []) {
  return await cluster.withClient(async (client) => {
    const args = [...migrateArgs(source, cluster.url), ...slow, ...more];
    const started = await startUntilChunks(args, { client, count: 3, options: { cwd: folder } });
    return { ...started, before: await committedChunks(client) };
  });
}

async function backendInCopy(client: pg.Client): Promise<number> {
  let pid = 0;
  await until('a backend is in COPY', async () => {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY %' AND state = 'active' AND application_name = 'pgferry copy'`,
    );
    pid = rows[0]?.pid ?? 0;
    return pid !== 0;
  });
  return pid;
}

/** The run was ended by the loss of its lock; the same command ends it, and what was committed is not sent again. */
async function assertGoesOn(
  { cluster, folder, source }: Scene,
  lost: Ended,
  before: Awaited<ReturnType<typeof committedChunks>>,
  state = 'copying',
): Promise<void> {
  assert.equal(lost.exitCode, 22, lost.stderr);
  assert.match(lost.stderr, /connection/);
  assert.match(lost.stderr, /run the same command again/);
  await cluster.withClient(async (client) => {
    assert.equal(await runState(client), state);
    const again = await runJson(migrateArgs(source, cluster.url), { cwd: folder });
    await assertWhole(again, client, await undisturbed());
    assert.ok(again.json.chunksResumed >= before.length);
    const after = new Set((await committedChunks(client)).map(({ chunk, at }) => `${chunk} ${at}`));
    for (const { chunk, at } of before) assert.ok(after.has(`${chunk} ${at}`), `${chunk} was sent again`);
  });
}

test('a server that dies under a run', async (context) => {
  await withCrashCluster((cluster) =>
    withFolder(async (folder) => {
      const scene = { cluster, folder, source: makeFaultSource(folder).path };

      await context.test('after a crash in the middle of the copy the same command goes on', async () => {
        const { ended, before } = await startRun(scene);
        await cluster.crash();
        const lost = await ended;
        await cluster.start();
        await assertGoesOn(scene, lost, before);
      });

      await context.test('while the server is down the run is refused as unreachable, and goes on later', async () => {
        await emptied(cluster);
        const { ended, before } = await startRun(scene);
        await cluster.crash();
        const lost = await ended;
        const refused = await runJson(migrateArgs(scene.source, cluster.url), { cwd: folder });
        assert.equal(refused.exitCode, 22, refused.stderr);
        assert.equal(refused.json.error?.code, 'target.unreachable');
        assert.ok(!refused.stderr.includes(cluster.address.password ?? '?'));
        await cluster.start();
        await assertGoesOn(scene, lost, before);
      });

      await context.test(
        'after kill -9 of one backend, which restarts them all, the same command goes on',
        async () => {
          await emptied(cluster);
          const { ended, before } = await startRun(scene);
          process.kill(await cluster.withClient(backendInCopy), 'SIGKILL');
          const lost = await ended;
          await until('the server has recovered', () => cluster.withClient(async () => true).catch(() => false));
          await assertGoesOn(scene, lost, before);
        },
      );

      for (const words of isFull ? ['USING btree', 'VALIDATE CONSTRAINT'] : ['VALIDATE CONSTRAINT']) {
        await context.test(`after a crash right after ${words} was sent the same command goes on`, async () => {
          await emptied(cluster);
          let crashed: Promise<void> | null = null;
          const onSend = (_pair: ProxiedPair, bytes: Buffer) => {
            if (crashed === null && bytes.includes(words)) crashed = afterTurn(() => cluster.crash());
            return true;
          };
          await withProxy(cluster.url, { onSend }, async (proxy) => {
            const lost = await runCommand(migrateArgs(scene.source, proxy.url), { cwd: folder });
            assert.notEqual(crashed, null);
            await crashed;
            await cluster.start();
            const before = await cluster.withClient(committedChunks);
            const state = await cluster.withClient(runState);
            assert.ok(['copying', 'finishing'].includes(state ?? ''), `${state}`);
            await assertGoesOn(scene, lost, before, state ?? '');
          });
        });
      }

      await context.test('a server that comes back with an older state than it reported is noticed', async () => {
        await emptied(cluster);
        const { child, ended, before } = await startRun(scene);
        child.kill('SIGKILL');
        await ended;
        await cluster.crash();
        const older = join(folder, 'older');
        cpSync(cluster.dataFolder, older, { recursive: true });
        await cluster.start();
        const args = migrateArgs(scene.source, cluster.url);
        assert.equal((await runCommand(args, { cwd: folder })).exitCode, 0);
        await cluster.crash();
        rmSync(cluster.dataFolder, { recursive: true });
        await run('cp', ['-a', older, cluster.dataFolder]);
        await run('chown', ['-R', '--reference', dirname(cluster.dataFolder), cluster.dataFolder]);
        await cluster.start();
        const verified = await runJson(['verify', ...args.slice(1, 5)], { cwd: folder });
        assert.equal(verified.json.error?.code, 'target.run_unfinished', verified.stderr);
        await cluster.withClient(async (client) => {
          assert.ok((await committedChunks(client)).length >= before.length);
          await assertWhole(await runJson(args, { cwd: folder }), client, await undisturbed());
        });
      });

      await context.test(
        'a server that goes down again and again ends each attempt, and the last one completes',
        async () => {
          await emptied(cluster);
          const args = [...migrateArgs(scene.source, cluster.url), ...slow];
          for (let attempt = 1; attempt <= 2; attempt++) {
            const done = (await cluster.withClient(committedChunks)).length;
            const { ended } = await cluster.withClient((client) =>
              startUntilChunks(args, { client, count: done + 2, options: { cwd: folder } }),
            );
            await cluster.crash();
            const lost = await ended;
            assert.equal(lost.exitCode, 22, lost.stderr);
            await cluster.start();
          }
          const again = await runJson(args, { cwd: folder });
          assert.ok(again.json.chunksResumed >= 4);
          await cluster.withClient(async (client) => assertWhole(again, client, await undisturbed()));
        },
      );

      await context.test('a backend that is frozen is given up, and its chunk is sent on another', async () => {
        await emptied(cluster);
        const { child, ended } = await startRun(scene, ['--stall-timeout', '1', '--json']);
        let talk = '';
        child.stderr?.on('data', (text: string) => {
          talk += text;
        });
        const pid = await cluster.withClient(backendInCopy);
        process.kill(pid, 'SIGSTOP');
        try {
          await until('the silence is told', () => /not said a word for 1 s; try 2/.test(talk));
        } finally {
          process.kill(pid, 'SIGCONT');
        }
        const { exitCode, signal, stdout, stderr } = await ended;
        const json = JSON.parse(stdout);
        await cluster.withClient(async (client) =>
          assertWhole({ exitCode, signal, stdout, stderr, json }, client, await undisturbed()),
        );
      });

      await context.test('a wrong password is tried once, and no password is printed', async () => {
        const attempts = () => readFileSync(cluster.logPath, 'utf8').split('password authentication failed').length - 1;
        const before = attempts();
        const url = new URL(cluster.url);
        url.password = 'wrong-canary';
        const refused = await runJson(migrateArgs(scene.source, url.href), { cwd: folder });
        assert.equal(refused.exitCode, 22, refused.stderr);
        assert.equal(refused.json.error?.code, 'target.auth');
        assert.equal(attempts() - before, 1);
        assert.ok(!`${refused.stdout}${refused.stderr}`.includes('canary'));
      });
    }),
  );
});
