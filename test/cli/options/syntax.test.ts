import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import {
  bytes,
  choice,
  count,
  flag,
  list,
  rate,
  type Syntax,
  switched,
  text,
} from '../../../src/cli/options/syntax.js';

interface Case {
  readonly syntax: Syntax<unknown>;
  readonly taken: readonly (readonly [given: string, value: unknown])[];
  readonly refused: readonly string[];
}

const cases: readonly Case[] = [
  { syntax: text(), taken: [['a b', 'a b']], refused: [''] },
  {
    syntax: flag(),
    taken: [
      ['1', true],
      ['off', false],
    ],
    refused: ['maybe', ''],
  },
  {
    syntax: switched(),
    taken: [
      ['YES', true],
      ['0', false],
    ],
    refused: ['2'],
  },
  {
    syntax: count({ min: 2, max: 9 }),
    taken: [
      ['2', 2],
      ['9', 9],
    ],
    refused: ['1', '10', '3k', '2.5', '-3', ''],
  },
  {
    syntax: bytes({ min: 1024, max: 1024 ** 3 }),
    taken: [
      ['1k', 1024],
      ['2M', 2 ** 21],
      ['1g', 2 ** 30],
      ['4096', 4096],
      ['4096B', 4096],
      ['16MB', 2 ** 24],
      ['16 MiB', 2 ** 24],
      ['64kb', 2 ** 16],
    ],
    refused: ['1', '2G', 'M', 'MB', '1.5k', '16MM', '16Mi', '1T', ''],
  },
  {
    syntax: rate(),
    taken: [
      ['0.5', 0.5],
      ['1e3', 1000],
    ],
    refused: ['0', '-1', 'fast', ' '],
  },
  { syntax: list(), taken: [['a, b,,c', ['a', 'b', 'c']]], refused: ['', ' ,'] },
  { syntax: choice('x', 'y'), taken: [['x', 'x']], refused: ['X', 'z', ''] },
];

for (const { syntax, taken, refused } of cases) {
  test(`a ${syntax.tag} takes what it should, refuses the rest naming where it came from, and its schema agrees`, () => {
    const isValid = new Ajv({ allowUnionTypes: true, strictTypes: false }).compile(syntax.schema);
    for (const [given, value] of taken) {
      assert.deepEqual(syntax.parse(given, '--it'), value);
      assert.ok(isValid(given), given);
    }
    assert.ok(isValid(null));
    for (const given of refused)
      assert.throws(() => syntax.parse(given, '--it'), { name: 'CopierError', message: /^--it / }, given);
  });
}

test('true and false and lists of names are taken as they stand, other values are left to the parser', () => {
  assert.equal(flag().accept(false), false);
  assert.equal(switched().accept(true), true);
  assert.deepEqual(list().accept(['a']), ['a']);
  for (const value of ['1', 1, null, {}, [1]]) {
    assert.equal(flag().accept(value), null);
    assert.equal(list().accept(value), null);
    assert.equal(text().accept(value), null);
  }
});
