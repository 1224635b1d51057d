import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdHeap } from '../../src/platform/heap.js';

/** Makes objects of which many live on for a while, as a run of many tables does. */
function churn(): number {
  let kept: unknown[] = [];
  for (let index = 0; index < 2_000_000; index++) {
    kept.push({ index, text: [index] });
    if (kept.length > 100_000) kept = [];
  }
  return kept.length;
}

test('a heap that has grown since the first piece of work is given back', async () => {
  const shrink = holdHeap();
  await shrink();
  const before = process.memoryUsage().heapTotal;
  churn();
  const grown = process.memoryUsage().heapTotal;
  assert.ok(grown > before + 10_000_000, 'the work has made the heap grow');
  await shrink();
  assert.ok(process.memoryUsage().heapTotal < grown - 10_000_000, 'what it held is given back');
});
