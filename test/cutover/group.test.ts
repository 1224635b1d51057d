import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import type { CutoverStatus } from '../../src/model/status.js';
import { Database } from '../../src/source/sqlite.js';
import { runCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, envAfter, envBefore, isTaken, makeSmallApp, runFor } from '../support/journey.js';
import { isFull } from '../support/run-count.js';
import { planted } from '../support/runs.js';

/* Two files of one application that go over, and back, together: all of them, or none. */

interface GroupApp extends App {
  readonly logs: string;
  readonly config: string;
}

async function withGroup(
  use: (app: GroupApp, client: pg.Client) => Promise<void>,
  change: (app: GroupApp) => Readonly<Record<string, unknown>> = () => ({}),
): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const app = { ...makeSmallApp(folder, url), logs: join(folder, 'logs.db'), config: join(folder, 'group.json') };
      const db = new Database(app.logs);
      db.exec(`PRAGMA journal_mode = WAL; CREATE TABLE entry (id INTEGER PRIMARY KEY, line TEXT);
        INSERT INTO entry VALUES (1, 'first'), (2, NULL)`);
      db.close();
      const group = [
        { source: app.source, schema: 'users' },
        { source: app.logs, schema: 'logs' },
      ];
      writeFileSync(app.config, JSON.stringify({ group, ...change(app) }));
      await use(app, client);
    }),
  );
}

async function cutOver(app: GroupApp, ...args: string[]) {
  return await runFor(app, 'cutover', { args: ['--config', app.config, ...args] });
}

/** Whether both files take writes, or neither; a write of each is kept where they do. */
function writeToBoth(app: GroupApp, id: number): readonly boolean[] {
  return [
    isTaken(app.source, "INSERT INTO child VALUES (?, 1, 'meanwhile')", id),
    isTaken(app.logs, "INSERT INTO entry VALUES (?, 'meanwhile')", id),
  ];
}

async function idsOnPostgres(client: pg.Client): Promise<readonly number[][]> {
  const read = async (sql: string) => (await client.query<{ id: string }>(sql)).rows.map(({ id }) => Number(id));
  return [await read('SELECT id FROM users.child ORDER BY id'), await read('SELECT id FROM logs.entry ORDER BY id')];
}

function idsOnSqlite(app: GroupApp): unknown[] {
  return [
    [app.source, 'child'],
    [app.logs, 'entry'],
  ].map(([path = '', table = '']) => {
    const db = new Database(path, { readonly: true });
    try {
      return db.prepare(`SELECT id FROM ${table} ORDER BY id`).pluck().all();
    } finally {
      db.close();
    }
  });
}

function worldOf(app: GroupApp): 'sqlite' | 'postgres' {
  const bytes = readFileSync(app.envPath, 'utf8');
  assert.ok(bytes === envBefore || bytes === envAfter, bytes);
  return bytes === envBefore ? 'sqlite' : 'postgres';
}

async function statusOf(app: GroupApp): Promise<CutoverStatus | null> {
  const options = { cwd: app.folder, env: app.env };
  const { stdout } = await runCommand(['status', '--json', '--config', app.config], options);
  return (JSON.parse(stdout) as { cutover: CutoverStatus | null }).cutover;
}

test('two files go over together with one switch, and back with what PostgreSQL took, by the ledger alone', () =>
  withGroup(async (app, client) => {
    const rehearsed = await cutOver(app, '--dry-run');
    assert.deepEqual([rehearsed.exitCode, rehearsed.json.state], [0, 'rehearsed'], rehearsed.stderr);
    assert.deepEqual(
      rehearsed.json.group.map(({ schema }) => schema),
      ['users', 'logs'],
    );
    assert.deepEqual(writeToBoth(app, 10), [true, true]);
    const { exitCode, json, stderr } = await cutOver(app);
    assert.deepEqual([exitCode, json.state], [0, 'switched'], stderr);
    assert.equal(worldOf(app), 'postgres');
    assert.deepEqual(await idsOnPostgres(client), [
      [1, 2, 3, 10],
      [1, 2, 10],
    ]);
    assert.deepEqual(writeToBoth(app, 11), [false, false]);
    const status = await statusOf(app);
    assert.deepEqual(
      status?.group.map(({ schema, isClosed }) => [schema, isClosed]),
      [
        ['users', true],
        ['logs', true],
      ],
    );
    for (const { runDir } of json.group) assert.ok(existsSync(join(runDir ?? '', 'rollback.env')), runDir ?? '');
    await client.query("INSERT INTO users.child VALUES (20, 1, 'on postgres'); DELETE FROM logs.entry WHERE id = 1");
    // By the rollback.env of the second file, as a shell would source it, and without the config.
    const env = { SQLITE_DB_PATH: app.logs, POSTGRES_DATABASE_URL: withSchema(app.url, 'logs') };
    const ids = { ROLLBACK_CUTOVER_ID: json.group[1]?.cutoverId ?? '' };
    const rehearsal = await runFor(app, 'rollback', { args: ['--dry-run'], env: { ...env, ...ids } });
    assert.deepEqual([rehearsal.exitCode, rehearsal.json.state], [0, 'rehearsed'], rehearsal.stderr);
    assert.deepEqual(
      rehearsal.json.group.map(({ carried }) => carried.map(({ table }) => table)),
      [['child'], ['entry']],
    );
    const back = await runFor(app, 'rollback', { env: { ...env, ...ids } });
    assert.deepEqual([back.exitCode, back.json.state], [0, 'rolled_back'], back.stderr);
    assert.equal(worldOf(app), 'sqlite');
    assert.deepEqual(idsOnSqlite(app), [
      [1, 2, 3, 10, 20],
      [2, 10],
    ]);
    assert.deepEqual(writeToBoth(app, 12), [true, true]);
    await assert.rejects(client.query('DELETE FROM users.child'), /left for SQLite by pgferry/);
    await assert.rejects(client.query('DELETE FROM logs.entry'), /left for SQLite by pgferry/);
    // Once more, and back without PostgreSQL.
    const again = await cutOver(app);
    assert.equal(again.exitCode, 0, again.stderr);
    const text = readFileSync(join(again.json.group[1]?.runDir ?? '', 'rollback.env'), 'utf8');
    const named = Object.fromEntries(
      [...text.matchAll(/^export (\w+)='?([^'\n]*)'?$/gm)].map(([, k = '', v = '']) => [k, v]),
    );
    assert.ok(named['ROLLBACK_GROUP'], text);
    const lost = await runFor(app, 'rollback', { args: ['--without-target'], env: named });
    assert.deepEqual([lost.exitCode, lost.json.state], [0, 'rolled_back'], lost.stderr);
    assert.equal(worldOf(app), 'sqlite');
    assert.deepEqual(writeToBoth(app, 13), [true, true]);
  }));

function withSchema(url: string, schema: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}schema=${schema}`;
}

test('a file that is refused, damaged or proven different leaves all as they were', async () => {
  await withGroup(async (app, client) => {
    const groupWith = (second: object) => {
      writeFileSync(app.config, JSON.stringify({ group: [{ source: app.source, schema: 'users' }, second] }));
    };
    const refused = async (code: string, message: RegExp, ...args: string[]) => {
      const { exitCode, json, stderr } = await cutOver(app, ...args);
      assert.deepEqual([exitCode, json.error?.code], [24, code], stderr);
      assert.match(json.error?.message ?? '', message);
      assert.equal(worldOf(app), 'sqlite');
    };
    await refused('cutover.group_live', /live/, '--live');
    const wrong = { switch: [{ envFile: app.envPath, set: { VPS_DB_PROVIDER: ['$', '{other.targetUrl}'].join('') } }] };
    writeFileSync(app.config, JSON.stringify({ ...JSON.parse(readFileSync(app.config, 'utf8')), ...wrong }));
    const { json } = await cutOver(app);
    assert.match(json.error?.hint ?? '', /\$\{targetUrl\}.*\$\{logs\.targetUrl\}/);
    groupWith({ source: app.logs, schema: 'users' });
    await refused('cutover.group_twice', /schema users/);
    groupWith({ source: app.source, schema: 'logs' });
    await refused('cutover.group_twice', /app\.db/);
    groupWith({ source: app.logs, schema: 'logs', options: { tables: ['nothing'] } });
    await refused('cutover.undone', /logs\.db/);
    assert.deepEqual(writeToBoth(app, 30), [true, true]);
    // A trigger that the load leaves in force makes other values of it.
    await client.query(`CREATE SCHEMA IF NOT EXISTS logs; DROP TABLE IF EXISTS logs.entry;
      CREATE TABLE logs.entry (id bigint PRIMARY KEY, line text);
      CREATE FUNCTION logs.shout() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.line := upper(NEW.line); RETURN NEW; END$$;
      CREATE TRIGGER shout BEFORE INSERT ON logs.entry FOR EACH ROW EXECUTE FUNCTION logs.shout()`);
    groupWith({ source: app.logs, schema: 'logs', options: {} });
    await refused('cutover.undone', /logs\.db/, '--keep-constraints');
    assert.deepEqual(writeToBoth(app, 31), [true, true]);
    const { size } = statSync(app.logs);
    writeFileSync(app.logs, Buffer.concat([readFileSync(app.logs).subarray(0, 4096), Buffer.alloc(size - 4096, 7)]));
    const { exitCode } = await cutOver(app);
    assert.equal(exitCode, 24);
    assert.equal(worldOf(app), 'sqlite');
  });
});

type Command = 'cutover' | 'rollback';

async function runWithFault(app: GroupApp, command: Command, at: 'kill' | 'count', when: number) {
  const counter = join(app.folder, `${command}-${when}`);
  const fault = planted({ at, when, text: 'pgferry.cutover', where: 'main', counter });
  const env = { ...app.env, ...fault, CUTOVER_CONFIRM: confirmation };
  const ended = await runCommand([command, '--config', app.config], { cwd: app.folder, env });
  return { ended, count: existsSync(counter) ? statSync(counter).size : 0 };
}

/** All moments with PGFERRY_FULL; else these many before the end, where the worlds are. */
function chosen(count: number, near: readonly number[]): number[] {
  return isFull ? Array.from({ length: count }, (_, at) => at + 1) : near.map((before) => count - before);
}

let partly = 0;
let released = 0;

test('a group that is killed between any two steps is old or new for all, and one command ends it', async () => {
  let count = 0;
  await withGroup(async (app) => {
    const counted = await runWithFault(app, 'cutover', 'count', 0);
    assert.equal(counted.ended.exitCode, 0, counted.ended.stderr);
    count = counted.count;
  });
  // Before all are closing, between two closings, before the switch, and before the ledger knows of it.
  for (const when of chosen(count, [8, 6, 4, 1])) {
    await withGroup(async (app, client) => {
      const where = `killed at note ${when} of ${count}`;
      const { ended } = await runWithFault(app, 'cutover', 'kill', when);
      assert.equal(ended.signal, 'SIGKILL', ended.stderr);
      const world = worldOf(app);
      const status = await statusOf(app);
      // Before its first note a cutover has done nothing, and there is nothing to tell of it.
      assert.equal(status?.application ?? 'sqlite', world, where);
      const taken = writeToBoth(app, 77);
      if (world === 'postgres') assert.deepEqual(taken, [false, false], where);
      if (taken[0] !== taken[1]) partly += 1;
      const isAllClosed = status?.group.length === 2 && status.group.every(({ isClosed }) => isClosed);
      if (world === 'sqlite' && isAllClosed && released === 0) await checkRelease(app);
      const again = await cutOver(app);
      if (again.exitCode !== 0) assert.equal(again.json.error?.code, 'cutover.already_switched', again.stderr);
      assert.equal(worldOf(app), 'postgres', where);
      // What either file took before it was closed is there.
      const [users = [], logs = []] = await idsOnPostgres(client);
      assert.deepEqual([users.includes(77), logs.includes(77)], taken, where);
      assert.deepEqual(writeToBoth(app, 78), [false, false]);
    });
  }
  assert.ok(partly > 0, 'one of them dies between the closing of the first file and of the second');
  assert.equal(released, 1, 'and one between the closing of the last and the switch');
});

/** By the second file, and without the config: all are opened. */
async function checkRelease(app: GroupApp): Promise<void> {
  const env = { SQLITE_DB_PATH: app.logs, POSTGRES_DATABASE_URL: withSchema(app.url, 'logs') };
  const { exitCode, json, stderr } = await runFor(app, 'release', { env });
  assert.deepEqual([exitCode, json.state], [0, 'undone'], stderr);
  assert.deepEqual(writeToBoth(app, 76), [true, true]);
  released += 1;
}

test('a rollback of a group that is killed between any two steps is ended by the same command', async () => {
  let count = 0;
  await withGroup(async (app) => {
    assert.equal((await cutOver(app)).exitCode, 0);
    count = (await runWithFault(app, 'rollback', 'count', 0)).count;
  });
  // Between two restored files, before the switch, and before the ledger knows of it.
  for (const when of chosen(count, [7, 4, 1])) {
    await withGroup(async (app, client) => {
      const where = `killed at note ${when} of ${count}`;
      assert.equal((await cutOver(app)).exitCode, 0);
      await client.query('INSERT INTO users.child VALUES (90, 1, NULL); INSERT INTO logs.entry VALUES (90, NULL)');
      const { ended } = await runWithFault(app, 'rollback', 'kill', when);
      assert.equal(ended.signal, 'SIGKILL', ended.stderr);
      const again = await runFor(app, 'rollback', { args: ['--config', app.config] });
      if (again.exitCode !== 0) assert.equal(again.json.error?.code, 'rollback.nothing', again.stderr);
      assert.equal(worldOf(app), 'sqlite', where);
      assert.deepEqual(
        idsOnSqlite(app),
        [
          [1, 2, 3, 90],
          [1, 2, 90],
        ],
        where,
      );
      assert.deepEqual(writeToBoth(app, 78), [true, true], where);
    });
  }
});
