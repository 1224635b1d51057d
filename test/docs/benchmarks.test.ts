import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPage } from '../support/page.js';

const page = readPage('docs/benchmarks.md');

test('the bound on memory is the one that --memory-limit counts with', () => {
  const bound = /about (\d+) MB \+ workers × \((\d+) MB \+ 2 × `--block-bytes`\)/.exec(page);
  const source = readPage('src/run/load/copy-threads.ts');
  assert.equal(/^const processMb = (\d+);$/m.exec(source)?.[1], bound?.[1]);
  assert.equal(/^const threadMb = (\d+);$/m.exec(source)?.[1], bound?.[2]);
});

test('the place for the measured figures is there, once in each page', () => {
  for (const path of ['README.md', 'docs/benchmarks.md']) {
    assert.equal(readPage(path).split('<!-- bench -->').length, 2, path);
    assert.match(readPage(path), /<!-- bench -->[\s\S]+<!-- \/bench -->/, path);
  }
});

test('the README has no figure that is missed, and the page has all that must be reached', () => {
  assert.doesNotMatch(readPage('README.md'), /MISSED|\| must be \|/);
  assert.match(page, /^\| figure \| must be \| is \|/m);
});
