import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { must } from '../../src/model/error.js';
import { Database } from '../../src/source/sqlite.js';
import type pg from 'pg';
import type { ChildProcess } from 'node:child_process';
import { type CommandOptions, type Ended, type JsonResult, runCommand, runJson, startCommand } from './command.js';
import { withDatabase, withTemplate } from './database.js';
import { withFolder } from './folder.js';

/*
 * What the fault tests share: a source that makes many small chunks, the picture of a target that is whole, and ways
 * to see where a run stands from outside.
 */

const faultPoints = new URL('./fault-points.js', import.meta.url).href;
/** The tests' own folder of Postgres SQL is never wanted: every run translates the source. */
const translating = ['--from-source', '--chunk-bytes', '64k', '--block-bytes', '4k', '--workers', '2'];

const standardRows = 12_000;

export interface FaultSource {
  readonly path: string;
  readonly rows: number;
}

/** Parents and children with every kind of object that a load takes away; some twenty chunks of 64 KiB. */
export function makeFaultSource(folder: string, options: { readonly rows?: number } = {}): FaultSource {
  const rows = options.rows ?? standardRows;
  const path = join(folder, 'app.db');
  const db = new Database(path);
  try {
    db.exec(`
      CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, boss INTEGER REFERENCES owner (id));
      CREATE TABLE item (id INTEGER PRIMARY KEY AUTOINCREMENT, owner INTEGER NOT NULL REFERENCES owner (id) ON DELETE CASCADE,
        note TEXT, weight REAL, made DATETIME);
      CREATE TABLE tag (item INTEGER NOT NULL REFERENCES item (id), word TEXT NOT NULL, PRIMARY KEY (item, word)) WITHOUT ROWID;
      CREATE TABLE bare (a TEXT, b INTEGER);
      CREATE TABLE empty (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES owner (id));
      CREATE INDEX item_owner ON item (owner, made DESC);
      CREATE UNIQUE INDEX item_note ON item (note, id);
      CREATE INDEX tag_word ON tag (word);`);
    const fill = (sql: string, count: number) =>
      db.prepare(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) ${sql}`).run(count);
    fill(`INSERT INTO owner SELECT i, 'owner ' || i, nullif(i / 2, 0) FROM n`, 300);
    fill(
      `INSERT INTO item (owner, note, weight, made) SELECT 1 + i % 300, CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN ''
         ELSE 'note — ' || hex(zeroblob(20)) || i END, i / 7.0, '2024-01-01 00:00:00.' || (100 + i % 900) FROM n`,
      rows,
    );
    fill(`INSERT INTO tag SELECT i, 'word ' || i % 50 FROM n`, rows / 2);
    fill(`INSERT INTO bare SELECT 'a' || i % 10, i % 5 FROM n`, rows / 4);
  } finally {
    db.close();
  }
  return { path, rows };
}

/** The arguments of the run that the fault tests disturb. */
export function migrateArgs(source: string, url: string, ...more: readonly string[]): string[] {
  return ['migrate', '--source', source, '--target', url, ...translating, ...more];
}

/** Objects of the target's schema as Postgres would make them, one line each. */
const pictureSql = `
  SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated AS line
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
  UNION ALL SELECT c.relname || ' ' || i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace = 'public'::regnamespace
  UNION ALL SELECT t.tgrelid::regclass::text || ' ' || t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'public'::regnamespace
  UNION ALL SELECT sequencename || ' ' || coalesce(last_value, 0) FROM pg_sequences WHERE schemaname = 'public'
  ORDER BY 1`;

/** What an undisturbed run leaves: its report of every table, and the objects of the schema. */
export interface Picture {
  readonly tables: JsonResult['tables'];
  readonly objects: readonly string[];
}

export async function takePicture(json: JsonResult, client: pg.Client): Promise<Picture> {
  const { rows } = await client.query<{ line: string }>(pictureSql);
  const tables = [...json.tables].sort((a, b) => (a.table < b.table ? -1 : 1));
  return { tables, objects: rows.map(({ line }) => line) };
}

/** Lends a small source, and the name of a database into which it was loaded. */
export async function withLoadedTemplate(
  use: (loaded: { readonly path: string; readonly template: string }) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const { path } = makeFaultSource(folder, { rows: 400 });
    const fill = async (url: string) => {
      const { exitCode, stderr } = await runCommand(migrateArgs(path, url), { cwd: folder });
      assert.equal(exitCode, 0, stderr);
    };
    await withTemplate(fill, (template) => use({ path, template }));
  });
}

const pictures = new Map<number, Promise<Picture>>();

/** What a run comes to that nothing disturbs, on a source of so many rows; made once per test file. */
export function undisturbed(rows = standardRows): Promise<Picture> {
  const known = pictures.get(rows) ?? runUndisturbed(rows);
  pictures.set(rows, known);
  return known;
}

async function runUndisturbed(rows: number): Promise<Picture> {
  return await withFolder(async (folder) => {
    const { path } = makeFaultSource(folder, { rows });
    return await withDatabase(async (url, client) => {
      const { exitCode, json, stderr } = await runJson(migrateArgs(path, url), { cwd: folder });
      assert.equal(exitCode, 0, stderr);
      return await takePicture(json, client);
    });
  });
}

/** The oracle after the last attempt: complete, equal to the undisturbed run, and nothing of ours left on the server. */
export async function assertWhole(
  ended: Ended & { readonly json: JsonResult },
  client: pg.Client,
  expected: Picture,
): Promise<void> {
  assert.equal(ended.exitCode, 0, ended.stderr);
  assert.equal(ended.json.ok, true);
  assert.deepEqual(await takePicture(ended.json, client), expected);
  const { rows } = await client.query(
    `SELECT (SELECT count(*)::int FROM pgferry.object WHERE state = 'dropped') AS missing,
            (SELECT state FROM pgferry.run ORDER BY number DESC LIMIT 1) AS state`,
  );
  assert.deepEqual(rows, [{ missing: 0, state: 'complete' }]);
  await assertNoBackends(client);
}

/** No session of ours may stay in the database. */
export async function assertNoBackends(client: pg.Client): Promise<void> {
  await until('all sessions of pgferry have gone', async () => {
    const { rows } = await client.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'pgferry%'`,
    );
    return rows.length === 0;
  });
}

export interface CommittedChunk {
  readonly run: string;
  readonly chunk: string;
  /** The exact moment of its commit: a chunk that was sent again has another. */
  readonly at: string;
}

/** Chunks that the ledger holds, of every run; none where there is no ledger yet. */
export async function committedChunks(client: pg.Client): Promise<CommittedChunk[]> {
  const { rows: found } = await client.query(`SELECT to_regclass('pgferry.chunk') IS NOT NULL AS is`);
  if (found[0]?.is !== true) return [];
  const { rows } = await client.query<CommittedChunk>(
    `SELECT run_id AS run, table_name || '/' || chunk_index AS chunk, committed_at::text AS at FROM pgferry.chunk
      ORDER BY 1, table_name, chunk_index`,
  );
  return rows;
}

/** The state of the youngest run; null before there is one. */
export async function runState(client: pg.Client): Promise<string | null> {
  const { rows: found } = await client.query(`SELECT to_regclass('pgferry.run') IS NOT NULL AS is`);
  if (found[0]?.is !== true) return null;
  const { rows } = await client.query('SELECT state FROM pgferry.run ORDER BY number DESC LIMIT 1');
  return rows[0]?.state ?? null;
}

/** Asks again and again until the answer is yes; it gives up after minutes, so that a slow machine is no failure. */
export async function until(what: string, isSo: () => Promise<boolean> | boolean, limitMs = 180_000): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`it did not come about within ${limitMs} ms that ${what}`);
    await wait(15);
  }
}

/** Starts the command and waits until so many chunks are committed. */
export async function startUntilChunks(
  args: readonly string[],
  request: { readonly client: pg.Client; readonly count: number; readonly options: CommandOptions },
): Promise<{ child: ChildProcess; ended: Promise<Ended> }> {
  const started = startCommand(args, request.options);
  const hasEnough = async () => (await committedChunks(request.client)).length >= request.count;
  await untilWhile(started, `${request.count} chunks are committed`, hasEnough);
  return started;
}

/**
 * Starts the command and lets it stop itself (SIGSTOP) right after a message to Postgres, as `planted` says; waits until
 * it stands still there. SIGCONT lets it go on.
 */
export async function startUntilStopped(
  args: readonly string[],
  { folder, ...where }: Pick<PlantedFault, 'when' | 'text' | 'where'> & { readonly folder: string },
): Promise<{ child: ChildProcess; ended: Promise<Ended> }> {
  const files = { counter: join(folder, 'stop-counter'), once: join(folder, 'stop-once') };
  const started = startCommand(args, { cwd: folder, env: planted({ at: 'stop', ...where, ...files }) });
  const pid = must(started.child.pid, 'pid');
  await untilWhile(started, 'it stands still', () => isStopped(pid));
  return started;
}

/** As `until`, for what a running command brings about: fails at once where the command has ended. */
export async function untilWhile(
  { ended }: { readonly ended: Promise<Ended> },
  what: string,
  isSo: () => Promise<boolean> | boolean,
): Promise<void> {
  let isOver = false;
  void ended.finally(() => {
    isOver = true;
  });
  await until(what, async () => {
    if (isOver) throw new Error(`it ended too early: ${(await ended).stderr}`);
    return await isSo();
  });
}

/** Whether rows are being copied into this database. */
export async function isCopying(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query('SELECT 1 FROM pg_stat_progress_copy WHERE datname = current_database()');
  return rows.length > 0;
}

export interface PlantedFault {
  readonly at: 'kill' | 'stop' | 'throw' | 'hang' | 'heap' | 'reject' | 'count';
  /** The n-th message to Postgres that holds `text`. */
  readonly when: number;
  readonly text?: string;
  readonly call?: 'renameSync' | 'linkSync' | 'fsyncSync';
  readonly where: 'threads' | 'main' | 'any';
  readonly counter: string;
  readonly once?: string;
}

/** The environment that plants a fault in the real command; see fault-points.ts. */
export function planted(fault: PlantedFault): Record<string, string> {
  return { NODE_OPTIONS: `--import ${fileURLToPath(faultPoints)}`, PGFERRY_FAULT: JSON.stringify(fault) };
}

/** A seeded draw of whole numbers; the seed is printed, and PGFERRY_SEED replays it. */
export function createDraw(): { readonly seed: number; readonly below: (limit: number) => number } {
  const seed = Number(process.env['PGFERRY_SEED'] ?? Date.now() % 1_000_000);
  let state = seed >>> 0;
  const below = (limit: number) => {
    // Numerical Recipes' linear congruential generator; only its high bits are used.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  return { seed, below };
}

/** Whether a process is stopped, as SIGSTOP leaves it. One that has ended is not. */
export function isStopped(pid: number): boolean {
  try {
    return /\) T/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
