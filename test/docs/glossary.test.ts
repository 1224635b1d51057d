import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeOf, readPage, root } from '../support/page.js';

const page = readPage('docs/glossary.md');
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  // Compiled as a program of its own, which shares no names with the rest.
  .filter((name) => name.endsWith('.ts') && !name.includes('/assembly/'))
  .map((name) => ({ name, text: readFileSync(join(root, 'src', name), 'utf8') }));

/** Exports that share a name, with the reason why they may. */
const sharedNames: Readonly<Record<string, string>> = {
  Database: 'the class and its type, from one door',
  Policy: 'the library has a stricter form of the same',
  Policies: 'the library has a stricter form of the same',
  ColumnRules: 'the library has a stricter form of the same',
  TableRules: 'the library has a stricter form of the same',
  HabitRules: 'the library has a stricter form of the same',
};

test('what the glossary names in the code is exported there', () => {
  const named = exportedNames(files.map(({ text }) => text).join('\n'));
  const rows = page.split('\n').filter((line) => /^\| (?!word |---)/.test(line));
  assert.ok(rows.length > 50, 'the tables of the glossary');
  for (const row of rows) {
    const cells = row.split('|');
    for (const name of codeOf(cells[3] ?? '')) assert.ok(named.includes(name), `${name} of${cells[1]}`);
  }
});

test('a word stands in the glossary once', () => {
  const words = [...page.matchAll(/^\| (?!word |---)([^|]+) \|/gm)].flatMap(([, cell = '']) => cell.split(', '));
  assert.deepEqual(repeated(words), ['close'], 'a connection and a database are closed');
});

test('no two exports of the source share a name, but for those with a reason', () => {
  const names = files.flatMap(({ name, text }) => [...new Set(exportedNames(text))].map((one) => ({ name, one })));
  const found = repeated(names.map(({ one }) => one)).filter((one) => !(one in sharedNames));
  const where = names.filter(({ one }) => found.includes(one)).map(({ name, one }) => `${one} of ${name}`);
  assert.deepEqual(where, []);
});

test('nothing in the source is named by a word that a reader has to guess at', () => {
  const [, list = ''] = /^A reader has to guess at these.*?by them: (.*?)\. /m.exec(page) ?? [];
  const words = codeOf(list);
  assert.ok(words.length > 10, 'the words that are not used');
  const forbidden = new RegExp(`_(${words.map((word) => snakeOf(word)).join('|')})s?_`);
  const found = files.flatMap(({ name, text }) =>
    declaredNames(text)
      .filter((one) => one !== 'isKept' && forbidden.test(`_${snakeOf(one)}_`))
      .map((one) => `${one} of ${name}`),
  );
  assert.deepEqual(found, []);
});

function exportedNames(text: string): string[] {
  const pattern = /^export (?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type) (\w+)/gm;
  return [...text.matchAll(pattern)].map(([, name = '']) => name);
}

/** Names of variables, functions, types, members and parameters, as far as a pattern finds them. */
function declaredNames(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  const patterns = [
    /\b(?:const|let|function\*?|class|interface|type) (\w+)/g,
    /^\s*(?:readonly |static |async |get |set |\*)*#?(\w+)\??(?:\(|: |<)/gm,
    /(?:[(,] ?)(\w+)\??: /g,
  ];
  return [...new Set(patterns.flatMap((pattern) => [...code.matchAll(pattern)].map(([, name = '']) => name)))];
}

/** `roomTriesMax` as `room_tries_max`. */
function snakeOf(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].sort();
}
