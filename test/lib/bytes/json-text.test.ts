import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findJsonFault } from '../../../src/lib/bytes/json-text.js';
import { runCount } from '../../support/run-count.js';

function isJson(text: string): boolean {
  // Something stands before and after it, which must not be read.
  const bytes = Buffer.from(`1${text}1`);
  return findJsonFault(bytes, 1, bytes.length - 1) < 0;
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const piece = fc.constantFrom(
  ...['{', '}', '[', ']', '"', ':', ',', '-', '+', '.', 'e', 'E', '0', '1', '27', 'true', 'false', 'null', 'nul'],
  ...[
    ' ',
    '\n',
    '\r',
    '\t',
    '\v',
    '\f',
    '\u00a0',
    '\ufeff',
    '\\',
    '\\u00',
    '\\u00e9',
    '\\n',
    '\\x',
    '\u0000',
    '\u007f',
    'é',
  ],
  ...['"a"', '"a":', '{"a":', '[1,', '-1', '0.5', '1e5', '1E-5', '[]', '{}'],
);

test('a text is JSON where the platform parses it, and nothing before or after it is read', () => {
  const pieces = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(''));
  const texts = fc.oneof(
    pieces,
    fc.json(),
    fc.json().chain((text) => cutOrChanged(text)),
  );
  fc.assert(
    fc.property(texts, (text) => assert.equal(isJson(text), parses(text), JSON.stringify(text))),
    { numRuns: runCount({ usual: 5_000, full: 200_000 }) },
  );
});

/** A JSON text with one character less, or another. */
function cutOrChanged(text: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.nat({ max: Math.max(0, text.length - 1) }), fc.oneof(fc.constant(''), piece))
    .map(([at, instead]) => text.slice(0, at) + instead + text.slice(at + 1));
}

test('the fault is where the text can go on no more', () => {
  const faults = ['{"a" 1}', '[1,]', '{"a":1,}', '01', '[1 2]', '"a\\x"', 'nulL', '"\\u00g0"', '{a:1}', '1 2', '-a'];
  const found = faults.map((text) => findJsonFault(Buffer.from(text), 0, text.length));
  assert.deepEqual(found, [5, 3, 7, 1, 3, 3, 3, 5, 1, 2, 1]);
  const short = ['', ' ', '[', '{"a"', '{"a":', '"a', '"\\', '"\\u00', '-', '1.', '1e', 'tru', '[[]'];
  for (const text of short) assert.equal(findJsonFault(Buffer.from(text), 0, text.length), text.length, text);
});

test('neither length nor depth takes memory, or a stack', () => {
  const deep = Buffer.from(`${'[{"a":'.repeat(500_000)}1${'}]'.repeat(500_000)}`);
  assert.equal(findJsonFault(deep, 0, deep.length), -1);
  assert.equal(findJsonFault(deep, 0, deep.length - 1), deep.length - 1);
  const long = Buffer.from(`["${'x'.repeat(20_000_000)}"]`);
  assert.equal(findJsonFault(long, 0, long.length), -1);
});
