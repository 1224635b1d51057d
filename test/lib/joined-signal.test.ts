import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { withJoinedSignal } from '../../src/lib/joined-signal.js';

test('a joined signal fires with the first of its sources, and leaves nothing behind in either', async () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const signals = [one.signal, other.signal];
  for (let round = 0; round < 3; round++) {
    assert.equal(await withJoinedSignal(signals, async ({ aborted }) => aborted), false);
  }
  assert.deepEqual(
    signals.map((signal) => getEventListeners(signal, 'abort').length),
    [0, 0],
  );
  const reason = new Error('the other one');
  const fired = withJoinedSignal(signals, async (joined) => {
    other.abort(reason);
    return [joined.aborted, joined.reason];
  });
  assert.deepEqual(await fired, [true, reason]);
  assert.deepEqual(await withJoinedSignal(signals, async (joined) => [joined.aborted, joined.reason]), [true, reason]);
});
