import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { Database } from '../../src/source/sqlite.js';
import { until } from '../support/runs.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import {
  type App,
  ending,
  envAfter,
  envBefore,
  firstWords,
  makeSmallApp,
  runFor,
  startProgram,
  statusOf,
} from '../support/journey.js';
import { runJson } from '../support/command.js';

const live = { CUTOVER_LIVE: '1', CUTOVER_DOWNTIME_MAX: '600s' };

async function withLiveApp(
  use: (app: App, client: pg.Client) => Promise<void>,
  more: Readonly<Record<string, string>> = live,
): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = makeSmallApp(folder, url, more);
      const db = new Database(app.source);
      db.exec(`CREATE TABLE AuditLog (id TEXT PRIMARY KEY, action TEXT, createdAt INTEGER);
        CREATE TABLE long (id INTEGER PRIMARY KEY, body BLOB);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
          INSERT INTO long SELECT i, randomblob(9000) FROM n`);
      db.close();
      await use(app, client);
    }),
  );
}

interface Writing {
  readonly mode: 'WAL' | 'DELETE';
  /** Whether they ask for checkpoints of all kinds too, with little patience. */
  readonly more?: 'checkpoints';
}

/** Writers in processes of their own, while `use` runs. Gives what each noted as acknowledged, and its last words. */
async function underWriters(app: App, { mode, more }: Writing, use: () => Promise<void>) {
  const pauseMs = mode === 'WAL' && more === undefined ? '0' : '5';
  const count = mode === 'WAL' ? 2 : 1;
  const timeoutMs = more === undefined ? '5000' : '200';
  const writers = Array.from({ length: count }, (_, i) => {
    const acknowledged = join(app.folder, `acknowledged-${i}`);
    writeFileSync(acknowledged, '');
    return {
      acknowledged,
      child: startProgram('./journey-writer.js', [app.source, `w${i}`, acknowledged, timeoutMs, pauseMs, more ?? '']),
    };
  });
  const said: string[] = [];
  for (const { child } of writers) {
    await firstWords(child);
    child.stdout?.on('data', (bytes: Buffer) => said.push(bytes.toString()));
  }
  try {
    await use();
  } catch (error) {
    for (const { child } of writers) child.kill('SIGKILL');
    throw error;
  }
  for (const { child } of writers) await ending(child);
  return { ids: writers.flatMap(({ acknowledged }) => readFileSync(acknowledged, 'utf8').trim().split('\n')), said };
}

for (const writing of [{ mode: 'WAL' }, { mode: 'WAL', more: 'checkpoints' }, { mode: 'DELETE' }] as const) {
  const { mode } = writing;
  const words = `journal mode ${mode}${'more' in writing ? ' that checkpoint in every way' : ''}`;
  test(`a live cutover under writers in ${words} has every acknowledged write, and refuses every other`, async () => {
    await withLiveApp(async (app, client) => {
      const db = new Database(app.source);
      db.pragma(`journal_mode = ${mode}`);
      db.close();
      const { ids, said } = await underWriters(app, writing, async () => {
        const ended = await runFor(app, 'cutover');
        assert.equal(ended.exitCode, 0, ended.stderr);
        assert.equal(ended.json.state, 'switched');
        assert.ok((ended.json.downtimeMs ?? 0) > 0);
      });
      for (const words of said) assert.match(words, /moved to PostgreSQL by pgferry/);
      const { rows } = await client.query<{ id: string }>('SELECT id FROM "AuditLog"');
      assert.deepEqual(rows.map(({ id }) => id).sort(), [...ids].sort());
      assert.ok(ids.length > 10, `${ids.length} writes`);
      assert.equal(readFileSync(app.envPath, 'utf8'), envAfter);
      await client.query(`INSERT INTO "AuditLog" VALUES ('on postgres', 'x', 1)`);
      const status = await statusOf(app);
      assert.deepEqual([status?.state, status?.isClosed, status?.isSettled], ['switched', true, true]);
      assert.deepEqual(status?.alarms, []);
    });
  });
}

test('the snapshot of a live cutover is the database as it was closed, with its own SHA-256 in rollback.env', async () => {
  await withLiveApp(async (app, client) => {
    const { json, stderr } = await runFor(app, 'cutover');
    assert.equal(json.state, 'switched');
    const { rows: compared } = await client.query('SELECT command, ok, is_outdated AS "isOld" FROM pgferry.comparison');
    assert.deepEqual(compared.at(-1), { command: 'accept', ok: true, isOld: false }, 'the last proof is noted too');
    assert.doesNotMatch(stderr, /will not know/);
    const [{ facts }] = (await client.query('SELECT facts FROM pgferry.cutover')).rows;
    assert.match(facts.snapshotSha256, /^[0-9a-f]{64}$/);
    assert.ok(readFileSync(json.rollbackEnvPath ?? '', 'utf8').includes(facts.snapshotSha256));
    assert.ok(existsSync(facts.snapshotPath));
    assert.equal(facts.digests.length, 4);
    const [{ loaded }] = (await client.query('SELECT snapshot_path AS loaded FROM pgferry.run')).rows;
    const left = readdirSync(dirname(loaded)).filter((name) => name.endsWith('.db'));
    assert.deepEqual(left, [basename(loaded)], 'snapshots of rounds go when nobody waits any more');
    const back = await runFor(app, 'rollback');
    assert.equal(back.exitCode, 0, back.stderr);
    assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
    const db = new Database(app.source);
    assert.deepEqual(db.prepare('SELECT count(*) FROM child').pluck().get(), 3);
    db.exec(`INSERT INTO child VALUES (9, 1, 'after the way back')`);
    db.close();
    // An application lived on what that run loaded: it is loaded anew.
    const again = await runFor(app, 'cutover');
    assert.equal(again.exitCode, 0, again.stderr);
    assert.doesNotMatch(again.stderr, /going on from run/);
    const { rows } = await client.query('SELECT id FROM child ORDER BY id');
    assert.deepEqual(
      rows.map(({ id }) => Number(id)),
      [1, 2, 3, 9],
    );
  });
});

test('where more is predicted than --downtime-max allows, nobody waits and nothing is switched', async () => {
  await withLiveApp(
    async (app, client) => {
      // A table of which every page is read and every row is joined by SQL.
      const db = new Database(app.source);
      db.exec(`CREATE TABLE slow (k TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID;
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
          INSERT INTO slow SELECT printf('key %09d', i), 'body' FROM n`);
      const first = await runFor(app, 'cutover', { env: { CUTOVER_DOWNTIME_MAX: '600s', CUTOVER_CONFIRM: 'no' } });
      assert.equal(first.json.error?.code, 'cutover.not_confirmed');
      const change = setInterval(() => db.exec(`UPDATE slow SET body = body || 'x'`), 300);
      const ended = await runFor(app, 'cutover');
      clearInterval(change);
      assert.deepEqual([ended.exitCode, ended.json.error?.code], [24, 'cutover.undone'], ended.stderr);
      assert.match(ended.json.error?.message ?? '', /writers would have to wait about .*--downtime-max allows 1\.0 s/);
      assert.match(ended.json.error?.hint ?? '', /--downtime-max \d+s/);
      db.exec(`INSERT INTO child VALUES (77, 1, NULL)`);
      db.close();
      assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
      await assert.rejects(client.query('DELETE FROM child'), /pgferry release gives the move up/);
      const released = await runFor(app, 'release');
      assert.equal(released.exitCode, 0, released.stderr);
      await client.query('DELETE FROM child');
    },
    { ...live, CUTOVER_DOWNTIME_MAX: '1s' },
  );
});

test('a target that somebody opened and wrote to while the source was followed is not switched to', async () => {
  await withLiveApp(async (app, client) => {
    const args = ['--source', app.source, '--target', app.url, '--from-source', '--workers', '1'];
    const loaded = await runJson(['migrate', ...args, '--keep-closed'], { cwd: app.folder });
    assert.equal(loaded.exitCode, 0, loaded.stderr);
    await client.query(`ALTER TABLE child DISABLE TRIGGER ALL; UPDATE child SET note = 'theirs' WHERE id = 1`);
    const ended = await runFor(app, 'cutover');
    assert.deepEqual([ended.exitCode, ended.json.error?.code], [24, 'cutover.undone'], ended.stderr);
    assert.match(ended.json.error?.message ?? '', /differ/);
    assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
  });
});

test('a table that was written between the acceptance and the switch is read once more, and not switched to', async () => {
  await withLiveApp(async (app, client) => {
    const cutover = runFor(app, 'cutover');
    await until('the acceptance is over', async () => {
      const { rows } = await client
        .query(`SELECT 1 FROM pgferry.cutover_step WHERE step = 'accept' AND state = 'done'`)
        .catch(() => ({ rows: [] }));
      return rows.length > 0;
    });
    await client.query(`BEGIN; ALTER TABLE child DISABLE TRIGGER ALL; UPDATE child SET note = 'theirs' WHERE id = 1;
      ALTER TABLE child ENABLE ALWAYS TRIGGER pgferry_loading; COMMIT`);
    const ended = await cutover;
    assert.deepEqual([ended.exitCode, ended.json.error?.code], [24, 'cutover.undone'], ended.stderr);
    assert.match(ended.stderr, /child: read once more/);
    assert.match(ended.json.error?.message ?? '', /data\.target_changed/);
    const db = new Database(app.source);
    db.exec(`INSERT INTO child VALUES (77, 1, NULL)`);
    db.close();
  });
});

test('a rehearsal of a live cutover predicts by rounds that it measured, and leaves nothing', async () => {
  await withLiveApp(async (app, client) => {
    const { ids } = await underWriters(app, { mode: 'WAL' }, async () => {
      const ended = await runFor(app, 'cutover', { args: ['--dry-run'] });
      assert.equal(ended.exitCode, 0, ended.stderr);
      assert.equal(ended.json.state, 'rehearsed');
      assert.match(ended.stderr, /round 1 brought \d+ rows/);
      assert.match(ended.stderr, /writers would wait about/);
      const real = await runFor(app, 'cutover');
      assert.equal(real.exitCode, 0, real.stderr);
    });
    const { rows } = await client.query('SELECT count(*)::int AS rows FROM "AuditLog"');
    assert.equal(rows[0].rows, ids.length);
    const { rows: schemas } = await client.query(`SELECT 1 FROM pg_namespace WHERE nspname = 'pgferry_rehearsal'`);
    assert.equal(schemas.length, 0);
  });
});

test('tables that a load keeps closed take its rounds and its repairs, and nobody else’s writes, until they are released', async () => {
  await withLiveApp(async (app, client) => {
    const sides = ['--source', app.source, '--target', app.url, '--workers', '1'];
    const run = (...args: string[]) => runJson([...args, ...sides], { cwd: app.folder });
    const loaded = await run('migrate', '--from-source', '--keep-closed');
    assert.equal(loaded.exitCode, 0, loaded.stderr);
    const refused = /keeps other writers out until the application is switched; pgferry release gives the move up/;
    await assert.rejects(client.query(`INSERT INTO child VALUES (50, 1, NULL)`), refused);
    const db = new Database(app.source);
    db.exec(
      `UPDATE child SET note = 'changed' WHERE id = 1; DELETE FROM child WHERE id = 3; INSERT INTO child VALUES (4, 2, NULL)`,
    );
    db.close();
    assert.equal((await run('follow')).exitCode, 0);
    const rowsOf = async () => (await client.query('SELECT id::int, note FROM child ORDER BY id')).rows;
    assert.deepEqual(await rowsOf(), [
      { id: 1, note: 'changed' },
      { id: 2, note: '' },
      { id: 4, note: null },
    ]);
    await client.query(
      `ALTER TABLE child DISABLE TRIGGER ALL; DELETE FROM child WHERE id = 4; ALTER TABLE child ENABLE ALWAYS TRIGGER pgferry_loading`,
    );
    assert.equal((await run('repair')).exitCode, 0);
    assert.equal((await rowsOf()).length, 3);
    await assert.rejects(client.query('TRUNCATE child'), refused);
    const status = await runJson(['status', '--source', app.source, '--target', app.url], { cwd: app.folder });
    assert.equal((status.json as unknown as { run: { tablesClosed: number } }).run.tablesClosed, 4);
    // A load of all anew takes over what the earlier one keeps closed.
    const again = await run('migrate', '--from-source', '--fresh');
    assert.equal(again.exitCode, 0, again.stderr);
    await client.query(`INSERT INTO child VALUES (50, 1, NULL)`);
    await client.query(`DELETE FROM child WHERE id = 50`);
    assert.equal((await run('migrate', '--from-source', '--fresh', '--keep-closed')).exitCode, 0);
    await assert.rejects(client.query('DELETE FROM child'), refused);
    const released = await runFor(app, 'release');
    assert.equal(released.exitCode, 0, released.stderr);
    await client.query(`INSERT INTO child VALUES (50, 1, NULL)`);
    assert.equal((await runFor(app, 'release')).json.error?.code, 'cutover.not_closed');
  });
});
