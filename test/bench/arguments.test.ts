import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBenchArguments } from '../../bench/cases/arguments.js';

function parse(line: string) {
  return parseBenchArguments(line.split(' ').filter((word) => word !== ''));
}

test('without arguments the small mixed fixture is measured in every way', () => {
  assert.deepEqual(parse(''), {
    shape: 'mixed',
    size: 'small',
    cases: [
      'ours',
      'tenth',
      'proofs',
      'convert',
      'limits',
      'readers',
      'floor',
      'plain',
      'script',
      'session',
      'pgloader',
      'sequel',
    ],
    repeat: 3,
    workers: [1, 2],
    target: null,
    fixturesFolder: 'bench/fixtures',
    resultsFolder: 'bench/results',
  });
});

test('every argument is taken', () => {
  const line =
    '--size huge --shape app --only floor,ours,floor --repeat 7 --workers 4,1 --target postgres://x/y --fixtures f --results r';
  assert.deepEqual(parse(line), {
    shape: 'app',
    size: 'huge',
    cases: ['floor', 'ours'],
    repeat: 7,
    workers: [4, 1],
    target: 'postgres://x/y',
    fixturesFolder: 'f',
    resultsFolder: 'r',
  });
});

test('help is asked for, not measured', () => {
  assert.equal(parse('--help'), 'help');
});

for (const line of [
  '--size enormous',
  '--shape round',
  '--only ours,theirs',
  '--only=',
  '--repeat 0',
  '--repeat 1.5',
  '--repeat 101',
  '--workers 1,two',
  '--workers 65',
  '--unknown',
  'stray',
]) {
  test(`"${line}" is refused`, () => {
    assert.throws(() => parse(line), { code: /^usage\.(bad_value|command_line)$/ });
  });
}
