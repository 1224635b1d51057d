import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeBlocks, pagePaths, readPage, tableRows } from '../support/page.js';

const page = readPage('docs/guide.md');
const makefile = readPage('Makefile');
const phony = /^\.PHONY: (.+)$/m.exec(makefile)?.[1]?.split(' ') ?? [];

/** The make targets that a page names, in its text or in its shell blocks. */
function targetsOf(text: string): string[] {
  const inText = [...text.matchAll(/`make ([\w-]+)/g)];
  const inBlocks = codeBlocks(text, 'sh').flatMap((block) => [...block.matchAll(/\bmake ([\w-]+)/g)]);
  return [...inText, ...inBlocks].map((match) => match[1] ?? '');
}

test('every make target that a page names exists', () => {
  for (const path of pagePaths()) {
    for (const target of targetsOf(readPage(path))) assert.ok(phony.includes(target), `make ${target} in ${path}`);
  }
});

test('every target for operators is in the guide, and every one for tests in CONTRIBUTING', () => {
  const inGuide = targetsOf(page);
  for (const target of phony.filter((name) => name.startsWith('db-pg'))) assert.ok(inGuide.includes(target), target);
  const inContributing = targetsOf(readPage('CONTRIBUTING.md'));
  for (const target of phony.filter((name) => name.startsWith('test')))
    assert.ok(inContributing.includes(target), target);
});

test('every target in the table of targets is the command beside it', () => {
  for (const [target = '', command = ''] of tableRows(page, 'make target')) {
    const name = target.slice('`make '.length, -1);
    const recipe = new RegExp(`^${name}:.*\\n\\t@\\$\\(PGFERRY\\) (.+?)( \\$\\(ARGS\\))?$`, 'm').exec(makefile)?.[1];
    assert.equal(`\`pgferry ${recipe}\``, command);
  }
});
