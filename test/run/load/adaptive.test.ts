import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Adaptive } from '../../../src/run/control/adaptive.js';

const calm = { commitMs: 5, othersRunning: 1 };

/** What is decided after these looks, of eight workers. */
function after(...samples: readonly { readonly commitMs: number; readonly othersRunning: number | null }[]) {
  const adaptive = new Adaptive(8);
  return samples.map((sample) => adaptive.note(sample));
}

test('a slow commit halves the workers, down to one, and says why', () => {
  const slow = { commitMs: 90, othersRunning: 1 };
  const decided = after(calm, calm, calm, slow, slow, slow, slow);
  assert.deepEqual(
    decided.map(({ workers }) => workers),
    [8, 8, 8, 4, 2, 1, 1],
  );
  assert.equal(decided[3]?.reason, 'a commit takes 90 ms, usually 5.0 ms');
  assert.equal(decided[6]?.reason, null);
});

test('many statements of others do the same, where they can be seen', () => {
  const busy = { commitMs: 5, othersRunning: 9 };
  assert.equal(after(calm, calm, calm, busy).at(-1)?.reason, 'others run 9 statements, usually 1');
  assert.equal(after(calm, calm, calm, { commitMs: 5, othersRunning: null }).at(-1)?.workers, 8);
});

test('while it is calm one more is tried after five looks, up to all', () => {
  const looks = Array.from({ length: 12 }, () => calm);
  const decided = after(calm, calm, calm, { commitMs: 90, othersRunning: 1 }, ...looks);
  assert.deepEqual([decided[8]?.workers, decided[13]?.workers, decided[15]?.workers], [5, 6, 6]);
});
