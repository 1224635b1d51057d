import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CopierError, exitCodes } from '../src/model/error.js';
import { type BenchArguments, benchHelp, caseNames, parseBenchArguments } from './cases/arguments.js';
import type { Bench } from './cases/case.js';
import { measureCase } from './cases/cases.js';
import { renderChart } from './figures/chart.js';
import { prepareFixture, prepareTenth } from './data/fixtures.js';
import { readMachineFacts } from './measure/machine.js';
import { renderResult } from './figures/render.js';
import { findRequirements } from './figures/requirements.js';
import { type BenchResult, type CaseOutcome, computeRatios, oursName } from './figures/result.js';
import { readServerFacts, withBenchServer } from './measure/server.js';

/** Our own copy failed. The other programs' figures are valid, but the run as a whole must not count as a good one. */
const oursFailed = 1;

/** Measures what the arguments ask for, and writes JSON and chart into the results folder; returns the result. */
async function runBench(choice: BenchArguments): Promise<BenchResult> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const folder = resolve(choice.fixturesFolder);
  mkdirSync(folder, { recursive: true });
  say(`preparing fixture ${choice.shape} ${choice.size}`);
  const fixture = prepareFixture({ folder, shape: choice.shape, size: choice.size });
  return withBenchServer(choice.target, folder, async (serverUrl) => {
    const server = await readServerFacts(serverUrl);
    const { repeat, workers } = choice;
    const bench: Bench = {
      fixture,
      tenth: prepareTenth({ ...choice, folder }),
      serverUrl,
      server,
      repeat,
      workers,
      say,
    };
    const outcomes: CaseOutcome[] = [];
    // Whichever case loads first leaves the COPY files behind that these two need.
    const isLater = (name: string) => Number(name === 'floor' || name === 'session');
    const order = [...caseNames].sort((a, b) => isLater(a) - isLater(b)).filter((name) => choice.cases.includes(name));
    for (const name of order) outcomes.push(...(await measureCase(bench, name)));
    const measured = {
      readers: outcomes.flatMap((outcome) => (outcome.tag === 'readers' ? outcome.readers : [])),
      limits: outcomes.flatMap((outcome) => (outcome.tag === 'limit' ? [outcome.limit] : [])),
    };
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
      ratios: computeRatios(cases, workers),
      ...measured,
      requirements: findRequirements({ shape: choice.shape, size: choice.size, fixture, cases, ...measured }, workers),
      command: commandOf(choice),
    };
    keepResult(choice.resultsFolder, result);
    return result;
  });
}

/** The command that repeats the measurement. */
function commandOf({ shape, size, cases, repeat, workers }: BenchArguments): string {
  const flags = [
    cases.length === caseNames.length ? '' : `--only ${cases.join(',')}`,
    repeat === 3 ? '' : `--repeat ${repeat}`,
    workers.join() === '1,2' ? '' : `--workers ${workers.join()}`,
  ].filter((flag) => flag !== '');
  const args = flags.length === 0 ? '' : ` ARGS="${flags.join(' ')}"`;
  return `make bench SIZE=${size} SHAPE=${shape}${args}`;
}

function keepResult(folder: string, result: BenchResult): void {
  mkdirSync(folder, { recursive: true });
  const base = join(folder, `${result.shape}-${result.size}`);
  writeFileSync(`${base}.json`, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${base}.svg`, renderChart(result));
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
