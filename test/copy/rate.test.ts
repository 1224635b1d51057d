import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitOf } from '../../src/copy/rate.js';

const free = { bytesPerSecond: null, rowsPerSecond: null };
const sent = { rows: 1000, bytes: 50_000 };

test('a run waits for exactly the time that its rows or bytes are ahead of their limit, whichever is more', () => {
  assert.equal(waitOf({ ...free, rowsPerSecond: 500 }, sent, 0), 2000);
  assert.equal(waitOf({ ...free, rowsPerSecond: 500 }, sent, 1500), 500);
  assert.equal(waitOf({ ...free, bytesPerSecond: 10_000 }, sent, 1500), 3500);
  assert.equal(waitOf({ rowsPerSecond: 500, bytesPerSecond: 10_000 }, sent, 1500), 3500);
});

test('a run that is behind its limit, or has none, does not wait', () => {
  assert.equal(waitOf({ ...free, rowsPerSecond: 500 }, sent, 2001), 0);
  assert.equal(waitOf(free, sent, 0), 0);
});
