import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withFolder } from './support/folder.js';
import { writeGroups } from './support/groups.js';
import { readPage } from './support/page.js';

const runner = fileURLToPath(new URL('./run.js', import.meta.url));

test("the runner says how many files it runs, how long they took, and ends with the closing lines of Node's own", () => {
  // NODE_TEST_CONTEXT tells Node that it runs within a test, and would change what it prints.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const said = execFileSync(process.execPath, [runner, '--unit', 'report/units', 'plan/sizes'], {
    env,
    encoding: 'utf8',
  });
  assert.match(said, /^2 test files\n/);
  assert.match(said, /\ntook [\d.]+ (?:ms|s|min \d\d s)\n.*ℹ tests/);
  const closing = said.trimEnd().split('\n').slice(-8);
  assert.match(
    closing.join('\n'),
    /^ℹ tests [1-9]\d*\nℹ suites 0\nℹ pass [1-9]\d*\nℹ fail 0\nℹ cancelled 0\nℹ skipped 0\nℹ todo 0\nℹ duration_ms [\d.]+$/,
  );
});

test('the check of the project is make test, and that is the runner over all files', () => {
  assert.match(readPage('.ci/run'), /\nexec make test\n$/);
  assert.match(readPage('Makefile'), /^test: build lint\n\t@\$\(NODE\) dist\/test\/run\.js\n/m);
});

test('of the groups of fast files each loads its own, and together they load all', async () => {
  await withFolder((folder) => {
    const paths = Array.from({ length: 15 }, (_, index) => `/built/a file ${index}.test.js`);
    const groups = writeGroups(paths, folder, 4);
    const loaded = groups.flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/^import '(.*)';$/gm)]);
    assert.equal(groups.length, 4);
    assert.deepEqual(loaded.map(([, url = '']) => fileURLToPath(url)).sort(), [...paths].sort());
  });
});
