import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SchemaObject } from '../../../src/model/schema.js';
import type { TargetAddress } from '../../../src/model/target.js';
import { keepDraft, knownDraft } from '../../../src/run/schema/known-drafts.js';

const address = { host: 'db', port: 5432, database: 'app' } as TargetAddress;
const statementsIn = (schema: string, type = 'bigint') => [`CREATE TABLE "${schema}"."t" ("id" ${type})`];
const columnOf = (definition: string) => [{ kind: 'column', table: 't', name: 'id', definition } as SchemaObject];

test('what a translation makes is known in other schemas of the same target, and nowhere else', () => {
  keepDraft(address, { schema: 'a', statements: statementsIn('a') }, columnOf('bigint'));
  const inB = { schema: 'b', statements: statementsIn('b') };
  assert.deepEqual(knownDraft(address, inB), columnOf('bigint'));
  assert.equal(knownDraft({ ...address, database: 'other' }, inB), null);
  assert.equal(knownDraft(address, { schema: 'b', statements: statementsIn('b', 'text') }), null);
  // A type of the schema's own is another one elsewhere.
  const own = { schema: 'own', statements: statementsIn('own', '"own"."mood"') };
  keepDraft(address, own, columnOf('own.mood'));
  assert.equal(knownDraft(address, own), null);
});
