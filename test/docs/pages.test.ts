import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { codeOf, pagePaths, readPage, root } from '../support/page.js';

test('pages that a page refers to are there, and so are the parts of them', () => {
  for (const path of pagePaths()) {
    for (const [, link = ''] of withoutCode(readPage(path)).matchAll(/\]\(([^):]+)\)/g)) {
      const [name = '', part] = link.split('#');
      const target = name === '' ? path : join(dirname(path), name);
      const text = readPage(target);
      assert.ok(text.length > 0, `${link} in ${path}`);
      if (part !== undefined) assert.ok(partsOf(text).includes(part), `${link} in ${path}`);
    }
  }
});

test('every page of docs is named in the README', () => {
  const readme = readPage('README.md');
  for (const path of pagePaths().filter((one) => one.startsWith('docs/')))
    assert.ok(readme.includes(`](${path})`), path);
});

test('files and folders of the source that a page names are there', () => {
  for (const path of pagePaths()) {
    for (const name of codeOf(withoutBlocks(readPage(path)))) {
      if (!/^[\w-]+\/[\w./-]*(\.ts|\/)$/.test(name) || generatedFolder.test(name)) continue;
      const isThere = [name, `src/${name}`].some((one) => existsSync(join(root, one)));
      assert.ok(isThere, `${name} in ${path}`);
    }
  }
});

test('every row of a table has as many cells as its head', () => {
  for (const path of pagePaths()) {
    let width = 0;
    for (const line of withoutBlocks(readPage(path)).split('\n')) {
      const cells = line.startsWith('|') ? line.split(/(?<!\\)\|/).length : 0;
      if (width !== 0 && cells !== 0) assert.equal(cells, width, `${line} in ${path}`);
      width = cells;
    }
  }
});

test('no path of a machine stands in the pages', () => {
  for (const path of pagePaths()) assert.doesNotMatch(readPage(path), /\/(home|root|tmp|work|Users)\/\w/, path);
});

/** Folders that a cutover makes, and no part of the source. */
const generatedFolder = /^(migration|acceptance)\/$/;

function withoutBlocks(text: string): string {
  return text.replace(/^```.*?^```$/gms, '');
}

function withoutCode(text: string): string {
  return withoutBlocks(text).replace(/`[^`\n]*`/g, '');
}

/** The names by which a page's headings are referred to, as GitHub makes them. */
function partsOf(text: string): string[] {
  return [...withoutCode(text.replace(/`([^`\n]*)`/g, '$1')).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
