import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type pg from 'pg';
import type { SqliteValue } from '../../src/model/value.js';
import { Database } from '../../src/source/sqlite.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, makeSmallApp, runFor } from '../support/journey.js';
import { isFull } from '../support/run-count.js';

/*
 * Random rows of every kind go to PostgreSQL, are changed there by random statements, and come back. Then verify finds both
 * sides equal, and a cell that nobody changed has its very bytes. PGFERRY_SEED repeats a run.
 */

const days = fc.date({
  min: new Date('1970-01-02T00:00:00Z'),
  max: new Date('2090-01-01T00:00:00Z'),
  noInvalidDate: true,
});
const plainStamp = (day: Date) => day.toISOString().slice(0, 19).replace('T', ' ');

interface ColumnCase {
  readonly name: string;
  readonly declared: string;
  readonly cells: fc.Arbitrary<SqliteValue>;
}

const columns: readonly ColumnCase[] = [
  { name: 'at', declared: 'DATETIME', cells: days.map((day) => BigInt(day.getTime())) },
  {
    name: 'iso',
    declared: 'DATETIME',
    cells: fc.oneof(
      days.map((day) => day.toISOString()),
      days.map(plainStamp),
    ),
  },
  { name: 'day', declared: 'DATE', cells: days.map((day) => day.toISOString().slice(0, 10)) },
  { name: 'flag', declared: 'BOOLEAN', cells: fc.constantFrom<SqliteValue>(0n, 1n) },
  { name: 'letter', declared: 'BOOLEAN', cells: fc.constantFrom<SqliteValue>('t', 'f') },
  { name: 'whole', declared: 'INTEGER', cells: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { name: 'ratio', declared: 'REAL', cells: fc.double({ noNaN: true }) },
  {
    name: 'price',
    declared: 'DECIMAL(12,2)',
    cells: fc.integer({ min: -99_999, max: 99_999 }).map((cents) => cents / 100),
  },
  { name: 'word', declared: 'TEXT', cells: fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '')) },
  { name: 'bytes', declared: 'BLOB', cells: fc.uint8Array().map((array) => Buffer.from(array)) },
  { name: 'ident', declared: 'UUID', cells: fc.uuid() },
  {
    name: 'doc',
    declared: 'JSON',
    cells: fc.json({ noUnicodeString: true }).map((text) => JSON.stringify(JSON.parse(text))),
  },
];
const names = columns.map(({ name }) => name);

const rowCount = 60;

function fill(app: App, seed: number): void {
  const db = new Database(app.source);
  const list = columns.map(({ name, declared }) => `${name} ${declared}`).join(', ');
  db.exec(`CREATE TABLE every (id INTEGER PRIMARY KEY, ${list}, UNIQUE (ident));
    CREATE TABLE held (id INTEGER PRIMARY KEY, n INT, t TEXT);
    CREATE TABLE worded (w TEXT, id INTEGER, t TEXT, PRIMARY KEY (w, id))`);
  const row = fc.tuple(
    ...columns.map(({ cells }) =>
      fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 6, arbitrary: cells }),
    ),
  );
  const slots = columns.map(({ name }) => (name === 'ratio' || name === 'price' ? 'CAST(? AS REAL)' : '?')).join(', ');
  const insert = db.prepare(`INSERT OR IGNORE INTO every VALUES (?, ${slots})`);
  for (const [id, cells] of fc.sample(row, { seed, numRuns: rowCount }).entries()) insert.run(id, ...cells);
  const held = db.prepare('INSERT INTO held VALUES (?, ?, ?)');
  // Every third number is none, and stays in quarantine; every seventh text is cut.
  for (let id = 0; id < rowCount; id += 1)
    held.run(id, id % 3 === 0 ? 'no number' : id, id % 7 === 0 ? `a\0${id}` : `t${id}`);
  const worded = db.prepare('INSERT INTO worded VALUES (?, ?, ?)');
  const words = fc.tuple(fc.string({ unit: 'grapheme' }), fc.string());
  for (const [id, [w, t]] of fc.sample(words, { seed, numRuns: rowCount }).entries())
    worded.run(w.replaceAll('\0', ''), id, t.replaceAll('\0', ''));
  db.close();
}

/** One random statement; what comes from a row of the same column is a value of its kind. */
function statement(draw: (count: number) => number): string {
  const column = names[draw(names.length)] ?? 'word';
  const [id, other] = [draw(rowCount), draw(rowCount)];
  const fresh = rowCount + draw(1000);
  const rest = names.filter((name) => name !== 'ident').join(', ');
  switch (draw(12)) {
    case 0:
      return `DELETE FROM every WHERE id = ${id}`;
    case 1:
      return `INSERT INTO every (id, ${rest}, ident) SELECT ${fresh}, ${rest}, gen_random_uuid() FROM every WHERE id = ${id} ON CONFLICT DO NOTHING`;
    case 2:
      return `UPDATE every SET id = ${fresh} WHERE id = ${id} AND NOT EXISTS (SELECT FROM every WHERE id = ${fresh})`;
    case 3:
      return `UPDATE every SET ${column} = NULL WHERE id = ${id}`;
    case 4:
      return `BEGIN; CREATE TEMP TABLE two ON COMMIT DROP AS SELECT id, ident FROM every WHERE id IN (${id}, ${other});
        UPDATE every SET ident = NULL WHERE id IN (SELECT id FROM two);
        UPDATE every e SET ident = t.ident FROM two t WHERE t.id <> e.id AND e.id IN (SELECT id FROM two); COMMIT`;
    case 5:
      return `DELETE FROM held WHERE id = ${id}`;
    case 6:
      return `INSERT INTO held VALUES (${fresh}, ${id}, 'new') ON CONFLICT DO NOTHING`;
    case 7:
      return `UPDATE held SET t = 'changed' WHERE id = ${id}`;
    case 8:
      return `DELETE FROM worded WHERE id = ${id}`;
    case 9:
      return `UPDATE worded SET w = w || '''"\\', t = NULL WHERE id = ${id}`;
    case 10:
      return `INSERT INTO worded SELECT w, ${fresh}, t FROM worded WHERE id = ${id} ON CONFLICT DO NOTHING`;
    default:
      return column === 'ident'
        ? `UPDATE every SET ident = gen_random_uuid() WHERE id = ${id}`
        : `UPDATE every SET ${column} = o.${column} FROM (SELECT * FROM every WHERE id = ${other}) o WHERE every.id = ${id}`;
  }
}

type Cells = ReadonlyMap<number, readonly string[]>;

function cellsOf(app: App, table: string, list: readonly string[]): Cells {
  const db = new Database(app.source, { readonly: true });
  const sql = `SELECT id, ${list.map((name) => `typeof(${name}) || ' ' || quote(${name})`).join(', ')} FROM ${table}`;
  const rows = db.prepare<[], [number, ...string[]]>(sql).raw().all();
  db.close();
  return new Map(rows.map(([id, ...cells]) => [id, cells]));
}

/** What PostgreSQL prints of every row; a NULL is told from the JSON value null. */
async function printed(client: pg.Client, table: string, list: readonly string[]): Promise<Cells> {
  const { rows } = await client.query<{ id: string; cells: (string | null)[] }>(
    `SELECT id, ARRAY[${list.map((name) => `${name}::text`).join(', ')}] AS cells FROM ${table}`,
  );
  return new Map(
    rows.map(({ id, cells }) => [Number(id), cells.map((cell) => (cell === null ? 'NULL' : `text ${cell}`))]),
  );
}

test('what PostgreSQL made of random rows comes back as it is, and what nobody changed has its very bytes', {
  timeout: 1_800_000,
}, async (t) => {
  for (let run = 0; run < (isFull ? 40 : 1); run += 1) {
    const seed = Number(process.env['PGFERRY_SEED'] ?? Date.now() % 2 ** 31) + run;
    t.diagnostic(`PGFERRY_SEED=${seed}`);
    for (const journal of [[], ['--reverse-journal']])
      await withFolder((folder) =>
        withDatabase((url, client) => goThereAndBack(makeSmallApp(folder, url), client, { seed, journal })),
      );
  }
});

async function goThereAndBack(
  app: App,
  client: pg.Client,
  { seed, journal }: { readonly seed: number; readonly journal: readonly string[] },
): Promise<void> {
  fill(app, seed);
  // Of the cut texts none is kept beside the ledger, or all: SQLite's own file has them whole either way.
  const policies = {
    keepConverted: seed % 2 === 0 ? 0 : 'all',
    tableRules: {
      held: {
        columns: { n: { policies: { '*': 'quarantine' } }, t: { policies: { nul_byte: { convert: 'strip' } } } },
      },
    },
  };
  writeFileSync(join(app.folder, 'c.json'), JSON.stringify(policies));
  const config = ['--config', 'c.json'];
  const cut = await runFor(app, 'cutover', { args: [...config, ...journal] });
  assert.equal(cut.exitCode, 0, cut.stderr);
  await client.query(`SET timezone = 'UTC'`);
  const [cells, held] = [cellsOf(app, 'every', names), cellsOf(app, 'held', ['n', 't'])];
  const words = ['w', 't'];
  const [worded, wordedBefore] = [cellsOf(app, 'worded', words), await printed(client, 'worded', words)];
  const [before, heldBefore] = [await printed(client, 'every', names), await printed(client, 'held', ['n', 't'])];
  let state = seed;
  const draw = (count: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return Math.floor((state / 0x8000_0000) * count);
  };
  const statements = Array.from({ length: 40 }, () => statement(draw));
  for (const sql of statements) await client.query(sql);
  const [after, heldAfter] = [await printed(client, 'every', names), await printed(client, 'held', ['n', 't'])];
  const wordedAfter = await printed(client, 'worded', words);
  const back = await runFor(app, 'rollback');
  assert.equal(back.exitCode, 0, `${back.stderr}\n${statements.join('\n')}`);
  checkCells({ cells: worded, before: wordedBefore, after: wordedAfter, back: cellsOf(app, 'worded', words) });
  checkCells({ cells, before, after, back: cellsOf(app, 'every', names) });
  const onlyHeld = [...held.keys()].filter((id) => !heldBefore.has(id));
  assert.ok(onlyHeld.length > 5, 'rows in quarantine');
  const heldBack = cellsOf(app, 'held', ['n', 't']);
  for (const id of onlyHeld) assert.deepEqual(heldBack.get(id), held.get(id), 'a row in quarantine stays as it was');
  assert.deepEqual([...heldBack.keys()].sort(), [...onlyHeld, ...heldAfter.keys()].sort());
  checkCells({
    cells: held,
    before: heldBefore,
    after: heldAfter,
    back: new Map([...heldBack].filter(([id]) => heldAfter.has(id))),
  });
  const sides = ['--source', app.source, '--target', app.url, '--workers', '1', '--tables', 'every,worded'];
  // The schema has triggers that refuse writes; it is the values that must be the same.
  const { json } = await runJson(['verify', ...sides, ...config], { cwd: app.folder });
  const { differences, tables } = json as unknown as { differences: unknown[]; tables: { ok: boolean }[] };
  assert.deepEqual([differences, tables.map(({ ok }) => ok)], [[], [true, true]]);
}

function checkCells({ cells, before, after, back }: Record<'cells' | 'before' | 'after' | 'back', Cells>): void {
  assert.deepEqual([...back.keys()].sort(), [...after.keys()].sort());
  for (const [id, now] of back) {
    for (const [i, cell] of now.entries()) {
      if (before.get(id)?.[i] === after.get(id)?.[i]) assert.equal(cell, cells.get(id)?.[i], `row ${id}, column ${i}`);
      else assert.notEqual(cell, cells.get(id)?.[i], `row ${id}, column ${i}`);
    }
  }
}
