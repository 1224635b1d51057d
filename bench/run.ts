import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CopierError, exitCodes } from '../src/errors.js';
import type { TargetAddress } from '../src/model.js';
import { startEmbedded, stopEmbedded } from '../src/target/embedded.js';
import { type BenchArguments, benchHelp, parseBenchArguments } from './arguments.js';
import type { Bench } from './case.js';
import { type CaseOutcome, measureCase } from './cases.js';
import { renderChart } from './chart.js';
import { prepareFixture } from './fixtures.js';
import { readMachineFacts } from './machine.js';
import { renderResult } from './render.js';
import { type BenchResult, computeRatios, oursName } from './result.js';
import { readServerFacts } from './server.js';

/** Our own copy failed: the peers' figures stand, but nobody should take the run for a good one. */
const oursFailed = 1;

/** Measures what the arguments ask for and leaves JSON and chart in the results folder; gives back the result. */
async function runBench(choice: BenchArguments): Promise<BenchResult> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const folder = resolve(choice.fixturesFolder);
  mkdirSync(folder, { recursive: true });
  say(`preparing fixture ${choice.shape} ${choice.size}`);
  const fixture = prepareFixture({ folder, shape: choice.shape, size: choice.size });
  return withServer(choice, folder, async (serverUrl) => {
    const server = await readServerFacts(serverUrl);
    const bench: Bench = { fixture, serverUrl, server, repeat: choice.repeat, workers: choice.workers, say };
    const outcomes: CaseOutcome[] = [];
    // Whichever case loads first leaves the floor's COPY files behind, so the floor comes after them.
    const order = (['ours', 'plain', 'floor', 'pgloader'] as const).filter((name) => choice.cases.includes(name));
    for (const name of order) outcomes.push(...(await measureCase(bench, name)));
    const cases = outcomes.flatMap((outcome) => (outcome.tag === 'measured' ? [outcome.result] : []));
    const result: BenchResult = {
      shape: choice.shape,
      size: choice.size,
      measuredAt: new Date().toISOString(),
      machine: readMachineFacts(),
      server: { version: server.version, settings: server.settings },
      fixture: { rows: fixture.rows, bytes: fixture.bytes, tables: fixture.tables },
      cases,
      skipped: outcomes.flatMap((outcome) => (outcome.tag === 'skipped' ? [outcome.skipped] : [])),
      ratios: computeRatios(cases, choice.workers),
    };
    keepResult(choice.resultsFolder, result);
    return result;
  });
}

function keepResult(folder: string, result: BenchResult): void {
  mkdirSync(folder, { recursive: true });
  const base = join(folder, `${result.shape}-${result.size}`);
  writeFileSync(`${base}.json`, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${base}.svg`, renderChart(result));
}

/** Lends the URL of the server that was named, or of an embedded one that is stopped again if we started it. */
async function withServer<T>(choice: BenchArguments, folder: string, use: (url: string) => Promise<T>): Promise<T> {
  if (choice.target !== null) return use(choice.target);
  const serverFolder = join(folder, 'server');
  const { address, wasRunning } = await startEmbedded({ folder: serverFolder });
  try {
    return await use(addressUrl(address));
  } finally {
    if (!wasRunning) await stopEmbedded(serverFolder);
  }
}

function addressUrl({ host, port, database, user, password }: TargetAddress): string {
  const url = new URL(`postgres://${host}:${port}/${encodeURIComponent(database)}`);
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password ?? '');
  return url.href;
}

async function main(argv: readonly string[]): Promise<number> {
  const choice = parseBenchArguments(argv);
  if (choice === 'help') {
    process.stdout.write(benchHelp);
    return exitCodes.ok;
  }
  const result = await runBench(choice);
  process.stdout.write(renderResult(result));
  const wanted = choice.cases.includes('ours') ? choice.workers.map(oursName) : [];
  return wanted.every((name) => result.cases.some((one) => one.name === name)) ? exitCodes.ok : oursFailed;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CopierError)) throw error;
  process.stderr.write(`${error.message}\n${error.hint}\n`);
  process.exitCode = error.exitCode;
}
