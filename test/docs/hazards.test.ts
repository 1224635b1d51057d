import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeOf, readPage, root } from '../support/page.js';

const page = readPage('docs/hazards.md');

test('every kind of file names the test that holds it, and every file of cases is named', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && !/^\| (what is there|---)/.test(line));
  assert.ok(rows.length > 25);
  const named = rows.map((row) => codeOf(row.split('|').at(-2) ?? ''));
  for (const [at, files] of named.entries()) {
    assert.ok(files.length > 0, rows[at]);
    for (const file of files) assert.ok(existsSync(join(root, file)), file);
  }
  const cases = readdirSync(join(root, 'test/cases')).filter((name) => name.endsWith('.test.ts'));
  for (const name of cases) assert.ok(named.flat().includes(`test/cases/${name}`), name);
});
