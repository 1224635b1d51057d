import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database, sqlitePackage } from '../../src/source/sqlite.js';
import type pg from 'pg';
import { type Ended, runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import {
  assertWhole,
  type CommittedChunk,
  committedChunks,
  makeFaultSource,
  migrateArgs,
  planted,
  startUntilChunks,
  undisturbed,
  until,
} from '../support/runs.js';
import { isFull } from '../support/run-count.js';

/* What changes between one attempt and the next: the source, the snapshot, the flags, the rows of the target. */

interface Scene {
  readonly folder: string;
  readonly url: string;
  readonly client: pg.Client;
  readonly source: string;
  readonly args: readonly string[];
  /** What the killed run had committed. */
  readonly before: readonly CommittedChunk[];
  readonly snapshotPath: string;
  readonly runId: string;
}

/** A run that was killed with some of its chunks committed. */
async function withKilledRun(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const { path: source } = makeFaultSource(folder);
      const args = migrateArgs(source, url);
      const slow = [...args, '--max-rows-per-second', '10000'];
      const { child, ended } = await startUntilChunks(slow, { client, count: 4, options: { cwd: folder } });
      child.kill('SIGKILL');
      await ended;
      const before = await committedChunks(client);
      const { rows } = await client.query('SELECT run_id, snapshot_path FROM pgferry.run');
      const { run_id: runId, snapshot_path: snapshotPath } = rows[0];
      await use({ folder, url, client, source, args, before, snapshotPath, runId });
    }),
  );
}

async function states(client: pg.Client): Promise<Record<string, string>> {
  const { rows } = await client.query('SELECT run_id, state FROM pgferry.run');
  return Object.fromEntries(rows.map(({ run_id, state }) => [run_id, state]));
}

async function assertRefused(ended: Ended & { json: { error?: { code: string; message: string } } }, code: string) {
  assert.equal(ended.exitCode, 20, ended.stderr);
  assert.equal(ended.json.error?.code, code);
  return ended.json.error?.message ?? '';
}

test('a source that was replaced between attempts changes nothing: the run keeps to its snapshot and says so', async () => {
  await withKilledRun(async ({ folder, url, client, source, args, before }) => {
    renameSync(source, `${source}.old`);
    makeFaultSource(folder, { rows: 900 });
    const again = await runJson(args, { cwd: folder });
    await assertWhole(again, client, await undisturbed());
    assert.equal(again.json.chunksResumed, before.length);
    assert.match(again.stderr, /going on with run .* on its snapshot of 20/);
    const verified = await runCommand(['verify', '--source', source, '--target', url], { cwd: folder });
    assert.equal(verified.exitCode, 1, 'verify looks at the source as it is now');
  });
});

for (const { what, spoil } of [
  { what: 'was deleted', spoil: (path: string) => rmSync(path) },
  { what: 'has one bit turned', spoil: turnOneBit },
]) {
  test(`a run whose snapshot ${what} is given up and begun anew, and says so`, async () => {
    await withKilledRun(async ({ folder, client, args, snapshotPath, runId }) => {
      spoil(snapshotPath);
      const again = await runJson(args, { cwd: folder });
      await assertWhole(again, client, await undisturbed());
      assert.match(again.stderr, new RegExp(`run ${runId} is given up: its snapshot cannot be used`));
      assert.equal(again.json.chunksResumed, 0);
      assert.notEqual(again.json.runId, runId);
      assert.equal((await states(client))[runId], 'abandoned');
    });
  });
}

function turnOneBit(path: string): void {
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  chmodSync(path, 0o600);
  writeFileSync(path, bytes);
}

test('a run is not given up over rows of somebody else, unless the operator says so', async () => {
  await withKilledRun(async ({ folder, client, args, snapshotPath, before, runId }) => {
    const { rows } = await client.query(
      `SELECT DISTINCT table_name AS name FROM pgferry.chunk WHERE table_name IN ('item', 'tag', 'bare') LIMIT 1`,
    );
    const { name } = rows[0];
    // Others are kept out while the run is unfinished; this one pretends to be a session of the run.
    await client.query(`SET pgferry.run = '${runId}'; INSERT INTO public.${name} SELECT * FROM public.${name} LIMIT 1`);
    const count = async () => (await client.query(`SELECT count(*)::int AS n FROM public.${name}`)).rows[0].n;
    const held = await count();
    rmSync(snapshotPath);
    for (const more of [[], ['--fresh']]) {
      const message = await assertRefused(await runJson([...args, ...more], { cwd: folder }), 'plan.foreign_rows');
      assert.match(message, new RegExp(name));
      assert.equal(await count(), held);
      assert.deepEqual(await committedChunks(client), before);
    }
    const forced = await runJson([...args, '--fresh', '--truncate-target'], { cwd: folder });
    await assertWhole(forced, client, await undisturbed());
    assert.equal((await states(client))[runId], 'abandoned');
  });
});

test('other flags than the first ones are refused by name, and the first ones go on', async () => {
  await withKilledRun(async ({ folder, client, args, before }) => {
    for (const [flags, wanted] of [
      [['--chunk-bytes', '128k'], /--chunk-bytes was 65536, is now 131072/],
      [['--format', 'text'], /--format was binary, is now text/],
      [['--exclude', 'bare'], /--exclude was not given, is now bare/],
      [['--keep-constraints'], /--keep-constraints was false, is now true/],
    ] as const) {
      assert.match(await assertRefused(await runJson([...args, ...flags], { cwd: folder }), 'plan.changed'), wanted);
    }
    const again = await runJson([...args, '--workers', '1', '--connections', '3'], { cwd: folder });
    await assertWhole(again, client, await undisturbed());
    assert.equal(again.json.chunksResumed, before.length);
  });
});

test('another source is refused while a run is unfinished', async () => {
  await withKilledRun(async ({ folder, url, source, client, before }) => {
    const other = join(folder, 'other.db');
    renameSync(source, other);
    const message = await assertRefused(await runJson(migrateArgs(other, url), { cwd: folder }), 'plan.other_source');
    assert.match(message, /app\.db, not of .*other\.db/);
    assert.deepEqual(await committedChunks(client), before);
  });
});

test('a run of another version, or whose plan somebody changed in the ledger, is refused and left as it is', async () => {
  await withKilledRun(async ({ folder, client, args, before }) => {
    const { rows } = await client.query('SELECT tool_version AS version, plan FROM pgferry.run');
    const { version, plan } = rows[0];
    for (const { sql, value, undo, code, wanted } of [
      {
        sql: 'UPDATE pgferry.run SET tool_version = $1',
        value: '0.0.1',
        undo: version,
        code: 'plan.other_version',
        wanted: new RegExp(`begun by pgferry 0\\.0\\.1, this is pgferry ${version}`),
      },
      {
        sql: 'UPDATE pgferry.run SET plan = $1',
        value: plan.replace('"target":"item"', '"target":"bare"'),
        undo: plan,
        code: 'plan.tampered',
        wanted: /is not the one it began with/,
      },
    ]) {
      assert.notEqual(value, undo);
      await client.query(sql, [value]);
      assert.match(await assertRefused(await runJson(args, { cwd: folder }), code), wanted);
      assert.deepEqual(await committedChunks(client), before);
      await client.query(sql, [undo]);
    }
    await assertWhole(await runJson(args, { cwd: folder }), client, await undisturbed());
  });
});

for (const text of isFull
  ? ['TRUNCATE', 'RELEASE', 'COMMIT', 'CREATE INDEX', `state = 'abandoned'`]
  : ['COMMIT', 'CREATE INDEX']) {
  test(`a giving up that is killed after ${text} can be followed by the first command`, async () => {
    for (const more of isFull ? [[], ['--fresh']] : [[]]) {
      await withKilledRun(async ({ folder, client, args }) => {
        const counter = join(folder, 'counter');
        const env = planted({ at: 'kill', when: text === 'COMMIT' ? 2 : 1, text, where: 'main', counter });
        const killed = await runCommand([...args, '--fresh'], { cwd: folder, env });
        assert.equal(killed.signal, 'SIGKILL', killed.stderr);
        await assertWhole(await runJson([...args, ...more], { cwd: folder }), client, await undisturbed());
      });
    }
  });
}

/** Writes one number to two tables in each transaction, and now and then merges the -wal, until it is killed. */
const writerProgram = `
  import Database from 'better-sqlite3';
  const db = new Database(process.argv[2], { timeout: 10000 });
  const step = db.transaction((i) => { for (const t of ['a', 'b']) db.prepare('INSERT INTO ' + t + ' VALUES (?, ?)').run(i, 'x'.repeat(i % 300)); });
  for (let i = db.prepare('SELECT coalesce(max(i), 0) FROM a').pluck().get() + 1; ; i++) {
    step.immediate(i);
    if (i % 200 === 0) db.pragma('wal_checkpoint(' + (i % 400 === 0 ? 'TRUNCATE' : 'RESTART') + ')');
    if (i === 50) process.stdout.write('going');
  }`;

test('an application that writes and checkpoints meanwhile leaves one moment of itself in the target', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = join(folder, 'live.db');
      const db = new Database(source);
      db.exec(
        'PRAGMA journal_mode = WAL; CREATE TABLE a (i INTEGER PRIMARY KEY, x TEXT); CREATE TABLE b (i INTEGER PRIMARY KEY, x TEXT)',
      );
      db.close();
      const program = join(folder, 'writer.mjs');
      const sqlite = import.meta.resolve(sqlitePackage);
      writeFileSync(program, writerProgram.replace("'better-sqlite3'", `'${sqlite}'`));
      const writer = spawn(process.execPath, [program, source], { stdio: ['ignore', 'pipe', 'inherit'] });
      let begun = 0;
      try {
        let isGoing = false;
        writer.stdout.on('data', () => {
          isGoing = true;
        });
        await until('the application writes', () => isGoing);
        begun = lastWritten(source);
        const ended = await runJson(['migrate', '--from-source', '--source', source, '--target', url], { cwd: folder });
        assert.equal(ended.exitCode, 0, ended.stderr);
      } finally {
        writer.kill('SIGKILL');
      }
      const { rows } = await client.query(
        `SELECT count(*)::int AS n, max(i)::int AS last, (SELECT count(*)::int FROM public.b) AS others,
                (SELECT max(i)::int FROM public.b) AS "otherLast" FROM public.a`,
      );
      const { n, last, others, otherLast } = rows[0];
      assert.ok(begun >= 50 && n >= begun, `${n} rows, ${begun} were there before`);
      assert.deepEqual([last, others, otherLast], [n, n, n]);
    }),
  );
});

function lastWritten(path: string): number {
  const db = new Database(path, { readonly: true });
  try {
    return Number(db.prepare('SELECT max(i) FROM b').pluck().get());
  } finally {
    db.close();
  }
}

test('rows that only stand in the -wal of a killed application arrive', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = join(folder, 'killed.db');
      const program = join(folder, 'writer.mjs');
      const sqlite = import.meta.resolve(sqlitePackage);
      writeFileSync(
        program,
        `import Database from '${sqlite}';
         const db = new Database(process.argv[2]);
         db.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE a (i INTEGER PRIMARY KEY); INSERT INTO a VALUES (1), (2), (3)");
         process.kill(process.pid, 'SIGKILL');`,
      );
      const writer = spawn(process.execPath, [program, source], { stdio: 'ignore' });
      await new Promise((resolve) => writer.once('exit', resolve));
      const ended = await runJson(['migrate', '--from-source', '--source', source, '--target', url], { cwd: folder });
      assert.equal(ended.exitCode, 0, ended.stderr);
      assert.deepEqual((await client.query('SELECT count(*)::int AS n FROM public.a')).rows, [{ n: 3 }]);
    }),
  );
});
