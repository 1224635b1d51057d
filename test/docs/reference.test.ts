import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRules } from '../../src/cli/config-file.js';
import { commandRows, defaultOf } from '../../src/cli/help.js';
import { optionTable } from '../../src/cli/option-table.js';
import type { OptionRow } from '../../src/cli/option-row.js';
import { readSettings } from '../../src/cli/settings.js';
import { exitCodes } from '../../src/model/error.js';
import { codeBlocks, readPage, tableRows } from '../support/page.js';

const page = readPage('docs/reference.md');
const commandNames = commandRows.map(({ name }) => name);

const commandLineOnly = new Set(['json', 'quiet']);

const code = (text: string) => `\`${text}\``;

function optionCells(row: OptionRow): string[] {
  const isPlain = /^(an|one|as) /.test(row.standardText ?? '');
  const standard = defaultOf(row);
  const value = standard === null ? 'none' : isPlain ? standard : code(standard);
  return [
    code(`--${row.flag}${row.value === null ? '' : ` <${row.value}>`}`),
    row.env.length === 0 ? '–' : row.env.map(code).join(', '),
    commandLineOnly.has(row.setting) ? '–' : code(row.setting),
    row.value === null ? 'off' : value,
    row.help,
    row.commands.length === commandNames.length
      ? 'all'
      : commandNames.filter((name) => row.commands.includes(name)).join(' '),
  ];
}

test('the tables of flags are the table of options: every flag, variable, key, default, meaning and command', () => {
  const inPage = tableRows(page, 'flag', 'environment').sort();
  assert.deepEqual(inPage, optionTable.map(optionCells).sort());
});

test('the config files of the page are ones that pgferry takes', async () => {
  const configs = codeBlocks(page, 'json').map((text) => JSON.parse(text) as Record<string, unknown>);
  for (const config of configs) await checkRules(config);
  const settings = configs.map((config) => readSettings({ command: 'migrate', flags: {}, env: {}, config }));
  assert.ok(settings.some(({ chunkBytes }) => chunkBytes === 32 * 1024 * 1024));
});

test('every exit code is listed, and no other', () => {
  const listed = tableRows(page, 'exit code').map(([number]) => Number(number));
  assert.deepEqual(
    listed.sort((a, b) => a - b),
    Object.values(exitCodes).sort((a, b) => a - b),
  );
});
