import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatedParts, replacePart } from '../../tools/docs.js';
import { readPage } from '../support/page.js';

for (const part of generatedParts) {
  test(`the ${part.name} of ${part.path} are what the code says; else run make docs`, () => {
    const page = readPage(part.path);
    assert.equal(replacePart(page, part), page);
  });
}

test('a page without a place for its part is refused, and what stands around the place is kept', () => {
  const part = { path: 'page.md', name: 'x', render: () => 'new' };
  assert.equal(replacePart('a\n<!-- x -->\nold\n<!-- /x -->\nb', part), 'a\n<!-- x -->\nnew\n<!-- /x -->\nb');
  assert.throws(() => replacePart('<!-- /x --><!-- x -->', part), /page\.md has no <!-- x -->/);
});
