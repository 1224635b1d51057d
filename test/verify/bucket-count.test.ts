import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketCountFor } from '../../src/verify/table.js';

test('a table gets buckets by its rows, a power of two: few where it is small, and never more than 12 MB a side', () => {
  const counts = [0, 100, 256, 257, 16_384, 1_000_000, 1_048_577, 4_000_000, 1e12].map(bucketCountFor);
  assert.deepEqual(counts, [64, 64, 64, 128, 4096, 4096, 8192, 16_384, 2 ** 20]);
});
