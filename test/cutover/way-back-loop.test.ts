import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { Database } from '../../src/source/sqlite.js';
import { startCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, envBefore, makeSmallApp, runFor } from '../support/journey.js';
import { isFull } from '../support/run-count.js';

/*
 * There and back, again and again: the application writes to SQLite, is moved, writes to PostgreSQL from several sessions,
 * and is taken back by rollbacks that are killed at any time while it writes. Every write that either database has
 * acknowledged is in SQLite then, and nothing else.
 */

const cycles = isFull ? 200 : 3;
const writers = 3;
const killsMax = 3;

/** What the table child must hold: the notes by id. */
type Expected = Map<number, string>;

/** Numbers that are the same in every run. */
function makeRandom(seed: number): (below: number) => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Change {
  readonly sql: string;
  readonly values: readonly [number, string];
  readonly apply: (expected: Expected) => void;
}

/** The next write of a writer, to a row that is its own. */
function nextChange(own: number[], first: number, note: string, draw: (below: number) => number): Change {
  const kind = own.length === 0 ? 0 : draw(4);
  if (kind <= 1) {
    const id = first + own.length;
    own.push(id);
    const sql = 'INSERT INTO child (id, parent, note) VALUES ($1, 1, $2)';
    return { sql, values: [id, note], apply: (expected) => void expected.set(id, note) };
  }
  const id = own[draw(own.length)] ?? 0;
  if (kind === 2) {
    const sql = 'UPDATE child SET note = $2 WHERE id = $1';
    return { sql, values: [id, note], apply: (expected) => void (expected.has(id) && expected.set(id, note)) };
  }
  const sql = 'DELETE FROM child WHERE id = $1 AND $2::text IS NOT NULL';
  return { sql, values: [id, note], apply: (expected) => void expected.delete(id) };
}

/** Writes until it is told to stop, or refused because the tables are left. */
async function writeUntil(app: App, first: number, expected: Expected, isOver: () => boolean): Promise<number> {
  const client = new pg.Client({ connectionString: app.url });
  await client.connect();
  const draw = makeRandom(first);
  const own: number[] = [];
  let written = 0;
  try {
    while (!isOver()) {
      const change = nextChange(own, first, `pg ${first} ${written}`, draw);
      await client.query(change.sql, [...change.values]);
      change.apply(expected);
      written += 1;
      await setTimeout(5);
    }
  } catch (error) {
    assert.match((error as Error).message, /left for SQLite by pgferry/);
  } finally {
    await client.end();
  }
  return written;
}

/** Rolls back to the end; how often it was killed before, at any time of the length that the last whole rollback had. */
async function rollBackThroughKills(app: App, draw: (below: number) => number, last: { ms: number }): Promise<number> {
  const said: string[] = [];
  for (let kills = 0, tries = 0; tries < 12; tries++) {
    const begun = performance.now();
    const { child, ended } = startCommand(['rollback'], { cwd: app.folder, env: app.env });
    const timer =
      kills < killsMax && draw(4) > 0
        ? globalThis.setTimeout(() => child.kill('SIGKILL'), 100 + draw(last.ms))
        : undefined;
    const { exitCode, signal, stderr } = await ended;
    clearTimeout(timer);
    if (exitCode === 0) {
      last.ms = performance.now() - begun;
      return kills;
    }
    said.push(stderr);
    if (signal === 'SIGKILL') kills += 1;
    // The last one may have ended before its note came: there is nothing left to take back.
    if (/was rolled back already/.test(stderr)) return kills;
  }
  throw new Error(said.join('\n'));
}

function onSqlite<T>(app: App, use: (db: Database) => T): T {
  const db = new Database(app.source);
  try {
    return use(db);
  } finally {
    db.close();
  }
}

test(`${cycles} times there and back under writers and kills, and no acknowledged write of either world is lost`, async (t) => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const app = makeSmallApp(folder, url);
      const expected: Expected = new Map();
      const total = { cycles: 0, written: 0, kills: 0 };
      const last = { ms: 1500 };
      onSqlite(app, (db) => db.exec('DELETE FROM child'));
      for (let cycle = 1; cycle <= cycles; cycle++) {
        const draw = makeRandom(cycle);
        const id = cycle * 100_000;
        onSqlite(app, (db) => db.prepare('INSERT INTO child VALUES (?, 2, ?)').run(id, 'sqlite'));
        expected.set(id, 'sqlite');
        const args = [
          ...(cycle % 2 === 1 ? ['--reverse-journal'] : []),
          ...(cycle % 3 === 0 ? ['--live', '--downtime-max', '60s'] : []),
        ];
        const moved = await runFor(app, 'cutover', { args });
        assert.equal(moved.exitCode, 0, moved.stderr);
        let isOver = false;
        const writing = Array.from({ length: writers }, (_, n) =>
          writeUntil(app, id + (n + 1) * 10_000, expected, () => isOver),
        );
        const kills = await rollBackThroughKills(app, draw, last);
        isOver = true;
        const written = (await Promise.all(writing)).reduce((sum, count) => sum + count, 0);
        assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
        const held = onSqlite(app, (db) => db.prepare<[], [number, string]>('SELECT id, note FROM child').raw().all());
        assert.deepEqual(
          new Map(held.sort(([a], [b]) => a - b)),
          new Map([...expected].sort(([a], [b]) => a - b)),
          `cycle ${cycle}, ${written} writes, ${kills} kills`,
        );
        assert.ok(written > 0, 'PostgreSQL took writes');
        total.cycles += 1;
        total.written += written;
        total.kills += kills;
        if (isFull && cycle % 10 === 0) console.log(JSON.stringify(total));
      }
      t.diagnostic(
        `${total.cycles} times there and back, ${total.written} acknowledged writes of PostgreSQL, ${total.kills} kills: 0 lost`,
      );
    }),
  );
});
