import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { must } from '../src/model/error.js';
import type { CutoverResult } from '../src/model/cutover.js';
import type { FollowResult } from '../src/model/follow.js';
import { takeSnapshot } from '../src/source/snapshot/snapshot.js';
import { Database } from '../src/source/sqlite.js';
import { startEmbedded, stopEmbedded } from '../src/target/embedded/embedded.js';
import type { ChildResult } from './measure/child.js';
import { type Fixture, prepareFixture } from './data/fixtures.js';
import type { LiveResult, RoundFigures } from './figures/live-result.js';
import { readMachineFacts } from './measure/machine.js';
import { copyOf, run, type Side } from './cases/moving.js';
import { type SizeName, sizeNames } from './data/shapes.js';
import { addressUrl } from './measure/target-url.js';

/*
 * What a live move costs: the downtime of a live cutover and of one that fences for all of it, of the same file in one
 * run; rounds in which nothing, and in which 100 000 rows changed, all over the table and in one range of keys; the
 * backup alone. Prints JSON, and keeps it in bench/results/live-SIZE.json.
 */

const writerPath = fileURLToPath(new URL('./data/live-writer.js', import.meta.url));
const table = 'Metric';

/**
 * Rows that the application changes each second while it is moved. The last round gets those of the time that a copy of
 * the file takes, so a larger file gets fewer a second: about a thousand in the last round.
 */
const changedPerSecondOf = (size: string): number => (size === largest ? 50 : 1000);
const changedInRound = 100_000;
const quietRounds = 3;
/** There a cutover that fences for all of it would take too long to be of interest. */
const largest = 'huge';

interface World {
  readonly fixture: Fixture;
  readonly folder: string;
  readonly url: string;
}

type Figures = Omit<LiveResult, 'size' | 'measuredAt' | 'machine'>;

async function measure({ fixture, folder, url }: World, size: string): Promise<Figures> {
  const changedPerSecond = changedPerSecondOf(size);
  const rows = fixture.tables[table] ?? 0;
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  say('the backup alone');
  const source = copyOf(fixture, folder, 'app.db');
  const backup = await timed(() =>
    takeSnapshot({ sourcePath: source, snapshotPath: join(folder, 'backup.db'), checkPages: async () => [] }),
  );
  rmSync(join(folder, 'backup.db'));
  const whole = size !== largest ? await cutOverWhole({ fixture, folder, url }) : null;
  say('the load, and rounds');
  const live = { source, folder, url, schema: 'live', fixture };
  const migrate = await run(live, ['migrate', '--keep-closed']);
  const quiet: number[] = [];
  for (let i = 0; i < quietRounds; i++) quiet.push(await roundMs(live));
  change(source, `id % ${Math.max(1, Math.floor(rows / changedInRound))} = 0`);
  const scattered = await follow(live);
  change(source, `id > ${rows - changedInRound}`);
  const recent = await follow(live);
  say('a live cutover under writes');
  const writer = spawn(process.execPath, [writerPath, source, table, String(rows), String(changedPerSecond)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const longest = lineOf(writer);
  const switched = await cutOver(live, ['--live', '--downtime-max', '60s']);
  return {
    rows: fixture.rows,
    bytes: fixture.bytes,
    backupMs: backup,
    wholeDowntimeMs: whole?.result.downtimeMs ?? null,
    liveDowntimeMs: must(switched.result.downtimeMs, 'downtime'),
    liveWriterWaitedMs: Number(await longest),
    changedPerSecond,
    lastRoundRows: await lastRoundRows(url),
    migrateMs: Math.round(migrate.wallMs),
    quietRoundMs: median(quiet),
    scatteredRound: roundOf(scattered.result),
    recentRound: roundOf(recent.result),
    peakMb: {
      migrate: megabytes(migrate),
      follow: megabytes(scattered.child),
      liveCutover: megabytes(switched.child),
    },
  };
}

async function cutOverWhole({ fixture, folder, url }: World) {
  process.stderr.write('a cutover that fences for all of it\n');
  const source = copyOf(fixture, folder, 'whole.db');
  const ended = await cutOver({ source, folder, url, schema: 'whole', fixture }, []);
  rmSync(source);
  return ended;
}

/** Rows that the last round of all brought, as the ledger says. */
async function lastRoundRows(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ rows: number }>(
      `SELECT (SELECT coalesce(sum((c->>'deleted')::int + (c->>'updated')::int + (c->>'inserted')::int), 0)
                 FROM jsonb_array_elements(changes) c)::int AS rows
         FROM pgferry.round ORDER BY committed_at DESC LIMIT 1`,
    );
    return must(rows[0], 'a round').rows;
  } finally {
    await client.end();
  }
}

function roundOf({ rounds }: FollowResult): RoundFigures {
  const { rows, snapshotMs, compareMs, applyMs, durationMs } = must(rounds[0], 'round');
  return { rows, snapshotMs, compareMs, applyMs, durationMs };
}

async function cutOver(side: Side, more: readonly string[]) {
  const child = await run(side, ['cutover', ...more]);
  return { child, result: JSON.parse(child.stdout) as CutoverResult };
}

async function follow(side: Side) {
  const child = await run(side, ['follow']);
  return { child, result: JSON.parse(child.stdout) as FollowResult };
}

async function roundMs(side: Side): Promise<number> {
  return (await follow(side)).result.rounds[0]?.durationMs ?? Number.NaN;
}

function change(path: string, where: string): void {
  const db = new Database(path);
  db.exec(`UPDATE "${table}" SET value = value + 1 WHERE ${where}`);
  db.close();
}

async function timed(use: () => Promise<unknown>): Promise<number> {
  const beganAtMs = performance.now();
  await use();
  return Math.round(performance.now() - beganAtMs);
}

async function lineOf(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  await once(child, 'exit');
  return text.trim();
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function megabytes({ peakBytes }: ChildResult): number | null {
  return peakBytes === null ? null : Math.round(peakBytes / 1_000_000);
}

async function main(size: string): Promise<void> {
  if (!(sizeNames as readonly string[]).includes(size)) throw new Error(`SIZE is one of ${sizeNames.join(', ')}`);
  const fixtures = resolve('bench/fixtures');
  mkdirSync(fixtures, { recursive: true });
  const fixture = prepareFixture({ folder: fixtures, shape: 'mixed', size: size as SizeName });
  const folder = mkdtempSync(join(fixtures, 'live-'));
  const serverFolder = join(folder, 'server');
  const { address } = await startEmbedded({ folder: serverFolder });
  try {
    const figures = await measure({ fixture, folder, url: addressUrl(address) }, size);
    const result: LiveResult = { size, measuredAt: new Date().toISOString(), machine: readMachineFacts(), ...figures };
    const text = `${JSON.stringify(result, null, 2)}\n`;
    writeFileSync(`bench/results/live-${size}.json`, text);
    process.stdout.write(text);
  } finally {
    await stopEmbedded(serverFolder);
    rmSync(folder, { recursive: true, force: true });
  }
}

await main(process.argv[2] ?? 'large');
