import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pagePaths, readPage } from '../support/page.js';

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

test('no path of a machine stands in the pages', () => {
  for (const path of pagePaths()) assert.doesNotMatch(readPage(path), /\/(home|root|tmp|work|Users)\/\w/, path);
});

function withoutCode(text: string): string {
  return text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '');
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
