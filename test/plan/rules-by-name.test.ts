import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPatterns, habitRulesOf } from '../../src/plan/rules/habits.js';
import { policiesOf, typeRuleOf } from '../../src/plan/rules/rules.js';

const columns = {
  created_at: { unit: 's' },
  '*_at': { unit: 'ms', policies: { too_long: 'quarantine' } },
  '*': { unit: 'us', zone: 'Europe/Berlin', policies: { too_long: 'fail', not_json: 'quarantine' } },
  'a.c': { zone: 'UTC' },
} as const;
const rules = { policies: {}, tableRules: {}, columns };
const named = (name: string, declaredType = '') => ({ name, declaredType });

test('of the patterns that fit a name the one with more letters goes first, key by key', () => {
  const of = (name: string) => {
    const { unit, zone } = habitRulesOf(rules, named(name));
    return [unit, zone];
  };
  assert.deepEqual(of('Created_At'), ['s', 'Europe/Berlin']);
  assert.deepEqual(of('seen_at'), ['ms', 'Europe/Berlin']);
  assert.deepEqual(of('seen_at_all'), ['us', 'Europe/Berlin']);
  assert.deepEqual(of('a.c'), ['us', 'UTC']);
  assert.deepEqual(of('abc'), ['us', 'Europe/Berlin']);
  assert.deepEqual(habitRulesOf({ policies: {}, tableRules: {} }, named('at')), { policies: {} });
});

test('policies by pattern beat those for all, and those of a table or a column beat them', () => {
  assert.deepEqual(policiesOf(rules, 't', named('seen_at')), { too_long: 'quarantine', not_json: 'quarantine' });
  const said = {
    policies: { too_long: 'quarantine' },
    columns: { seen_at: { policies: { not_json: 'fail' } } },
  } as const;
  const of = { ...rules, tableRules: { t: said } };
  assert.deepEqual(policiesOf(of, 't', named('created_at')), { too_long: 'quarantine', not_json: 'quarantine' });
  assert.deepEqual(policiesOf(of, 't', named('seen_at')), { too_long: 'quarantine', not_json: 'fail' });
  assert.deepEqual(policiesOf(rules, 't'), {});
});

test('a declaration fits whatever its length, unless the pattern names one, and names beat declarations', () => {
  const declared = {
    VARCHAR: { policies: { too_long: 'truncate' } },
    'varchar( 30 )': { type: 'text' },
    'TINY*': 'smallint',
    'tinyint(1)': 'boolean',
    '': 'text',
    INTEGER: { type: 'integer', unit: 's' },
  } as never;
  const of = { policies: {}, tableRules: { t: { columns: { c: { type: 'bigint' } } } }, declared, columns };
  const type = (declaredType: string, name = 'x') => typeRuleOf(of, 't', named(name, declaredType));
  assert.deepEqual(
    [type('TINYINT'), type('TinyInt (1)'), type('VARCHAR(30)'), type('VARCHAR(31)'), type('integer'), type('')],
    ['smallint', 'boolean', 'text', undefined, 'integer', 'text'],
  );
  assert.equal(type('INTEGER', 'c'), 'bigint');
  assert.deepEqual(policiesOf({ ...of, columns: {} }, 't', named('x', 'VARCHAR(9)')), { too_long: 'truncate' });
  assert.equal(habitRulesOf(of, named('seen_at', 'INTEGER')).unit, 'ms');
  assert.equal(habitRulesOf(of, named('seen', 'INTEGER')).unit, 'us');
});

test('a declaration that the source does not have is refused', () => {
  const table = { name: 't', columns: [named('a', 'INT'), named('b', 'VARCHAR(9)')] };
  const source = { tables: [table] } as never;
  const of = { policies: {}, tableRules: {}, declared: { INTEGER: 'integer', VARCHAR: 'text', 'int*': 'bigint' } };
  assert.deepEqual(
    checkPatterns(of, source).map(({ message }) => message),
    ['the config file has rules for columns declared INTEGER, but the source has none'],
  );
});
