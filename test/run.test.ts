import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readPage } from './support/page.js';

const runner = fileURLToPath(new URL('./run.js', import.meta.url));

test("the runner says how many files it runs, and ends with the closing lines of Node's own", () => {
  // NODE_TEST_CONTEXT tells Node that it runs within a test, and would change what it prints.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const said = execFileSync(process.execPath, [runner, '--unit', 'report/units', 'plan/sizes'], {
    env,
    encoding: 'utf8',
  });
  assert.match(said, /^2 test files\n/);
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
