import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchNames } from '../../../src/plan/names/match.js';
import { quoteIdentifier } from '../../../src/lib/quote.js';
import { NameBook, nameBytesMax, shortName } from '../../../src/plan/names/names.js';
import { runCount } from '../../support/run-count.js';

const names = fc.string({ unit: fc.constantFrom('a', 'é', '😀', '"', ' ', '语'), maxLength: 90 });

test('a short name fits in 63 bytes, keeps whole characters, and is the name itself where that fits', () => {
  fc.assert(
    fc.property(names, (name) => {
      const short = shortName(name);
      assert.ok(Buffer.byteLength(short) <= nameBytesMax);
      assert.equal(Buffer.from(short).toString(), short);
      if (Buffer.byteLength(name) <= nameBytesMax) assert.equal(short, name);
      else assert.ok(name.startsWith(short.slice(0, -9)) && !/\uFFFD/.test(short));
    }),
    { numRuns: runCount({ usual: 300, full: 5000 }) },
  );
});

test('long names that begin alike get different short names', () => {
  const start = 'x'.repeat(80);
  assert.notEqual(shortName(`${start}a`), shortName(`${start}b`));
});

test('a quote in a name cannot end it', () => {
  assert.equal(quoteIdentifier('a"; DROP TABLE b; --'), '"a""; DROP TABLE b; --"');
});

test('a name book invents free names and refuses taken ones', () => {
  const book = new NameBook();
  assert.ok(book.claim('t_pkey'));
  assert.equal(book.claim('t_pkey'), false);
  assert.equal(book.invent('t_pkey'), 't_pkey1');
  assert.equal(book.invent('t_pkey'), 't_pkey2');
});

const matches: readonly (readonly [readonly string[], readonly string[], Readonly<Record<string, string>>])[] = [
  [['User'], ['User', 'user'], { User: 'User exact' }],
  [['User'], ['user'], { User: 'user case' }],
  [['HostApiKey'], ['host_api_key'], { HostApiKey: 'host_api_key snake' }],
  [['host_api_key'], ['hostApiKey'], { host_api_key: 'hostApiKey snake' }],
  [['userID'], ['user_id'], { userID: 'user_id snake' }],
  [['HTTPServer'], ['http_server'], { HTTPServer: 'http_server snake' }],
  [['ab_c'], ['a_bc'], {}],
  [['User'], ['USER', 'user'], {}],
  [['userId', 'user_id'], ['userid', 'USER_ID'], { userId: 'userid case', user_id: 'USER_ID case' }],
  [['aB', 'a_b'], ['AB_', 'a_B'], { a_b: 'a_B case' }],
  [['Ä'], ['ä'], {}],
  [['n'.repeat(70)], [shortName('n'.repeat(70))], { ['n'.repeat(70)]: `${shortName('n'.repeat(70))} shortened` }],
];

test('names meet exactly, then without case, then as snake_case and camelCase, and never in doubt', () => {
  for (const [sources, targets, expected] of matches) {
    const found = [...matchNames(sources, targets)].map(([name, { target, how }]) => [name, `${target} ${how}`]);
    assert.deepEqual(Object.fromEntries(found), expected, sources.join());
  }
});
