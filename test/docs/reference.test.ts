import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRules } from '../../src/cli/config-file.js';
import { optionRows } from '../../src/cli/options/table.js';
import { readSettings } from '../../src/cli/settings.js';
import { exitCodes } from '../../src/model/error.js';
import { codeBlocks, codeOf, readPage, tableRows } from '../support/page.js';

const page = readPage('docs/reference.md');
test('every option is in the tables of flags', () => {
  const flags = tableRows(page, 'flag', 'environment').map(([flag = '']) => codeOf(flag)[0]?.split(' ')[0]);
  assert.deepEqual(flags.sort(), optionRows.map(({ flag }) => `--${flag}`).sort());
});

test('the config files of the pages are ones that pgferry takes', async () => {
  const pages = ['README.md', 'docs/reference.md', 'docs/values.md'].map(readPage);
  const configs = pages
    .flatMap((text) => codeBlocks(text, 'json'))
    .map((text) => JSON.parse(text) as Record<string, unknown>);
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
