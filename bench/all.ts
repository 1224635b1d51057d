import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CopierError } from '../src/model/error.js';
import type { AllResult, AllShape } from './figures/all-result.js';
import { mergePasses, renderAll } from './figures/all-result.js';
import type { CaseName } from './cases/arguments.js';
import type { Bench } from './cases/case.js';
import { measureCase } from './cases/cases.js';
import { prepareFixture, prepareTenth } from './data/fixtures.js';
import { readMachineFacts } from './measure/machine.js';
import { type CaseOutcome, oursName } from './figures/result.js';
import { readServerFacts, withBenchServer } from './measure/server.js';
import { type ShapeName, type SizeName, shapeNames, sizeNames } from './data/shapes.js';

/*
 * `node dist/bench/all.js [--size SIZE] [--rounds N] [--shapes LIST] [--target URL]`: every shape by every way that is
 * installed, in turn: one pass of each, and then again, so that what changes on the machine meanwhile meets all of them.
 * Writes bench/results/all-SIZE.json and prints the table.
 */

/** Ours first: it leaves the COPY files behind that the floor and the psql session need. */
const turn: readonly CaseName[] = ['ours', 'floor', 'session', 'plain', 'script', 'pgloader'];
/** It inserts few rows at a time, and gets a tenth of the rows: once is enough to see by how much it differs. */
const onceOnly: readonly CaseName[] = ['sequel'];
/** A way that takes so many times as long as ours is not measured again. */
const tooSlow = 10;
const workers = 2;
const roundsDefault = 5;

interface Choice {
  readonly size: SizeName;
  readonly rounds: number;
  readonly shapes: readonly ShapeName[];
  /** null: an embedded server beside the fixtures. */
  readonly target: string | null;
}

async function measureShape(shape: ShapeName, choice: Choice, serverUrl: string): Promise<AllShape> {
  const folder = resolve('bench/fixtures');
  const say = (line: string): void => void process.stderr.write(`${shape}: ${line}\n`);
  say('preparing the fixture');
  const { size } = choice;
  const fixture = prepareFixture({ folder, shape, size });
  const tenth = prepareTenth({ folder, shape, size });
  const server = await readServerFacts(serverUrl);
  const bench: Bench = { fixture, tenth, serverUrl, server, repeat: 1, workers: [workers], say };
  const outcomes: CaseOutcome[] = [];
  const again = new Set(turn);
  for (let round = 1; round <= choice.rounds; round++) {
    say(`round ${round} of ${choice.rounds}`);
    for (const name of round === 1 ? [...turn, ...onceOnly] : again) {
      const measured = await measureCase(bench, name);
      outcomes.push(...measured);
      if (isTooSlow(measured, outcomes)) again.delete(name);
    }
  }
  return { shape, rows: fixture.rows, bytes: fixture.bytes, ...mergePasses(outcomes) };
}

function isTooSlow(measured: readonly CaseOutcome[], all: readonly CaseOutcome[]): boolean {
  const wallMs = (outcome: CaseOutcome | undefined) => (outcome?.tag === 'measured' ? outcome.result.median.wallMs : 0);
  const ours = wallMs(all.find((outcome) => outcome.tag === 'measured' && outcome.result.name === oursName(workers)));
  return ours > 0 && measured.some((outcome) => wallMs(outcome) > tooSlow * ours);
}

function readChoice(argv: readonly string[]): Choice {
  const text = { type: 'string' } as const;
  const options = { size: text, rounds: text, shapes: text, target: text };
  const { values } = parseArgs({ args: [...argv], strict: true, options });
  const size = sizeNames.find((name) => name === (values.size ?? 'large'));
  const shapes = (values.shapes?.split(',') ?? shapeNames).map((one) => shapeNames.find((name) => name === one));
  const rounds = Number(values.rounds ?? roundsDefault);
  if (size === undefined || !Number.isInteger(rounds) || rounds < 1 || shapes.includes(undefined)) {
    throw new CopierError('usage.bad_value', 'a size, a shape or the number of rounds is not known', {
      hint: `use --size ${sizeNames.join('|')}, --shapes out of ${shapeNames.join(',')}, --rounds from 1 on`,
    });
  }
  return { size, rounds, shapes: shapes.filter((shape) => shape !== undefined), target: values.target ?? null };
}

async function main(argv: readonly string[]): Promise<void> {
  const choice = readChoice(argv);
  mkdirSync('bench/fixtures', { recursive: true });
  const result = await withBenchServer(
    choice.target,
    resolve('bench/fixtures'),
    async (serverUrl): Promise<AllResult> => {
      const { version, settings } = await readServerFacts(serverUrl);
      const shapes: AllShape[] = [];
      for (const shape of choice.shapes) shapes.push(await measureShape(shape, choice, serverUrl));
      const measuredAt = new Date().toISOString();
      const facts = { size: choice.size, rounds: choice.rounds, measuredAt, machine: readMachineFacts() };
      return { ...facts, server: { version, settings }, shapes };
    },
  );
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(join('bench/results', `all-${choice.size}.json`), `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(renderAll(result));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CopierError)) throw error;
  process.stderr.write(`${error.message}\n${error.hint}\n`);
  process.exitCode = error.exitCode;
}
