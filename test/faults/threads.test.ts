import assert from 'node:assert/strict';
import type { CheckJob } from '../../src/jobs/check-job.js';
import { sharedThread } from '../../src/platform/thread-reads.js';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type pg from 'pg';
import { readCatalog } from '../../src/run/survey/survey.js';
import { withThreads } from '../../src/pool/threads.js';
import { takeSnapshot } from '../../src/source/snapshot/snapshot.js';
import { runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import {
  assertNoBackends,
  assertWhole,
  makeFaultSource,
  migrateArgs,
  type PlantedFault,
  planted,
  undisturbed,
} from '../support/runs.js';
import { isFull } from '../support/run-count.js';

/* What happens within our own process: threads that die, hang or fill their memory, errors that nobody waits for. */

interface Scene {
  readonly folder: string;
  readonly client: pg.Client;
  readonly args: readonly string[];
  /** The environment that plants a fault, at the second COMMIT of the copy threads where nothing else is said. */
  readonly plant: (fault: Partial<PlantedFault> & Pick<PlantedFault, 'at'>) => Record<string, string>;
}

async function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const plant: Scene['plant'] = (fault) =>
        planted({ when: 2, text: 'COMMIT', where: 'threads', counter: join(folder, 'counter'), ...fault });
      await use({ folder, client, args: migrateArgs(makeFaultSource(folder).path, url), plant });
    }),
  );
}

for (const { at, words, more } of [
  { at: 'throw', words: /a worker thread was lost: planted; try 2/, more: [] },
  { at: 'heap', words: /a worker thread was lost: .*memory.*; try 2/, more: [] },
  { at: 'hang', words: /gave no sign of life for 1 s and was ended; try 2/, more: ['--stall-timeout', '1'] },
] as const) {
  test(`a thread that is lost once (${at}) is replaced, and its chunk is sent again`, {
    timeout: 300_000,
  }, async () => {
    await withScene(async ({ folder, client, args, plant }) => {
      const env = plant({ at, once: join(folder, 'once') });
      const ended = await runJson([...args, ...more], { cwd: folder, env });
      assert.match(ended.stderr, words);
      await assertWhole(ended, client, await undisturbed());
    });
  });
}

test('threads that die every time end the run with exit 26, and it goes on when they live', {
  timeout: 300_000,
}, async () => {
  await withScene(async ({ folder, client, args, plant }) => {
    const failed = await runJson(args, { cwd: folder, env: plant({ at: 'throw' }) });
    assert.equal(failed.exitCode, 26, failed.stderr);
    assert.equal(failed.json.error?.code, 'thread.lost');
    assert.match(failed.stderr, /try 5/);
    assert.doesNotMatch(failed.stderr, /try 6/);
    await assertNoBackends(client);
    await assertWhole(await runJson(args, { cwd: folder }), client, await undisturbed());
  });
});

test('an error that nobody waits for ends the command as a bug, never as a difference', async () => {
  await withScene(async ({ folder, client, args, plant }) => {
    const env = plant({ at: 'reject', where: 'main', text: 'BEGIN', when: 1 });
    const ended = await runCommand([...args, '--json'], { cwd: folder, env });
    assert.equal(ended.exitCode, 70, ended.stderr);
    assert.equal(JSON.parse(ended.stdout).error.code, 'bug.unexpected');
    assert.match(ended.stderr, /planted/);
    await assertWhole(await runJson(args, { cwd: folder }), client, await undisturbed());
  });
});

test('threads that are ended in the middle of reading leave the process and the file sound', async () => {
  await withFolder(async (folder) => {
    const { path } = makeFaultSource(folder);
    const snapshotPath = join(folder, 'snapshot.db');
    await takeSnapshot({ sourcePath: path, snapshotPath });
    const { tables } = await readCatalog(snapshotPath);
    const threadsBefore = countThreads();
    const sizeOfFile = statSync(snapshotPath).size;
    const rounds = isFull ? 200 : 10;
    for (let round = 0; round < rounds; round++) {
      const options = { threads: 2, threadData: null, heapMbMax: 64 };
      await withThreads(options, async (threads) => {
        const jobs = tables.map((table) =>
          threads.run('census', { snapshotPath, counts: [{ table, count: { tag: 'columns' } }] }),
        );
        for (const job of jobs) job.catch(() => {});
        // Each round ends the threads when they have read some more of the file.
        await Promise.race([...jobs, untilRead((round / rounds) * 2 * sizeOfFile)]);
      });
    }
    const unchecked = await withThreads({ threads: 1, threadData: null, heapMbMax: 64 }, (threads) =>
      threads.run('check', { path: snapshotPath, thread: sharedThread() } satisfies CheckJob),
    );
    assert.deepEqual(unchecked, [], 'the file is sound');
    // SQLite's backup and the file system may have given libuv's own few threads their start.
    assert.ok(countThreads() <= threadsBefore + 4);
  });
});

/** Waits until this process has read so many bytes more. */
async function untilRead(bytes: number): Promise<void> {
  const before = bytesRead();
  while (bytesRead() - before < bytes) await turn();
}

function bytesRead(): number {
  return Number(/^rchar:\s+(\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}

function countThreads(): number {
  return Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}
