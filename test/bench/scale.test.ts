import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergePasses, renderAll } from '../../bench/figures/all-result.js';
import { type CaseResult, medianPass, type Pass } from '../../bench/figures/result.js';
import { type Constants, predict } from '../../bench/figures/scale-result.js';

const constants: Constants = { snapshot: 1, check: 2, ours: 4, server: 12, indexes: 8, wal: 0.2, target: 1.3 };
const machine = { cores: 2, bytes: 10e9, diskBytesPerSecond: 100e9, largestShare: 0.1 };

test('the model spreads the copy over all cores, and leaves snapshot and check on one, the check beside the copy', () => {
  const [two, sixteen] = [predict(constants, machine), predict(constants, { ...machine, cores: 16 })];
  assert.deepEqual([two.snapshotS, two.checkS, two.copyS, two.indexesS], [10, 20, 90, 40]);
  assert.deepEqual([sixteen.snapshotS, sixteen.checkS, sixteen.copyS, sixteen.indexesS], [10, 20, 20, 5]);
  assert.deepEqual([two.copyBound, sixteen.copyBound, two.wholeS, sixteen.wholeS], ['cores', 'check', 140, 35]);
});

test('the model lets a slow disk hold the copy, and the largest table the indexes', () => {
  const slow = predict(constants, { ...machine, cores: 16, diskBytesPerSecond: 0.1e9 });
  assert.deepEqual([slow.copyBound, slow.copyS, slow.snapshotS], ['disk', 150, 100]);
  const giant = predict(constants, { ...machine, cores: 16, largestShare: 1 });
  assert.ok(Math.abs(giant.indexesS - 80 / 3) < 1e-9, `${giant.indexesS}`);
});

function pass(wallMs: number): Pass {
  return { wallMs, cpuMs: wallMs / 2, serverCpuMs: null, peakBytes: null, phases: [] };
}

function way(name: string, wallMs: number): { tag: 'measured'; result: CaseResult } {
  const passes = [pass(wallMs)];
  const result = { name, passes, median: medianPass(passes), rows: 10, command: name, note: null };
  return { tag: 'measured', result };
}

test('passes that were measured in turn are one way with their median and spread; one that failed once is left out', () => {
  const failed = { tag: 'skipped', skipped: { name: 'pgloader', reason: 'exit code 1\nmore' } } as const;
  const outcomes = [
    way('floor', 1000),
    way('a | b', 4000),
    way('pgloader', 1),
    way('a | b', 2000),
    failed,
    way('a | b', 2500),
  ];
  const merged = mergePasses(outcomes);
  assert.deepEqual(
    merged.ways.map(({ name, median, passes }) => [name, median.wallMs, passes.length]),
    [
      ['floor', 1000, 1],
      ['a | b', 2500, 3],
    ],
  );
  const text = renderAll({
    size: 'small',
    rounds: 3,
    measuredAt: '2024-02-29T00:00:00Z',
    machine: { cpu: 'CPU', cores: 2, memoryBytes: 8e9, kernel: 'Linux', node: 'v20', sqlite: '3' },
    server: { version: 'PostgreSQL 18.4 on', settings: { fsync: 'on' } },
    shapes: [{ shape: 'mixed', rows: 10, bytes: 4e6, ...merged }],
  });
  assert.match(text, /\| mixed, 4 MB \| `a \\\| b` \| 2\.50 \| 2\.00 – 4\.00 \| 2\.50 \| 1\.25 \|/);
  assert.match(text, /Not measured: pgloader with mixed: exit code 1\./);
});
