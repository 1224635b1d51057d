import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GivenFlags, assignSides, positionalSides } from '../../src/cli/positional.js';

const url = 'postgresql://app:CANARY@db/app';

const placed: readonly (readonly [words: readonly string[], flags: GivenFlags, wanted: GivenFlags])[] = [
  [[], { sourcePath: 'a.db' }, { sourcePath: 'a.db' }],
  [['a.db', url], {}, { sourcePath: 'a.db', targetUrl: url }],
  [['a.db'], {}, { sourcePath: 'a.db' }],
  [[url], {}, { targetUrl: url }],
  [[url], { sourcePath: 'a.db' }, { sourcePath: 'a.db', targetUrl: url }],
  [['a.db'], { targetUrl: url, json: true }, { sourcePath: 'a.db', targetUrl: url, json: true }],
];

for (const [words, flags, wanted] of placed) {
  test(`the words ${JSON.stringify(words)} with the flags ${JSON.stringify(Object.keys(flags))} name both sides`, () => {
    assert.deepEqual(assignSides(words, flags), wanted);
  });
}

test('sides that are swapped, or named twice, are refused without their secrets', () => {
  for (const [words, flags, code, says] of [
    [[url, 'a.db'], {}, 'usage.swapped_sides', /"postgresql:\/\/…@db\/app" is the target/],
    [['a.db'], { sourcePath: 'b.db' }, 'usage.combination', /the source is named twice: "a\.db", and with --source/],
    [[url], { targetUrl: 'x' }, 'usage.combination', /the target is named twice: "postgresql:\/\/…@db\/app"/],
    [['a.db', url], { targetUrl: url }, 'usage.combination', /the target is named twice/],
  ] as const) {
    assert.throws(
      () => assignSides(words, flags),
      (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, code);
        assert.match(error.message, says);
        assert.doesNotMatch(error.message + error.hint, /CANARY/);
        return true;
      },
    );
  }
});

test('a command takes the sides that it has', () => {
  assert.deepEqual(
    positionalSides('census').map(({ name }) => name),
    ['source'],
  );
  assert.deepEqual(
    positionalSides('migrate').map(({ name }) => name),
    ['source', 'target'],
  );
});
