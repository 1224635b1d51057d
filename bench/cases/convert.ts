import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Database } from '../../src/source/sqlite.js';
import { assertWhole, type Bench, shown, toResult } from './case.js';
import type { Fixture } from '../data/fixtures.js';
import { measurePass } from './ours.js';
import { type CaseResult, convertedName, type Pass, unconvertedName } from '../figures/result.js';
import { settle, withBenchDatabase } from '../measure/server.js';
import { sizeFactors } from '../data/shapes.js';

/*
 * What a rule costs that changes a value of every row: the nanoseconds of a time are cut, and its price is rounded. The
 * same table is moved without: its values are those that the rules make.
 */

/** At size large. */
const rowsOfLarge = 1_000_000;
const table = 'Reading';
const policies = { precision_loss: { convert: 'truncate' }, inexact: { convert: 'round' } };
const targetSql = `CREATE TABLE "${table}" (id bigint PRIMARY KEY, at timestamp(6) NOT NULL, price numeric(12, 2), name text);`;

type Side = 'converted' | 'unconverted';

/** Moves both in turn, as often as the bench repeats. */
export async function measureConvert(bench: Bench): Promise<CaseResult[]> {
  const sides = [
    { name: convertedName, fixture: prepare(bench, 'converted') },
    { name: unconvertedName, fixture: prepare(bench, 'unconverted') },
  ].map((side) => ({ ...side, passes: [] as Pass[], command: '' }));
  for (let pass = 1; pass <= bench.repeat; pass++) {
    for (const side of sides) {
      bench.say(`${side.name}, ${pass} of ${bench.repeat}`);
      const run = await migrate(bench, side.fixture);
      side.passes.push(run.pass);
      side.command = run.command;
    }
  }
  return sides.map(({ name, passes, command, fixture }) => ({
    ...toResult(bench, { name, passes, command, note: null }),
    rows: fixture.rows,
  }));
}

async function migrate(bench: Bench, fixture: Fixture): Promise<{ pass: Pass; command: string }> {
  const config = join(fixture.schemaFolder, 'config.json');
  const flags = ['--workers', String(Math.max(...bench.workers)), '--config', config];
  return await withBenchDatabase(bench.serverUrl, async (url) => {
    await settle(bench.serverUrl);
    const { run, pass } = await measurePass(bench.server.postmaster, { fixture, url, flags });
    await assertWhole(run, 'pgferry migrate', { fixture, url });
    return { pass, command: shown(bench, run.command) };
  });
}

/** Finds the file beside the other fixtures, or makes it there: the same bytes on every machine. */
function prepare({ fixture: { path: beside, shape, size } }: Bench, side: Side): Fixture {
  const base = join(beside, '..', `${side}-${size}-v1`);
  const path = `${base}.db`;
  const schemaFolder = `${base}.sql`;
  mkdirSync(schemaFolder, { recursive: true });
  writeFileSync(join(schemaFolder, '0001_init.sql'), targetSql);
  writeFileSync(join(schemaFolder, 'config.json'), JSON.stringify(side === 'converted' ? { policies } : {}));
  const rows = rowsOfLarge * sizeFactors[size];
  if (!existsSync(path)) {
    rmSync(`${path}.making`, { force: true });
    fill(`${path}.making`, rows, side);
    renameSync(`${path}.making`, path);
  }
  return { shape, size, path, schemaFolder, copyFolder: `${base}.copy`, rows, bytes: 0, tables: { [table]: rows } };
}

function fill(path: string, rows: number, side: Side): void {
  const db = new Database(path);
  try {
    db.pragma('journal_mode = OFF');
    db.exec(`CREATE TABLE "${table}" (id INTEGER PRIMARY KEY, at TEXT NOT NULL, price REAL, name TEXT)`);
    const [at, price] =
      side === 'converted'
        ? ["printf('%09d', 1 + 999 * (i % 1000000))", 'i / 128.0 + 0.001']
        : ["printf('%06d', i % 1000000)", 'i / 4.0'];
    db.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
      INSERT INTO "${table}" SELECT i, printf('2026-03-%02d 10:%02d:%02d.', 1 + i % 28, i % 60, i % 59) || ${at}, ${price}, 'reading ' || i FROM n`);
  } finally {
    db.close();
  }
}
