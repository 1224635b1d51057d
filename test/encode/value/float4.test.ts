import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printedFloat4 } from '../../../src/encode/value/float4.js';

test('a decimal midway between two float4 names neither, as PostgreSQL prints them', () => {
  assert.equal(printedFloat4(49195190), 49195192);
  assert.equal(printedFloat4(-49195190), -49195192);
  assert.equal(printedFloat4(0.1), 0.1);
  assert.equal(printedFloat4(16777216), 16777216);
  assert.equal(printedFloat4(3.4028235e38), 3.4028235e38);
});
