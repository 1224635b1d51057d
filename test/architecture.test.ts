import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hashSample } from '../src/encode/fingerprint/sample-hash.js';
import type { Kind } from '../src/model/kind.js';
import { codeOf, readPage, root, tableRows } from './support/page.js';

const page = readPage('docs/ARCHITECTURE.md');
const ledger = readPage('src/target/ledger/ledger.ts');
const firstCells = (...titles: readonly string[]) => tableRows(page, ...titles).flatMap(([cell = '']) => codeOf(cell));

test('the map names every folder and every file beside them, and nothing that is not there', () => {
  const folders = firstCells('folder', 'layer').map((path) => path.replace(/\/$/, ''));
  for (const path of folders) assert.ok(existsSync(join(root, path)), path);
  const inSource = readdirSync(join(root, 'src'));
  for (const name of inSource) assert.ok(folders.includes(`src/${name}`), `src/${name}`);
});

test('every thread entry has its line of messages', () => {
  const entries = readdirSync(join(root, 'workers')).filter((name) =>
    /^export default/m.test(readPage(`workers/${name}`)),
  );
  assert.deepEqual(firstCells('entry', 'job').sort(), entries.map((name) => name.replace('.ts', '')).sort());
});

test('every table of the ledger is there, in its order', () => {
  const tables = [...ledger.matchAll(/^CREATE TABLE \$\{name\('(\w+)'\)\}/gm)].map((match) => match[1]);
  assert.deepEqual(firstCells('ledger table'), tables);
});

test('every state of a run is there', () => {
  const states = /state text NOT NULL CHECK \(state IN \(([^)]+)\)\)/.exec(ledger)?.[1]?.match(/\w+/g);
  assert.deepEqual(firstCells('state of a run'), states);
});

test('the doors are those that the test of layers enforces', () => {
  const doors = [...readPage('test/layers.test.ts').matchAll(/^ {2}'?([\w-]+)'?: \[/gm)].map((match) => match[1] ?? '');
  const line = /^- A package is never imported but.+$/m.exec(page)?.[0] ?? '';
  assert.ok(doors.length > 5);
  for (const door of doors) assert.ok(line.includes(door), door);
});

test('every kind has its hash', () => {
  const model = readPage('src/model/kind.ts');
  const kinds = /export type Kind =(.+);\n/s.exec(model)?.[1] ?? '';
  const tags = [...kinds.matchAll(/tag: ([^;}]+)/g)].flatMap((match) => match[1]?.match(/\w+/g) ?? []);
  assert.ok(tags.length > 15);
  assert.deepEqual(firstCells('kind', 'H(value, seed)').sort(), tags.sort());
});

test('the check values of the fingerprint are what the encoder computes', () => {
  const kinds: Readonly<Record<string, Kind>> = {
    int8: { tag: 'int8' },
    float8: { tag: 'float8' },
    text: { tag: 'text', maxChars: null },
  };
  const rows = tableRows(page, 'value', 'seed', 'H');
  assert.ok(rows.length > 3);
  for (const [value = '', seed = '', hash = ''] of rows) {
    const [tag = '', text = ''] = codeOf(value);
    const kind = kinds[tag];
    assert.ok(kind !== undefined, tag);
    assert.deepEqual(codeOf(hash), [hashSample({ kind, text, seed })], value);
  }
});
