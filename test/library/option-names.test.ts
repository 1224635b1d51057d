import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandRows } from '../../src/cli/help.js';
import { optionsOf } from '../../src/cli/options/table.js';
import * as library from '../../src/pgferry.js';
import { optionNames } from '../../src/library/option-names.js';
import { codeOf, readPage, tableRows } from '../support/page.js';

/** What no flag stands for: the call itself, and rules, which only a config file has room for. */
const withoutFlag = [
  'signal',
  'onEvent',
  'action',
  'policies',
  'tableRules',
  'columns',
  'declared',
  'search',
  'virtualTables',
  'shadowReads',
  'switch',
  'hooks',
  'health',
  'group',
];
/** Settings of a command line alone, or those by which a person shows that he means it. */
const commandLine = [
  'watch',
  'json',
  'quiet',
  'progress',
  'metricsFile',
  'metricsPort',
  'confirm',
  'yes',
  'rollbackSha256',
  'rollbackSnapshot',
];

const camelCase = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

test('every command is a function of the library, and the page lists them all', () => {
  const functions = Object.entries(library).flatMap(([name, value]) =>
    /^[a-z]/.test(name) ? [[name, typeof value]] : [],
  );
  for (const { name } of commandRows.filter(({ name }) => name !== 'init-config' && name !== 'control'))
    assert.ok(
      functions.some(([given, type]) => given === camelCase(name) && type === 'function'),
      name,
    );
  const listed = tableRows(readPage('docs/library.md'), 'function').map(([cell = '']) => codeOf(cell)[0] ?? '');
  assert.deepEqual(listed.sort(), functions.map(([name = '']) => name).sort());
});

for (const name of [
  'census',
  'init',
  'plan',
  'copy',
  'migrate',
  'verify',
  'shadow',
  'accept',
  'quarantine',
  'status',
  'cutover',
  'rollback',
  'release',
  'settle-cutover',
] as const) {
  test(`${name}() takes only what the command of this name takes, and nothing that belongs to a command line`, () => {
    const settings: readonly string[] = optionsOf(name).map(({ setting }) => setting);
    for (const option of optionNames(name)) {
      if (withoutFlag.includes(option)) continue;
      assert.ok(settings.includes(option), option);
      assert.ok(!commandLine.includes(option), option);
    }
  });
}
