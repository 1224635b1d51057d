import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hazards } from '../../src/plan/findings/hazards.js';
import { codeOf, readPage, root, tableRows } from '../support/page.js';

const page = readPage('docs/values.md');

test('every hazard that a policy can name is in its table, with its rules', () => {
  const rows = tableRows(page, 'hazard', 'what it is');
  const listed = new Map(
    rows.flatMap(([names = '', , rules = '']) =>
      codeOf(names).map((name) => [name, codeOf(rules).filter((rule) => /^[a-z][a-z0-9-]*$/.test(rule))] as const),
    ),
  );
  for (const [name, { rules }] of Object.entries(hazards)) assert.deepEqual(listed.get(name), rules, name);
  assert.equal(listed.size, Object.keys(hazards).length);
});

test('every code with which the encoder refuses a value is a hazard', () => {
  const files = readdirSync(join(root, 'src/encode'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readPage(`src/encode/${name}`));
  const codes = files.flatMap((text) => [...text.matchAll(/'data\.(\w+)'/g)].map((match) => match[1] ?? ''));
  assert.ok(codes.length > 20);
  for (const code of codes) assert.ok(code in hazards, code);
});
