import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { codes } from '../../src/model/codes/codes.js';
import { exitCodeOf, exitCodes } from '../../src/model/error.js';
import { hazards } from '../../src/plan/findings/hazards.js';
import { codeOf, readPage, root, tableRows } from '../support/page.js';

const listed = Object.keys(codes);
const classes = new Set(listed.map((code) => code.slice(0, code.indexOf('.'))));

/** Codes that occur in the source, as literals or made of a class and a name; the list of codes itself aside. */
function usedCodes(): Set<string> {
  const texts = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('model/codes/'))
    .map((name) => readPage(`src/${name}`));
  const literals = texts.flatMap((text) =>
    [...text.matchAll(/'([a-z]+\.[a-z_0-9]+)'/g)].map((match) => match[1] ?? ''),
  );
  const made = [
    ...Object.keys(hazards).map((hazard) => `data.${hazard}`),
    ...['cutover', 'rollback'].map((name) => `${name}.refused`),
  ];
  return new Set([...literals, ...made]);
}

/** Files that are named like codes. */
const files = /\.(json|log|env|db|sh|html|sql|ts|conf|pid|sha256|jsonl|wasm)$/;

test('every code that occurs in the source is listed', () => {
  const used = [...usedCodes()].filter((code) => classes.has(code.slice(0, code.indexOf('.'))) && !files.test(code));
  assert.ok(used.length > 200);
  for (const code of used) assert.ok(listed.includes(code), code);
});

test('every code that is listed occurs in the source', () => {
  const used = usedCodes();
  for (const code of listed) assert.ok(used.has(code), code);
});

test('every code is in the page, with a meaning and something to do, one sentence at least', () => {
  const rows = new Map(
    tableRows(readPage('docs/troubleshooting.md'), 'code', 'what it means').map(([code = '', ...texts]) => [
      codeOf(code)[0],
      texts,
    ]),
  );
  assert.equal(rows.size, listed.length);
  for (const code of listed) {
    for (const text of rows.get(code) ?? ['']) assert.match(text, /^[A-Z`].+\.$/, `${code}: ${text}`);
  }
});

test('every class of codes that ends the command has an exit code of its own', () => {
  for (const name of classes) {
    const isFindingOnly = name === 'verify' || name === 'shadow';
    const isBug = exitCodeOf(`${name}.x`) === exitCodes.bug;
    assert.equal(isBug, isFindingOnly || name === 'bug', name);
  }
});
