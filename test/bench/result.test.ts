import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderChart } from '../../bench/figures/chart.js';
import { parseStat } from '../../bench/measure/cpu.js';
import { readAnswer } from '../../bench/cases/ours.js';
import { renderPage, renderReadme } from '../../bench/readme.js';
import { renderResult } from '../../bench/figures/render.js';
import { must } from '../../src/model/error.js';
import { findRequirements, isWithinLimit } from '../../bench/figures/requirements.js';
import {
  type BenchResult,
  type CaseResult,
  computeRatios,
  median,
  medianPass,
  type Pass,
  tenthName,
} from '../../bench/figures/result.js';
import { withoutPassword } from '../../bench/measure/server.js';

function pass(wallMs: number, phases: Readonly<Record<string, number>> = {}, rest: Partial<Pass> = {}): Pass {
  const list = Object.entries(phases).map(([name, ms]) => ({ name, ms }));
  return { wallMs, cpuMs: null, serverCpuMs: null, peakBytes: null, ...rest, phases: list };
}

function oneCase(name: string, middle: Pass, note: string | null = null): CaseResult {
  return { name, passes: [middle], median: middle, rows: 1000, command: `run ${name}`, note };
}

const cases: readonly CaseResult[] = [
  oneCase('pgferry, 1 worker', pass(8000, { copy: 6000 })),
  oneCase(
    'pgferry, 2 workers',
    pass(4000, { copy: 3000, verify: 500 }, { cpuMs: 1500, serverCpuMs: 3000, peakBytes: 120e6, fillMs: 1000 }),
  ),
  oneCase('floor', pass(2500, { load: 2000, indexes: 500 })),
  oneCase('sqlite3 | psql', pass(20_000), 'nothing is verified'),
];

const measured: Pick<BenchResult, 'readers' | 'limits'> = {
  readers: [
    { reader: 'pages', cpuNsPerRow: 100_000 },
    { reader: 'rows', cpuNsPerRow: 400_000 },
  ],
  limits: [{ flag: '--max-mbps', asked: 10, reached: 10.6, seconds: 10 }],
};

const result: BenchResult = {
  shape: 'mixed',
  size: 'small',
  measuredAt: '2024-02-29T23:59:59.123Z',
  machine: { cpu: 'A <fast> CPU', cores: 2, memoryBytes: 8e9, kernel: 'Linux 6', node: 'v20', sqlite: '3.53' },
  server: { version: 'PostgreSQL 18.4', settings: { fsync: 'on' } },
  fixture: { rows: 1000, bytes: 4_000_000, tables: { Metric: 1000 } },
  cases,
  skipped: [{ name: 'pgloader', reason: 'pgloader is not installed' }],
  ratios: computeRatios(cases, [1, 2]),
  ...measured,
  requirements: findRequirements(
    { shape: 'mixed', size: 'large', fixture: { tables: {} }, cases, ...measured },
    [1, 2],
  ),
  command: 'make bench',
};

test('the median is the middle value, or the mean of the middle two', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([7]), 7);
});

test('a pass of medians takes each figure and each phase for itself', () => {
  const middle = medianPass([
    pass(10, { copy: 5 }, { cpuMs: 1, peakBytes: 9 }),
    pass(30, { copy: 7 }, { cpuMs: 3, peakBytes: null }),
    pass(20, { copy: 6, verify: 2 }, { cpuMs: 2, peakBytes: 8 }),
  ]);
  assert.deepEqual(middle, pass(20, { copy: 6, verify: 0 }, { cpuMs: 2, fillMs: null }));
});

test('the ratios are those of the medians, and those that cannot be are left out', () => {
  assert.deepEqual(Object.fromEntries(result.ratios.map(({ name, value }) => [name, value])), {
    'copy phase / floor load': 1.5,
    'whole migrate / floor load + indexes': 1.6,
    'verify phase / whole migrate': 0.125,
    '1 worker / 2 workers, whole migrate': 2,
    '1 worker / 2 workers, copy phase': 2,
    'our CPU / server CPU': 0.5,
    'sqlite3 | psql / whole migrate': 5,
  });
  assert.deepEqual(computeRatios([], [1, 2]), []);
});

test('what must be reached goes by the shape, and what was not measured has no value', () => {
  const proven = [...cases, oneCase('pgferry verify', pass(3000)), oneCase('pgferry accept', pass(5000))];
  const of = (shape: string, size: string) =>
    Object.fromEntries(
      findRequirements({ shape, size, fixture: { tables: {} }, cases: proven, ...measured }, [1, 2]).map((one) => [
        one.name,
        one,
      ]),
    );
  const mixed = of('mixed', 'large');
  assert.equal(mixed['whole migrate / floor load + indexes']?.limit, 1.45);
  assert.equal(of('mixed', 'huge')['whole migrate / floor load + indexes']?.limit, 1.3);
  assert.equal(mixed['verify / whole migrate']?.value, 0.75);
  assert.equal(isWithinLimit(must(mixed['accept / whole migrate'], 'a figure of accept')), false);
  assert.equal(mixed['census / copy phase']?.value, null);
});

test('the printed result has a row per case, the reasons of the skipped ones, and the commands', () => {
  const lines = renderResult(result).split('\n');
  const row = lines.find((line) => line.startsWith('pgferry, 2 workers')) ?? '';
  assert.deepEqual(row.split(/ {2,}/), [
    'pgferry, 2 workers',
    '4.00',
    '250',
    '1.0',
    '1.50',
    '3.00',
    '120',
    'copy 3.00, verify 0.50',
  ]);
  assert.ok(lines.includes('pgloader: pgloader is not installed'));
  assert.ok(lines.includes('sqlite3 | psql: nothing is verified'));
  assert.ok(lines.includes('floor: run floor'));
  assert.ok(lines.some((line) => line.includes('PostgreSQL 18.4; fsync=on')));
});

test('the chart has a bar per case, as long as its time, with what no phase accounts for drawn as other', () => {
  const svg = renderChart(result);
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  assert.equal(svg.match(/<title>/g)?.length, 2 + 5 + 2 + 1);
  assert.match(
    svg,
    /<title>read: 0\.05 s<\/title>.*<title>encode: 0\.45 s<\/title>.*<title>wait for the server: 2\.50 s/,
  );
  assert.match(svg, /<title>other: 0\.50 s<\/title>/);
  assert.ok(svg.includes('sqlite3 | psql</text>') && svg.includes('20.00 s'));
});

test('the page of measurements has the command, a row per way, a row per figure, and the other results', () => {
  const text = renderPage(result, [{ ...result, shape: 'wide' }]);
  const lines = text.split('\n');
  assert.equal(lines[0], '<!-- bench -->');
  assert.equal(lines.at(-1), '<!-- /bench -->');
  assert.ok(text.includes('One run of `make bench` of 2024-02-29'));
  assert.ok(lines.includes('| pgferry migrate, 2 workers | 4.0 | 250 | 1.5 | 3.0 | 120 | all rows, proven |'));
  assert.ok(lines.includes('| `sqlite3 \\| psql` | 20.0 | 50 | – | – | – | nothing is verified |'));
  assert.ok(lines.includes('| error of --max-mbps over ten seconds, % | at most 5 | 6.00 | MISSED |'));
  assert.ok(lines.includes('| wide small | 1 000 | 4 | 4.0 | 2.5 | 1.60 | 1.50 | 120 |'));
});

test('the part of the README has the ways side by side, and no figure that must be reached', () => {
  const [tenth, verify] = [oneCase(tenthName, pass(400, {})), oneCase('pgferry verify', pass(3000, {}))];
  const lines = renderReadme({ ...result, cases: [...result.cases, tenth, verify] }).split('\n');
  assert.equal(lines[0], '<!-- bench -->');
  assert.equal(lines.at(-1), '<!-- /bench -->');
  assert.equal(lines.filter((line) => line.startsWith('| ')).length, 2 + result.cases.length);
  assert.ok(!lines.some((line) => line.includes('at most') || line.includes('a tenth')));
});

test('the chart escapes what stands in names', () => {
  const svg = renderChart({ ...result, cases: [oneCase('a < b & "c"', pass(1, { '<x>': 1 }))] });
  assert.ok(svg.includes('a &lt; b &amp; &quot;c&quot;'));
  assert.ok(!svg.includes('<x>'));
});

test('phases, filling and bytes come out of the JSON of the command, and none where it tells none', () => {
  assert.deepEqual(readAnswer('{"ok":true,"phases":[{"name":"copy","ms":12.5,"more":1}],"fillMs":3,"bytesCopied":9}'), {
    phases: [{ name: 'copy', ms: 12.5 }],
    fillMs: 3,
    bytesCopied: 9,
  });
  assert.deepEqual(readAnswer('{"ok":true}'), { phases: [], fillMs: null, bytesCopied: 0 });
});

test('what must be reached is held against what was measured, and what was not measured is not called reached', () => {
  const verdicts = result.requirements.map((one) => [one.name, one.value, isWithinLimit(one)]);
  assert.deepEqual(verdicts, [
    ['copy phase / floor load', 1.5, true],
    ['whole migrate / floor load + indexes', 1.6, false],
    ['share of the full verification, %', 12.5, true],
    ['sqlite3 | psql / whole migrate', 5, true],
    ['verify / whole migrate', null, null],
    ['accept / whole migrate', null, null],
    ['census / copy phase', null, null],
    ['rules on every row / none', null, null],
    ['our CPU / server CPU', 0.5, true],
    ['peak memory, MB', 120, true],
    ['peak memory with a tenth of the rows, MB', null, null],
    ['CPU of the row reader / of the page reader', 4, true],
    ['error of --max-mbps over ten seconds, %', 6.000000000000005, false],
  ]);
  assert.match(renderResult(result), /error of --max-mbps over ten seconds, % +at most 5 +6\.00 +MISSED/);
  assert.match(renderResult(result), /verify \/ whole migrate +at most 0\.8 +– +not measured/);
});

test('a line of /proc/<pid>/stat is read even where the name of the program holds brackets and spaces', () => {
  const line = '42 (a (b) c) S 7 1 1 0 -1 0 0 0 0 0 11 22 33 44 20 0 1 0';
  assert.deepEqual(parseStat(line), { parent: 7, name: 'a (b) c', ownTicks: 33, waitedTicks: 77 });
});

test('a URL is shown without its password', () => {
  assert.equal(
    withoutPassword('postgres://me:s3cret@h:5432/d?sslmode=require'),
    'postgres://me:***@h:5432/d?sslmode=require',
  );
  assert.ok(!withoutPassword('postgres://h/d?password=s3cret').includes('s3cret'));
});

test('of many small tables the cost of a table is required, and the ratio to one psql', () => {
  const ours = pass(4000, {}, { cpuMs: 1500, peakBytes: 100e6 });
  const many = {
    shape: 'many',
    size: 'large',
    fixture: { tables: { a: 1, b: 1, c: 1 } },
    cases: [oneCase('pgferry, 1 worker', ours), oneCase('one psql', pass(2000))],
    readers: [],
    limits: [],
  };
  assert.deepEqual(
    findRequirements(many, [1]).map(({ name, value }) => [name, value]),
    [
      ['whole migrate / one psql', 2],
      ['our CPU per table, ms', 500],
      ['peak memory, MB', 100],
    ],
  );
});
