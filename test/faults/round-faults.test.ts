import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, mkdirSync, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import { runJson } from '../support/command.js';
import { withCrashCluster } from '../support/crash-cluster.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { type FollowWorld, inFollowWorld } from '../support/follow-world.js';
import { isFull } from '../support/run-count.js';
import { createDraw, startUntilStopped } from '../support/runs.js';

/* What happens to others in the middle of a round: the server, the disk, the pages of the source. */

const sourceSql = `
  CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE item (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL REFERENCES owner (id), note TEXT);
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO owner SELECT i, 'owner ' || i FROM n;
  INSERT INTO item SELECT id, 1 + id % 50, hex(zeroblob(id % 90)) FROM owner;`;

const changeSql = (i: number) =>
  `UPDATE owner SET name = name || '+' WHERE id % 11 = ${i % 11}; DELETE FROM item WHERE id = ${300 + i};
   INSERT INTO item VALUES (${5000 + i}, 1, 'n')`;

async function contentOf({ client }: Pick<FollowWorld, 'client'>): Promise<unknown> {
  const { rows } = await client.query(
    `SELECT (SELECT md5(string_agg(o::text, ';' ORDER BY id)) FROM owner o) AS owner,
            (SELECT md5(string_agg(i::text, ';' ORDER BY id)) FROM item i) AS item,
            (SELECT count(*) FROM pgferry.round) AS rounds`,
  );
  return rows[0];
}

/** What a round says to the server in its transaction, from beginning to end. */
const moments = [
  'pgferry_old_0',
  'LOCK TABLE',
  'UPDATE "public"."owner"',
  'INSERT INTO "public"."item"',
  'INSERT INTO pgferry.round',
  'COMMIT',
];

test('a round whose sessions are ended by the server is there or is not, and the next goes on', async (context) => {
  const { seed, below } = createDraw();
  context.diagnostic(`seed ${seed}`);
  await inFollowWorld({ sourceSql }, async (world) => {
    const { client, folder, change, run, sides, assertSame } = world;
    const wanted = isFull ? moments : [moments[below(moments.length - 1)] ?? 'LOCK TABLE', 'COMMIT'];
    for (const [i, text] of wanted.entries()) {
      change(changeSql(i));
      const before = await contentOf(world);
      const place = makeFolder(folder, `moment-${i}`);
      const args = ['follow', ...sides, '--workers', '1', '--json'];
      const { child, ended } = await startUntilStopped(args, { folder: place, when: 1, text, where: 'threads' });
      await client.query(
        `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name LIKE 'pgferry%'`,
      );
      child.kill('SIGCONT');
      const lost = await ended;
      assert.equal(lost.exitCode, 22, `${text}: ${lost.stderr}`);
      assert.match(lost.stderr, /run (the same command )?again|once the reason is mended/);
      if (text !== 'COMMIT') assert.deepEqual(await contentOf(world), before, `${text}: nothing of the round is there`);
      const next = await run('follow');
      assert.equal(next.exitCode, 0, `${text}: ${next.stderr}`);
      await assertSame();
    }
  });
});

test('a round whose server crashes is not there, and the next goes on', async () => {
  await withCrashCluster((cluster) =>
    withFolder(async (folder) => {
      const source = makeSqlite(folder, sourceSql);
      const sides = ['--source', source, '--target', cluster.url, '--workers', '1'];
      assert.equal((await runJson(['migrate', ...sides], { cwd: folder })).exitCode, 0);
      const db = new Database(source);
      db.exec(changeSql(1));
      db.close();
      const before = await cluster.withClient((client) => contentOf({ client }));
      const at = {
        folder: makeFolder(folder, 'moment'),
        when: 1,
        text: 'INSERT INTO pgferry.round',
        where: 'threads',
      } as const;
      const { child, ended } = await startUntilStopped(['follow', ...sides], at);
      await cluster.crash();
      child.kill('SIGCONT');
      const lost = await ended;
      assert.equal(lost.exitCode, 22, lost.stderr);
      await cluster.start();
      assert.deepEqual(await cluster.withClient((client) => contentOf({ client })), before);
      for (const command of ['follow', 'verify']) {
        const next = await runJson([command, ...sides], { cwd: folder });
        assert.equal(next.exitCode, 0, next.stderr);
      }
    }),
  );
});

const inject = ['-e', 'trace=pwrite64', '-e', 'inject=pwrite64:error=ENOSPC:when=3+'];
const noInjection =
  spawnSync('strace', ['-f', '-o', '/dev/null', ...inject, 'true'], { stdio: 'ignore' }).status !== 0 &&
  'SKIPPED, NOT TESTED: strace with injection does not work here';

test('a disk that becomes full under the snapshot of a round stops it, and leaves nothing on it', {
  skip: noInjection,
}, async () => {
  await inFollowWorld({ sourceSql }, async (world) => {
    const { folder, change, run, sides, assertSame } = world;
    change(changeSql(1));
    const before = await contentOf(world);
    const runFolder = runFolderOf(folder);
    const held = readdirSync(runFolder).sort();
    const through = ['strace', '-f', '-qq', '-o', '/dev/null', '-P', join(runFolder, 'follow-0001.db'), ...inject];
    const full = await runJson(['follow', ...sides], { cwd: folder, through });
    assert.deepEqual([full.exitCode, full.json.error?.code], [21, 'source.no_space'], full.stderr);
    assert.match(full.json.error?.message ?? '', /follow-0001\.db/);
    assert.match(full.json.error?.hint ?? '', /space|disk/);
    assert.deepEqual(readdirSync(runFolder).sort(), held);
    assert.deepEqual(await contentOf(world), before);
    assert.equal((await run('follow')).exitCode, 0);
    await assertSame();
  });
});

test('a page of the source that is damaged between rounds is named, and nothing of the round arrives', async () => {
  await inFollowWorld({ sourceSql }, async (world) => {
    const { folder, source, change, run, assertSame } = world;
    change(changeSql(1));
    const before = await contentOf(world);
    const sound = join(folder, 'sound.db');
    copyFileSync(source, sound);
    damageLeaf(source);
    const damaged = await run('follow');
    assert.deepEqual([damaged.exitCode, damaged.error?.code], [23, 'data.damaged_page'], damaged.stderr);
    assert.match(damaged.error?.message ?? '', /item.*page \d+|page \d+.*item/);
    assert.deepEqual(await contentOf(world), before);
    copyFileSync(sound, source);
    const next = await run('follow');
    assert.equal(next.exitCode, 0, next.stderr);
    await assertSame();
  });
});

/** Overwrites the head of a leaf of `item`: a type that no page has (SQLite file format, 1.6). */
function damageLeaf(path: string): void {
  const db = new Database(path, { readonly: true });
  const leaves = db
    .prepare(`SELECT pageno FROM dbstat WHERE name = 'item' AND pagetype = 'leaf' ORDER BY pageno`)
    .pluck()
    .all() as number[];
  const pageSize = Number(db.pragma('page_size', { simple: true }));
  db.close();
  const leaf = leaves[Math.floor(leaves.length / 2)];
  assert.ok(leaf !== undefined);
  const file = openSync(path, 'r+');
  writeSync(file, new Uint8Array([0x77]), 0, 1, (leaf - 1) * pageSize);
  closeSync(file);
}

function runFolderOf(folder: string): string {
  const runs = join(folder, '.db-migration-backups');
  return join(runs, readdirSync(runs).find((name) => name !== '.gitignore') ?? '');
}

function makeFolder(parent: string, name: string): string {
  const path = join(parent, name);
  mkdirSync(path);
  return path;
}
