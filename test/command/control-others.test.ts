import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { Database } from '../../src/source/sqlite.js';
import { runCommand, startCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { inFollowWorld } from '../support/follow-world.js';
import { envAfter, envBefore, makeSmallApp } from '../support/journey.js';
import { type ProxiedPair, type ProxyRules, withProxy } from '../support/proxy.js';
import { until } from '../support/runs.js';

/* What is ordered of live cutovers and of rounds, how a run gives way to a busy server, and how it is watched. */

const rowsSql = `
  CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
  INSERT INTO t SELECT i, 'name ' || i FROM n;`;

/** A command at work, with what it has said so far. */
function start(args: readonly string[], options: Parameters<typeof startCommand>[1]) {
  const { child, ended } = startCommand(args, options);
  let said = '';
  child.stderr?.on('data', (text: string) => {
    said += text;
  });
  const saying = (words: RegExp) =>
    until(`it says ${words}`, () => {
      if (child.exitCode !== null) assert.match(said, words, 'it ended before that');
      return words.test(said);
    });
  return { ended, saying, said: () => said };
}

/** The sockets of the runs below the folder. */
function socketsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('control.sock'))
    .map((name) => join(folder, name));
}

const hasSocket = (folder: string) => until('a run listens', () => socketsIn(folder).length > 0);

test('the switch of a live cutover waits while it is postponed, rounds go on, and switch-now lets it come', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = makeSmallApp(folder, url, { CUTOVER_LIVE: '1', CUTOVER_DOWNTIME_MAX: '600s' });
      const write = (sql: string) => {
        const db = new Database(app.source);
        db.exec(sql);
        db.close();
      };
      // A load of some seconds, so that the order is there before the switch.
      write(`WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
        INSERT INTO parent SELECT i, 'row ' || i FROM n`);
      const env = { ...app.env, CUTOVER_CONFIRM: confirmation };
      const control = (word: string) => runCommand(['control', word], { cwd: folder });
      const running = start(['cutover', '--max-rows-per-second', '40'], { cwd: folder, env });
      await hasSocket(folder);
      const postponed = await control('postpone-switch');
      assert.equal(postponed.exitCode, 0, postponed.stderr);
      assert.match(postponed.stdout, /switch postponed/);
      await running.saying(/the switch is postponed: rounds go on/);
      assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
      write(`INSERT INTO child VALUES (77, 1, 'written while it is postponed')`);
      const arrived = async () => (await client.query('SELECT 1 FROM child WHERE id = 77')).rowCount === 1;
      await until('a round brings what was written', arrived);
      assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
      write(`INSERT INTO child VALUES (78, 1, 'writers are not held')`);
      assert.match((await control('switch-now')).stdout, /the switch comes after the next round/);
      const { exitCode, stderr } = await running.ended;
      assert.equal(exitCode, 0, stderr);
      assert.equal(readFileSync(app.envPath, 'utf8'), envAfter);
      assert.equal((await client.query('SELECT 1 FROM child WHERE id IN (77, 78)')).rowCount, 2);
    }),
  );
});

test('rounds of follow are paused, go on, and are stopped at the edge of one', async () => {
  const sourceSql = `CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a');`;
  await inFollowWorld({ sourceSql }, async ({ folder, sides, client, change, assertSame }) => {
    const control = (...words: string[]) => runCommand(['control', ...words], { cwd: folder });
    const has = async (id: number) => (await client.query('SELECT 1 FROM t WHERE id = $1', [id])).rowCount === 1;
    const running = start(['follow', ...sides, '--workers', '2', '--every', '1'], { cwd: folder });
    await running.saying(/round 1: /);
    const paused = await control('pause');
    assert.equal(paused.exitCode, 0, paused.stderr);
    assert.match(paused.stdout, /follow in .*: paused/);
    assert.equal((await control('switch-now')).exitCode, 2, 'it switches nothing');
    // Rounds come every second. The one that was at work then may still bring the first row, and none the second.
    change(`INSERT INTO t VALUES (2, 'while it is paused')`);
    await wait(3000);
    const last = (await has(2)) ? 3 : 2;
    if (last === 3) {
      change(`INSERT INTO t VALUES (3, 'after the round that was at work')`);
      await wait(3000);
    }
    assert.equal(await has(last), false);
    assert.match((await control('resume')).stdout, /going on/);
    await until('a round brings what was written', () => has(last));
    assert.match((await control('stop')).stdout, /stopping/);
    const { exitCode, stderr } = await running.ended;
    assert.equal(exitCode, 130, stderr);
    assert.match(stderr, /stopped at the edge of a round/);
    assert.deepEqual(socketsIn(folder), []);
    await assertSame();
  });
});

/** A server whose commits of the watching session take their time, once asked for. */
function slowCommits() {
  const committing = new Set<ProxiedPair>();
  const heldMs = 3000;
  let isSlow = false;
  let looks = 0;
  const rules: ProxyRules = {
    onSend: (pair, bytes) => {
      if (bytes.includes('pg_logical_emit_message')) {
        looks++;
        if (isSlow) committing.add(pair);
      }
      return true;
    },
    onAnswer: (pair, bytes) => {
      if (!committing.delete(pair)) return true;
      setTimeout(() => pair.client.write(bytes), heldMs);
      return false;
    },
  };
  const slow = (on: boolean) => {
    isSlow = on;
  };
  return { rules, looks: () => looks, slow };
}

test('--adaptive has fewer chunks in work while commits are slow or others keep the server busy, and more when it is calm again', async () => {
  const commits = slowCommits();
  await withFolder((folder) =>
    withDatabase((url, client) =>
      withProxy(url, commits.rules, async (proxy) => {
        const source = makeSqlite(folder, rowsSql);
        const at = ['--source', source, '--target', proxy.url, '--workers', '8', '--connections', '8'];
        const slowly = ['--max-rows-per-second', '500', '--block-bytes', '4096'];
        const running = start(['migrate', ...at, ...slowly, '--adaptive'], { cwd: folder });
        await until('it knows what is usual', () => Promise.resolve(commits.looks() >= 4));
        commits.slow(true);
        await running.saying(/adaptive: \d at a time, since a commit takes \d+ ms, usually [\d.]+ ms/);
        commits.slow(false);
        await running.saying(/adaptive: [4-8] at a time, since the server is calm/);
        // On a busy machine a commit may be slow by itself: there is room for that before the least is reached.
        const connectionString = url;
        const others = Array.from({ length: 30 }, () => new pg.Client({ connectionString, application_name: 'app' }));
        // They are ended by the server below.
        for (const other of others) other.on('error', () => {});
        await Promise.all(others.map((other) => other.connect()));
        const asleep = others.map((other) => other.query('SELECT pg_sleep(600)').catch(() => undefined));
        try {
          await running.saying(/adaptive: \d at a time, since others run \d+ statements, usually \d+/);
        } finally {
          await client.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND application_name = 'app'`,
          );
          await Promise.all(asleep);
          await Promise.all(others.map((other) => other.end().catch(() => undefined)));
        }
        await running.saying(/since others run[\s\S]*adaptive: \d at a time, since the server is calm/);
        assert.equal((await runCommand(['control', 'stop'], { cwd: folder })).exitCode, 0);
        assert.equal((await running.ended).exitCode, 130);
      }),
    ),
  );
});

test('status --watch shows a run until it ends, by its socket or, where there is none, by the ledger', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const at = ['--source', makeSqlite(folder, rowsSql), '--target', url];
      const running = start(['migrate', ...at, '--max-rows-per-second', '3000', '--block-bytes', '4096'], {
        cwd: folder,
      });
      await running.saying(/· copying/);
      const watchArgs = ['status', ...at, '--watch', '--progress', 'json'];
      const near = start(watchArgs, { cwd: folder });
      const progress = /"copy"[^\n]*"unit":"rows"[^\n]*"total":60000/;
      await near.saying(progress);
      for (const socket of socketsIn(folder)) rmSync(socket);
      const far = start(watchArgs, { cwd: folder });
      await far.saying(progress);
      assert.equal((await running.ended).exitCode, 0);
      for (const watcher of [near, far]) {
        const { exitCode, stdout, stderr } = await watcher.ended;
        assert.equal(exitCode, 0, stderr);
        assert.match(stdout, /complete/);
      }
    }),
  );
});
