import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildCommand, ChildResult } from '../measure/child.js';
import { findCopyFiles, prepareCopyFiles } from '../data/copy-files.js';
import type { Fixture } from '../data/fixtures.js';
import { type CaseResult, medianPass, type Pass } from '../figures/result.js';
import { countRows, type ServerFacts, withoutPassword } from '../measure/server.js';

/** What every case works with. */
export interface Bench {
  readonly fixture: Fixture;
  readonly serverUrl: string;
  readonly server: ServerFacts;
  readonly repeat: number;
  readonly workers: readonly number[];
  /** The same shape with a tenth of the rows; null for the smallest size. */
  readonly tenth: Fixture | null;
  /** Says what is going on. */
  say(line: string): void;
}

/** One pass after another, said as they begin. */
export async function repeatPasses(bench: Bench, name: string, onePass: () => Promise<Pass>): Promise<Pass[]> {
  const passes: Pass[] = [];
  for (let pass = 1; pass <= bench.repeat; pass++) {
    bench.say(`${name}, ${pass} of ${bench.repeat}`);
    passes.push(await onePass());
  }
  return passes;
}

/** The passes of a case with their medians. */
export function toResult(
  bench: Bench,
  what: { name: string; passes: readonly Pass[]; command: string; note: string | null },
): CaseResult {
  return { ...what, median: medianPass(what.passes), rows: bench.fixture.rows };
}

/** The SQL of the target's schema. */
export function schemaSqlOf(fixture: Fixture): string {
  return readFileSync(join(fixture.schemaFolder, '0001_init.sql'), 'utf8');
}

/** A command in the form in which it may be stored: no password, no folder of this machine. */
export function shown(bench: Bench, { file, args, env }: ChildCommand): string {
  const url = env?.POSTGRES_DATABASE_URL;
  const variables = Object.entries(env ?? {}).filter(
    ([name]) => name !== 'PGPASSWORD' && name !== 'POSTGRES_DATABASE_URL',
  );
  const words = [file, ...args].map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`,
  );
  const target = url === undefined ? [] : [`POSTGRES_DATABASE_URL=${withoutPassword(url)}`];
  const command = [...target, ...variables.map((pair) => pair.join('=')), ...words].join(' ');
  return command
    .replaceAll(process.execPath, 'node')
    .replaceAll(`${process.cwd()}/`, '')
    .replaceAll(bench.fixture.schemaFolder, '<sql>');
}

/** Throws what a program said where it failed. */
export function assertDone(run: ChildResult, what: string): void {
  if (run.exitCode === 0) return;
  const said = run.stderr.trim() === '' ? run.stdout : run.stderr;
  throw new Error(`${what} ended with exit code ${run.exitCode}: ${said.trim().slice(-500)}`);
}

/** Throws where a program failed, or rows of the fixture are not in the target. */
export async function assertWhole(run: ChildResult, what: string, { fixture, url }: { fixture: Fixture; url: string }) {
  assertDone(run, what);
  await assertNoLoss(fixture, url);
}

export async function assertNoLoss(fixture: Fixture, url: string): Promise<void> {
  const loss = await findLoss(fixture, url);
  if (loss !== null) throw new Error(`rows are missing: ${loss}`);
}

/** Counts the target against the fixture; the tables that differ, in words, or null. */
export async function findLoss(fixture: Fixture, url: string): Promise<string | null> {
  const found = await countRows(url, Object.keys(fixture.tables));
  const lost = Object.entries(fixture.tables).filter(([table, rows]) => found[table] !== rows);
  return lost.length === 0
    ? null
    : lost.map(([table, rows]) => `${table} has ${found[table]} of ${rows} rows`).join(', ');
}

/** Stores what a case has loaded as the COPY files of the floor, unless they exist. Not part of any measurement. */
export async function keepForFloor(bench: Bench, url: string): Promise<void> {
  const { copyFolder, tables } = bench.fixture;
  if (findCopyFiles(copyFolder) !== null) return;
  bench.say('preparing COPY files for the floor');
  await prepareCopyFiles(url, Object.keys(tables), copyFolder);
}
