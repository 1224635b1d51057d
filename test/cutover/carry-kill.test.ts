import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { Database } from '../../src/source/sqlite.js';
import { runCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, envAfter, envBefore, makeSmallApp, runFor, statusOf, writeToSqlite } from '../support/journey.js';
import { planted } from '../support/runs.js';
import { isFull } from '../support/run-count.js';

/*
 * kill -9 between any two steps of a rollback that brings rows back. Whichever database takes a write after that, it is in
 * SQLite in the end, or the rollback refuses to choose between the two.
 */

type Writer = 'nobody' | 'postgres' | 'sqlite' | 'both';

/** Kills the rollback right after its n-th note in the ledger; how many notes there were until then. */
async function rollBackUntil(app: App, at: 'kill' | 'count', when: number) {
  const counter = join(app.folder, `notes-${when}`);
  const fault = planted({ at, when, text: 'pgferry.cutover', where: 'main', counter });
  const ended = await runCommand(['rollback'], { cwd: app.folder, env: { ...app.env, ...fault } });
  return { ended, moments: existsSync(counter) ? statSync(counter).size : 0 };
}

const journals = [[], ['--reverse-journal']] as const;

async function withMoved(args: readonly string[], use: (app: App, client: pg.Client) => Promise<void>): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = makeSmallApp(folder, url);
      const { exitCode, stderr } = await runFor(app, 'cutover', { args });
      assert.equal(exitCode, 0, stderr);
      await client.query(`INSERT INTO child VALUES (60, 1, 'after the switch'); DELETE FROM child WHERE id = 2`);
      await use(app, client);
    }),
  );
}

async function writeToPostgres(client: pg.Client, id: number): Promise<boolean> {
  try {
    await client.query(`INSERT INTO child VALUES ($1, 1, 'written meanwhile')`, [id]);
    return true;
  } catch (error) {
    assert.match((error as Error).message, /left for SQLite by pgferry/);
    return false;
  }
}

function idsOnSqlite(app: App): number[] {
  const db = new Database(app.source, { readonly: true });
  try {
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
    return db.prepare<[], number>('SELECT id FROM child ORDER BY id').pluck().all();
  } finally {
    db.close();
  }
}

async function checkKilled(when: number, writer: Writer, args: readonly string[]): Promise<void> {
  await withMoved(args, async (app, client) => {
    const { ended } = await rollBackUntil(app, 'kill', when);
    assert.equal(ended.signal, 'SIGKILL', ended.stderr);
    const env = readFileSync(app.envPath, 'utf8');
    assert.ok(env === envBefore || env === envAfter);
    const expected = [1, 3, 60];
    const isOnPostgres = (writer === 'postgres' || writer === 'both') && (await writeToPostgres(client, 61));
    const isOnSqlite = (writer === 'sqlite' || writer === 'both') && writeToSqlite(app, 70);
    if (isOnPostgres) expected.push(61);
    if (isOnSqlite) expected.push(70);
    const again = await runFor(app, 'rollback');
    if (isOnPostgres && isOnSqlite) {
      assert.equal(again.json.error?.code, 'rollback.source_writes', again.stderr);
      assert.equal(readFileSync(app.envPath, 'utf8'), env);
      assert.deepEqual(idsOnSqlite(app), [1, 3, 60, 70]);
      const chosen = await runFor(app, 'rollback', { args: ['--source-writes', 'discard'] });
      assert.equal(chosen.exitCode, 0, chosen.stderr);
      expected.pop();
    } else if (again.exitCode !== 0) assert.equal(again.json.error?.code, 'rollback.nothing', again.stderr);
    assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
    assert.deepEqual(idsOnSqlite(app), expected);
    assert.equal((await statusOf(app))?.state, 'rolled_back');
    assert.equal(await writeToPostgres(client, 62), false);
    assert.equal(writeToSqlite(app, 71), true);
    const { folder } = app;
    const left = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /carried|\.pgferry/.test(name),
    );
    assert.deepEqual(left, [], 'nothing that was made beside is left');
  });
}

const writers: readonly Writer[] = ['postgres', 'sqlite', 'both', 'nobody'];

test('a rollback that is killed between two steps loses no write of either world', {
  timeout: 1_800_000,
}, async (t) => {
  let moments = 0;
  await withMoved([], async (app) => {
    const { ended, moments: counted } = await rollBackUntil(app, 'count', 0);
    assert.equal(ended.exitCode, 0, ended.stderr);
    moments = counted;
  });
  assert.ok(moments > 8, `${moments} notes`);
  // In the usual set every other note, with each writer in turn, and each writer with and without a journal.
  for (let when = 1; when <= moments; when += isFull ? 1 : 2) {
    const turn = (when - 1) / 2;
    const chosen = isFull ? writers : writers.slice(turn % writers.length).slice(0, 1);
    for (const writer of chosen) {
      const ways = isFull ? journals : journals.slice((turn + Math.floor(turn / writers.length)) % 2).slice(0, 1);
      for (const args of ways)
        await t.test(`note ${when}, ${writer} writes ${args.join(' ')}`, () => checkKilled(when, writer, args));
    }
  }
});
