import assert from 'node:assert/strict';
import { test } from 'node:test';
import { habitRulesOf, policiesOf } from '../../src/plan/rules/rules.js';

const columns = {
  created_at: { unit: 's' },
  '*_at': { unit: 'ms', policies: { too_long: 'quarantine' } },
  '*': { unit: 'us', zone: 'Europe/Berlin', policies: { too_long: 'fail', not_json: 'quarantine' } },
  'a.c': { zone: 'UTC' },
} as const;
const rules = { policies: {}, tableRules: {}, columns };

test('of the patterns that fit a name the one with more letters goes first, key by key', () => {
  const of = (name: string) => {
    const { unit, zone } = habitRulesOf(rules, name);
    return [unit, zone];
  };
  assert.deepEqual(of('Created_At'), ['s', 'Europe/Berlin']);
  assert.deepEqual(of('seen_at'), ['ms', 'Europe/Berlin']);
  assert.deepEqual(of('seen_at_all'), ['us', 'Europe/Berlin']);
  assert.deepEqual(of('a.c'), ['us', 'UTC']);
  assert.deepEqual(of('abc'), ['us', 'Europe/Berlin']);
  assert.deepEqual(habitRulesOf({ policies: {}, tableRules: {} }, 'at'), { policies: {} });
});

test('policies by pattern beat those for all, and those of a table or a column beat them', () => {
  assert.deepEqual(policiesOf(rules, 't', 'seen_at'), { too_long: 'quarantine', not_json: 'quarantine' });
  const said = {
    policies: { too_long: 'quarantine' },
    columns: { seen_at: { policies: { not_json: 'fail' } } },
  } as const;
  const of = { ...rules, tableRules: { t: said } };
  assert.deepEqual(policiesOf(of, 't', 'created_at'), { too_long: 'quarantine', not_json: 'quarantine' });
  assert.deepEqual(policiesOf(of, 't', 'seen_at'), { too_long: 'quarantine', not_json: 'fail' });
  assert.deepEqual(policiesOf(rules, 't'), {});
});
