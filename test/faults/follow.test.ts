import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommand, startCommand } from '../support/command.js';
import { type FollowWorld, inFollowWorld } from '../support/follow-world.js';
import { isFull } from '../support/run-count.js';
import { createDraw, planted, until } from '../support/runs.js';

const sourceSql = `
  CREATE TABLE owner (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);
  CREATE TABLE item (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL REFERENCES owner (id) ON DELETE CASCADE, note TEXT);
  CREATE TABLE bare (a TEXT, b INTEGER);
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) INSERT INTO owner SELECT i, 'owner ' || i FROM n;
  INSERT INTO item SELECT id, 1 + id % 50, hex(zeroblob(id)) FROM owner;
  INSERT INTO bare SELECT 'a' || id % 7, id % 3 FROM owner;`;

/** Where a round is when it is killed, by what it has just said to the server. */
const moments = [
  'FOR UPDATE',
  'pgferry_old_0',
  'LOCK TABLE',
  'DEFERRABLE',
  'DELETE FROM "public"."bare"',
  'UPDATE "public"."owner"',
  'INSERT INTO "public"."item"',
  'SET CONSTRAINTS ALL IMMEDIATE',
  'INSERT INTO pgferry.round',
  'setval',
  'COMMIT',
];

test('a round that is killed, wherever it is, is there or is not, and the next goes on', async (context) => {
  const { seed, below } = createDraw();
  context.diagnostic(`seed ${seed}`);
  await inFollowWorld({ sourceSql }, async (world) => {
    const wanted = isFull ? moments : [0, 1, 2].map(() => moments[below(moments.length)] ?? 'COMMIT').concat('COMMIT');
    for (const [i, text] of wanted.entries()) {
      await changeAll(world, i);
      const [before, rounds] = [await contentOf(world), await roundsOf(world)];
      const counter = join(world.folder, `counter-${i}`);
      const env = planted({ at: 'kill', when: 1, text, where: 'threads', counter, once: `${counter}-done` });
      const killed = await runCommand(['follow', ...world.sides, '--workers', '1'], { cwd: world.folder, env });
      assert.equal(killed.signal, 'SIGKILL', `${text}: ${killed.stderr}`);
      await assertGone(world);
      const isThere = (await roundsOf(world)) > rounds;
      assert.ok(text === 'COMMIT' || !isThere, text);
      if (!isThere) assert.deepEqual(await contentOf(world), before, `${text}: nothing of the round is there`);
      const next = await world.run('follow');
      assert.equal(next.exitCode, 0, `${text}: ${next.stderr}`);
      assert.equal(next.isQuiet, isThere, text);
      await world.assertSame();
    }
  });
});

async function changeAll({ change }: FollowWorld, i: number): Promise<void> {
  change(`DELETE FROM bare WHERE rowid % 5 = ${i % 5}; INSERT INTO bare VALUES ('new', ${i});
    UPDATE owner SET name = name || '+' WHERE id % 11 = ${i % 11}; DELETE FROM owner WHERE id = ${300 + i};
    INSERT INTO owner (name) VALUES ('more ${i}'); INSERT INTO item VALUES (${1000 + i}, 1, 'n')`);
}

async function contentOf({ client }: FollowWorld): Promise<unknown> {
  const { rows } = await client.query(
    `SELECT (SELECT md5(string_agg(o::text, ';' ORDER BY o::text)) FROM owner o) AS owner,
            (SELECT md5(string_agg(i::text, ';' ORDER BY i::text)) FROM item i) AS item,
            (SELECT md5(string_agg(b::text, ';' ORDER BY b::text)) FROM bare b) AS bare,
            (SELECT count(*) FROM pg_constraint WHERE condeferrable) AS deferrable,
            (SELECT sum(rows) FROM pgferry.chunk) AS noted`,
  );
  return rows;
}

async function roundsOf({ client }: FollowWorld): Promise<number> {
  return (await client.query('SELECT count(*)::int AS rounds FROM pgferry.round')).rows[0]?.rounds ?? 0;
}

async function assertGone({ client }: FollowWorld): Promise<void> {
  await until('all sessions of the killed command have gone', async () => {
    const { rows } = await client.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'pgferry%'`,
    );
    return rows.length === 0;
  });
}

for (const journal of ['WAL', 'DELETE']) {
  test(`rounds beside a writer of a ${journal} database stop at an edge when asked, and lose and double nothing`, async () => {
    await inFollowWorld({ sourceSql: `PRAGMA journal_mode = ${journal}; ${sourceSql}` }, async (world) => {
      const stopFile = join(world.folder, 'stop');
      const writer = spawn(
        process.execPath,
        [fileURLToPath(new URL('./follow-writer.js', import.meta.url)), world.source, stopFile],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      let acknowledged = 0;
      writer.stdout.setEncoding('utf8').on('data', (text: string) => {
        acknowledged += text.length;
      });
      const following = startCommand(['follow', ...world.sides, '--workers', '2', '--every', '1s'], {
        cwd: world.folder,
      });
      await until('three rounds are there', async () => (await roundsOf(world)) >= 3);
      following.child.kill('SIGINT');
      const stopped = await following.ended;
      assert.equal(stopped.exitCode, 130, stopped.stderr);
      writeFileSync(stopFile, '');
      await once(writer, 'exit');
      assert.ok(acknowledged > 0);
      const last = await world.run('follow', '--until-quiet');
      assert.equal(last.exitCode, 0, last.stderr);
      await world.assertSame();
      const { rows } = await world.client.query(`SELECT count(*)::int AS there FROM item WHERE id >= 100000`);
      assert.equal(rows[0]?.there, acknowledged, 'every acknowledged write is there, once');
    });
  });
}
