import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkWaiver, columnWaiver, isWaived, virtualWaiver } from '../../../src/plan/findings/waive.js';

test('a thing is given up by its name or with all of its kind, rows of virtual tables by name alone', () => {
  assert.ok(isWaived(['check:film'], checkWaiver('film')));
  assert.ok(isWaived(['check:*'], checkWaiver('film')));
  assert.ok(isWaived(new Set(['default:*']), columnWaiver('default', { table: 'a:b', column: 'c' })));
  assert.ok(!isWaived(['check:*', 'index:film', '*'], columnWaiver('generated', { table: 'film', column: 'c' })));
  assert.ok(!isWaived([], checkWaiver('film')));
  assert.ok(!isWaived(['virtual:*'], virtualWaiver('notes')));
  assert.ok(isWaived(['virtual:notes'], virtualWaiver('notes')));
});
