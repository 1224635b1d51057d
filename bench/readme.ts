import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AllResult, renderAll } from './figures/all-result.js';
import { renderChart } from './figures/chart.js';
import { megabytes, seconds, table, versionOf } from './figures/markdown.js';
import { type LiveResult, liveRequirements } from './figures/live-result.js';
import { requirementCells } from './figures/render.js';
import {
  type BenchResult,
  type CaseResult,
  floorName,
  oursName,
  phaseMs,
  proofName,
  proofNames,
  tenthName,
} from './figures/result.js';
import { renderScale, type ScaleResult } from './figures/scale-result.js';
import { besideRestore, type WayBackResult, type WayFigures, wayBackRequirements } from './figures/way-back-result.js';

/*
 * `node dist/bench/readme.js [shape-size]` writes the measured figures and the charts anew from the JSON in
 * bench/results: the comparison into the README, everything into docs/benchmarks.md. In both pages they are between two
 * comments; nothing else is changed.
 */

const resultsFolder = 'bench/results';
const section = /<!-- bench -->[\s\S]*<!-- \/bench -->/;
const liveSection = /<!-- bench-live -->[\s\S]*<!-- \/bench-live -->/;
const allSection = /<!-- bench-all -->[\s\S]*<!-- \/bench-all -->/;
const scaleSection = /<!-- bench-scale -->[\s\S]*<!-- \/bench-scale -->/;
const wayBackSection = /<!-- bench-way-back -->[\s\S]*<!-- \/bench-way-back -->/;
const megabyte = 1_000_000;

/** The README's part about speed: the ways side by side, on all rows of the main fixture. */
export function renderReadme(main: BenchResult): string {
  const whole = main.cases.filter(({ name }) => name !== tenthName && !isProof(name));
  return mark([`${machineLine(main)}\n${fixtureLine(main)}`, table(caseHead, whole.map(caseRow))]);
}

/** The page of measurements: the main result with all its figures, a line for each other one. */
export function renderPage(main: BenchResult, others: readonly BenchResult[]): string {
  return mark([
    `${machineLine(main)}\n${fixtureLine(main)}`,
    table(caseHead, main.cases.map(caseRow)),
    table(['figure', 'must be', 'is', ''], main.requirements.map(requirementCells)),
    `![where the time goes](../${resultsFolder}/${nameOf(main)}.svg)`,
    ...(others.length === 0 ? [] : ['Other shapes and sizes, same machine:', table(otherHead, others.map(otherRow))]),
    'Run `make bench` to measure on your machine (`SIZE=small|medium|large|huge`, `SHAPE=mixed|narrow|wide|blobs|app|many`); results go to `bench/results`, with the exact commands, and `make bench-readme` writes these figures from them.',
  ]);
}

/** What a live move costs; `larger` is the same of ten times as many rows, where it was measured. */
export function renderLive(result: LiveResult, larger: LiveResult | undefined): string {
  const { machine, measuredAt, size, rows, bytes } = result;
  const parts = [
    `One run of \`make bench-live SIZE=${size}\` of ${measuredAt.slice(0, 10)} on ${machine.cores} cores of an ${machine.cpu}, Node ${machine.node}, PostgreSQL on the same cores: ${spaced(rows)} rows, ${Math.round(bytes / megabyte)} MB.`,
    table(['figure', 'must be', 'is', ''], liveRequirements(result, larger).map(requirementCells)),
    table(
      [
        'size',
        'migrate s',
        'backup s',
        'quiet round s',
        '100 000 rows of one range s',
        '100 000 rows all over s',
        'writers wait ms',
        'rows of the last round',
        'peak MB of a round',
      ],
      [result, ...(larger === undefined ? [] : [larger])].map(liveRow),
    ),
  ];
  return `<!-- bench-live -->\n${parts.join('\n\n')}\n<!-- /bench-live -->`;
}

function liveRow(one: LiveResult): string[] {
  return [
    `${spaced(one.rows)} rows`,
    secondsOf(one.migrateMs),
    secondsOf(one.backupMs),
    secondsOf(one.quietRoundMs),
    secondsOf(one.recentRound.durationMs),
    secondsOf(one.scatteredRound.durationMs),
    String(Math.round(one.liveDowntimeMs)),
    spaced(one.lastRoundRows),
    String(one.peakMb.follow ?? '–'),
  ];
}

/** What the way back costs; `larger` is the same of ten times as many rows, where it was measured. */
export function renderWayBack(result: WayBackResult, larger: WayBackResult | undefined): string {
  const { machine, measuredAt, size, rows, bytes, writes } = result;
  const all = [result, ...(larger === undefined ? [] : [larger])];
  const parts = [
    `One run of \`make bench-way-back SIZE=${size}\` of ${measuredAt.slice(0, 10)} on ${machine.cores} cores of an ${machine.cpu}, Node ${machine.node}, PostgreSQL on the same cores: ${spaced(rows)} rows, ${Math.round(bytes / megabyte)} MB, ${spaced(writes)} writes since the switch.`,
    table(['figure', 'must be', 'is', ''], wayBackRequirements(result, larger).map(requirementCells)),
    table(
      [
        'size',
        'journal',
        'rollback s',
        'CPU s',
        'application waits s',
        'of that without the restore s',
        'verify s',
        'CPU s',
      ],
      all.flatMap((one) => [wayRow(one, 'no', one.without), wayRow(one, 'yes', one.with)]),
    ),
  ];
  return `<!-- bench-way-back -->\n${parts.join('\n\n')}\n<!-- /bench-way-back -->`;
}

function wayRow({ rows }: WayBackResult, journal: string, way: WayFigures): string[] {
  const { rollback, verify } = way;
  const times = [rollback.wallMs, rollback.cpuMs, rollback.downtimeMs, besideRestore(way), verify.wallMs, verify.cpuMs];
  return [`${spaced(rows)} rows`, journal, ...times.map(secondsOf)];
}

const isProof = (name: string): boolean => proofNames.some((proof) => name === proofName(proof));

function mark(parts: readonly string[]): string {
  return `<!-- bench -->\n${parts.join('\n\n')}\n<!-- /bench -->`;
}

function machineLine({ command, machine, server, measuredAt }: BenchResult): string {
  const gigabytes = Math.round(machine.memoryBytes / 1e9);
  const storage = `${machine.cores} cores of an ${machine.cpu}, ${gigabytes} GB, ${machine.kernel.replace(/(\d+\.\d+)\S*/, '$1')}`;
  const fsync = server.settings['fsync'] ?? 'unknown';
  return `One run of \`${command}\` of ${measuredAt.slice(0, 10)} on ${storage}, Node ${machine.node}, ${versionOf(server)} on the same cores, \`fsync\` ${fsync}; medians.`;
}

function fixtureLine({ fixture }: BenchResult): string {
  const tables = Object.keys(fixture.tables).length;
  return `The fixture has ${spaced(fixture.rows)} rows in ${tables} ${tables === 1 ? 'table' : 'tables'}, ${Math.round(fixture.bytes / megabyte)} MB of SQLite.`;
}

const caseHead = ['way', 'seconds', 'rows/s', 'CPU s', 'server CPU s', 'peak MB', 'what came out'];

function caseRow({ name, median, rows, note }: CaseResult): string[] {
  const wallSeconds = median.wallMs / 1000;
  const isOurs = name.startsWith('pgferry,');
  const floor = 'the floor: prepared binary COPY files, then the indexes';
  const way = isOurs
    ? name.replace('pgferry', 'pgferry migrate')
    : isProof(name)
      ? `${name}, on what was loaded`
      : name === floorName
        ? floor
        : `\`${name}\``;
  return [
    way,
    wallSeconds.toFixed(1),
    spaced(Math.round(rows / wallSeconds)),
    secondsOf(median.cpuMs),
    secondsOf(median.serverCpuMs),
    megabytes(median.peakBytes),
    [isOurs ? 'all rows, proven' : '', note ?? ''].filter((text) => text !== '').join('; '),
  ];
}

const otherHead = ['fixture', 'rows', 'MB', 'pgferry s', 'floor s', 'ratio', 'copy / floor load', 'peak MB'];

function otherRow(result: BenchResult): string[] {
  const workers = Math.max(1, ...result.cases.flatMap(({ name }) => Number(/^pgferry, (\d+) /.exec(name)?.[1] ?? 1)));
  const find = (name: string) => result.cases.find((one) => one.name === name)?.median;
  const [ours, floor] = [find(oursName(workers)), find(floorName)];
  const ratio = (above: number | null | undefined, below: number | null | undefined): string =>
    above && below ? (above / below).toFixed(2) : '–';
  return [
    `${result.shape} ${result.size}`,
    spaced(result.fixture.rows),
    (result.fixture.bytes / megabyte).toFixed(0),
    secondsOf(ours?.wallMs ?? null),
    secondsOf(floor?.wallMs ?? null),
    ratio(ours?.wallMs, floor?.wallMs),
    ratio(ours && phaseMs(ours, 'copy'), floor && phaseMs(floor, 'load')),
    ours?.peakBytes ? (ours.peakBytes / megabyte).toFixed(0) : '–',
  ];
}

function secondsOf(ms: number | null): string {
  return seconds(ms, 1);
}

function spaced(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ');
}

function nameOf({ shape, size }: BenchResult): string {
  return `${shape}-${size}`;
}

function main(name: string): void {
  const results = readdirSync(resultsFolder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => JSON.parse(readFileSync(join(resultsFolder, file), 'utf8')) as BenchResult)
    .filter(({ cases }) => Array.isArray(cases));
  const chosen = results.find((result) => nameOf(result) === name);
  if (chosen === undefined) throw new Error(`${resultsFolder} has no ${name}.json: run make bench first`);
  for (const result of results) writeFileSync(join(resultsFolder, `${nameOf(result)}.svg`), renderChart(result));
  const others = results.filter((result) => result !== chosen);
  replaceSection('README.md', renderReadme(chosen));
  replaceSection('docs/benchmarks.md', renderPage(chosen, others));
  const live = read<LiveResult>('live-large');
  if (live !== undefined)
    replaceSection('docs/benchmarks.md', renderLive(live, read<LiveResult>('live-huge')), liveSection);
  const all = read<AllResult>('all-large') ?? read<AllResult>('all-medium');
  if (all !== undefined) {
    replaceSection('docs/benchmarks.md', `<!-- bench-all -->\n${renderAll(all)}<!-- /bench-all -->`, allSection);
  }
  const scale = read<ScaleResult>('scale-large');
  if (scale !== undefined) {
    replaceSection('docs/scaling.md', `<!-- bench-scale -->\n${renderScale(scale)}<!-- /bench-scale -->`, scaleSection);
  }
  const back = read<WayBackResult>('way-back-large');
  if (back !== undefined)
    replaceSection('docs/benchmarks.md', renderWayBack(back, read<WayBackResult>('way-back-huge')), wayBackSection);
}

function read<T>(name: string): T | undefined {
  const path = join(resultsFolder, `${name}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined;
}

function replaceSection(path: string, text: string, of = section): void {
  const page = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    page.replace(of, () => text),
  );
}

if (process.argv[1] === import.meta.filename) main(process.argv[2] ?? 'mixed-large');
