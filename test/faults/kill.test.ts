import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { runCommand, runJson, startCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import {
  assertWhole,
  committedChunks,
  createDraw,
  makeFaultSource,
  migrateArgs,
  type Picture,
  planted,
  runState,
  undisturbed,
  until,
} from '../support/runs.js';
import { isFull } from '../support/run-count.js';

/*
 * kill -9 of the whole process, then the same command again. The moments: after the n-th message to Postgres, so that
 * every statement of a run is one (its answer is never seen); before a file is flushed; when a number of chunks is there.
 */

interface Killing {
  readonly folder: string;
  readonly url: string;
  readonly client: pg.Client;
  readonly args: readonly string[];
}

/** The same command again must end the run, and send no chunk a second time that was committed before. */
async function assertResumes({ folder, client, args }: Killing, expected: Picture, why: string): Promise<void> {
  const state = await runState(client);
  const youngest = await youngestRun(client);
  const before = (await committedChunks(client)).filter(({ run }) => run === youngest);
  const isUnfinished = state !== null && state !== 'complete';
  const again = await runJson(args, { cwd: folder });
  try {
    await assertWhole(again, client, expected);
    assert.equal(again.json.chunksResumed, isUnfinished ? before.length : 0);
    const chunks = (await committedChunks(client)).filter(({ run }) => run === again.json.runId);
    assert.equal(again.json.chunksCopied, chunks.length - again.json.chunksResumed);
    const after = new Map(chunks.map((chunk) => [`${chunk.run} ${chunk.chunk}`, chunk.at]));
    for (const chunk of isUnfinished ? before : [])
      assert.equal(after.get(`${chunk.run} ${chunk.chunk}`), chunk.at, chunk.chunk);
  } catch (error) {
    throw new Error(`${why}, ${before.length} chunks committed, state ${state}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function youngestRun(client: pg.Client): Promise<string | null> {
  const { rows: found } = await client.query(`SELECT to_regclass('pgferry.run') IS NOT NULL AS is`);
  if (found[0]?.is !== true) return null;
  const { rows } = await client.query('SELECT run_id FROM pgferry.run ORDER BY number DESC LIMIT 1');
  return rows[0]?.run_id ?? null;
}

/** A fresh database for each killing, since a finished run would be replaced otherwise. */
async function withKilling(source: string, folder: string, use: (killing: Killing) => Promise<void>): Promise<void> {
  await withDatabase((url, client) => use({ folder, url, client, args: migrateArgs(source, url) }));
}

let counted: Promise<number> | null = null;

/** How many messages an undisturbed run sends on a source of 4000 rows; counted once. */
function countMessages(): Promise<number> {
  counted ??= withFolder(async (folder) => {
    const counter = join(folder, 'count');
    await withKilling(makeFaultSource(folder, { rows: 4000 }).path, folder, async ({ args }) => {
      const env = planted({ at: 'count', when: 0, where: 'any', counter });
      const { exitCode, stderr } = await runCommand(args, { cwd: folder, env });
      assert.equal(exitCode, 0, stderr);
    });
    return statSync(counter).size;
  });
  return counted;
}

test('killed after any message to Postgres, a run goes on where it was and comes out the same', async (context) => {
  const draw = createDraw();
  context.diagnostic(`PGFERRY_SEED=${draw.seed}`);
  await withFolder(async (folder) => {
    const { path } = makeFaultSource(folder, { rows: 4000 });
    const expected = await undisturbed(4000);
    const total = await countMessages();
    assert.ok(total > 100, `${total} messages`);
    const kills = isFull ? total : 4;
    for (let index = 0; index < kills; index++) {
      const low = Math.floor((index * total) / kills);
      const when = low + 1 + draw.below(Math.max(1, Math.floor(total / kills)));
      await withKilling(path, folder, async (killing) => {
        const counter = join(folder, `counter-${index}`);
        const env = planted({ at: 'kill', when, where: 'any', counter });
        const killed = await runCommand(killing.args, { cwd: folder, env });
        // Two attempts never send exactly the same messages, so the last moment may lie beyond the end.
        if (killed.exitCode !== 0) assert.equal(killed.signal, 'SIGKILL', killed.stderr);
        await assertResumes(killing, expected, `killed after message ${when} of ${total}`);
      });
    }
  });
});

/** One statement of each phase around the copy, by words that no other statement has. */
const phases = [
  'DROP CONSTRAINT',
  'USING btree',
  'USING INDEX',
  'NOT VALID',
  'VALIDATE CONSTRAINT',
  'setval',
  'ANALYZE',
  'INSERT INTO pgferry.loaded',
];
for (const text of isFull ? phases : phases.filter((_, index) => index % 3 === 0 || index === 1)) {
  test(`killed right after it sent ${text}, a run goes on and all objects come back`, async () => {
    await withFolder(async (folder) => {
      const { path } = makeFaultSource(folder, { rows: 4000 });
      await withKilling(path, folder, async (killing) => {
        const counter = join(folder, 'counter');
        const env = planted({ at: 'kill', when: 1, text, where: 'main', counter });
        const killed = await runCommand(killing.args, { cwd: folder, env });
        assert.equal(killed.signal, 'SIGKILL', killed.stderr);
        await assertResumes(killing, await undisturbed(4000), `killed after ${text}`);
      });
    });
  });
}

test('killed when a number of chunks is committed, a run sends none of these again', async () => {
  await withFolder(async (folder) => {
    const { path } = makeFaultSource(folder);
    const expected = await undisturbed();
    for (const count of isFull ? [1, 2, 3, 5, 8, 12, 15] : [1, 9]) {
      await withKilling(path, folder, async (killing) => {
        const counter = join(folder, `commits-${count}`);
        const env = planted({ at: 'kill', when: count + 1, text: 'COMMIT', where: 'threads', counter });
        const killed = await runCommand(killing.args, { cwd: folder, env });
        assert.equal(killed.signal, 'SIGKILL', killed.stderr);
        await assertResumes(killing, expected, `killed after ${count} chunks`);
      });
    }
  });
});

test('killed again and again, wherever it is, a run still comes to its end', async (context) => {
  const draw = createDraw();
  context.diagnostic(`PGFERRY_SEED=${draw.seed}`);
  await withFolder(async (folder) => {
    const { path } = makeFaultSource(folder, { rows: 4000 });
    const expected = await undisturbed(4000);
    const total = await countMessages();
    for (let round = 0; round < (isFull ? 20 : 1); round++) {
      await withKilling(path, folder, async (killing) => {
        const kills = 4;
        for (let kill = 0; kill < kills; kill++) {
          const counter = join(folder, `counter-${round}-${kill}`);
          const isAtFile = draw.below(4) === 0;
          const moment = isAtFile
            ? { call: 'fsyncSync' as const, when: 1 + draw.below(6) }
            : { when: 1 + draw.below(total) };
          const env = planted({ at: 'kill', ...moment, where: 'any', counter });
          const { exitCode, signal, stderr } = await runCommand(killing.args, { cwd: folder, env });
          // A later attempt has less to do, so the moment may lie beyond its end.
          if (signal !== 'SIGKILL') assert.equal(exitCode, 0, stderr);
        }
        await assertResumes(killing, expected, `round ${round}`);
        const verified = await runCommand(['verify', ...killing.args.slice(1, 5)], { cwd: folder });
        assert.equal(verified.exitCode, 0, verified.stderr);
      });
    }
  });
});

test('a run that is started again while the server still works for the killed one waits for it to end', async () => {
  await withFolder(async (folder) => {
    const { path } = makeFaultSource(folder, { rows: 900 });
    const expected = await undisturbed(900);
    await withKilling(path, folder, async ({ client, args }) => {
      assert.equal((await runJson(args, { cwd: folder })).exitCode, 0);
      // The second run waits for this table in the middle of a statement, where a backend does not hear its client go.
      await client.query('BEGIN; LOCK TABLE public.item IN ACCESS SHARE MODE');
      const { child, ended } = startCommand(args, { cwd: folder });
      const isWaiting = async () => {
        const { rows } = await client.query(
          `SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'public.item'::regclass
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
        return rows.length > 0;
      };
      await until('the second run waits', isWaiting);
      child.kill('SIGKILL');
      await ended;
      const third = runJson(args, { cwd: folder });
      await until('the killed run has left the server', async () => !(await isWaiting()));
      await client.query('ROLLBACK');
      await assertWhole(await third, client, expected);
    });
  });
});
