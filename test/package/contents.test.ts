import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { root } from '../support/page.js';
import { pack, run } from './packed.js';

const folder = mkdtempSync(join(tmpdir(), 'pgferry-pack-'));
let tarball = '';
let names: string[] = [];

before(() => {
  tarball = pack(folder);
  names = run('tar', ['tzf', tarball], folder).stdout.trim().split('\n');
});
after(() => rmSync(folder, { recursive: true, force: true }));

const bin = (name: string) => join(root, 'node_modules/.bin', name);

test('a package of a clone that was never built holds what it needs', () => {
  const wanted = [
    'start.js',
    'pgferry.js',
    'pgferry.d.ts',
    'config.schema.json',
    'encode/kernel/kernel.wasm',
    'source/census/class-kernel/kernel.wasm',
    'verify/kernel/kernel.wasm',
    'source/census/kernel/kernel.wasm',
    'run/recipes/directus.json',
  ];
  for (const name of wanted) assert.ok(names.includes(`package/dist/src/${name}`), name);
  for (const name of ['dist/workers/copy.js', 'README.md', 'LICENSE', 'CHANGELOG.md', 'docs/guide.md']) {
    assert.ok(names.includes(`package/${name}`), name);
  }
});

test('it holds neither maps nor sources, and nothing of the tests', () => {
  const strange = names.filter((name) => /\.map$|(?<!\.d)\.ts$|\/(test|bench|tools|prisma)\//.test(name));
  assert.deepEqual(strange, []);
});

test('publint finds nothing', () => {
  const { exitCode, output } = run(bin('publint'), ['run', '--strict', tarball], root);
  assert.equal(exitCode, 0, output);
  assert.match(output, /All good!/);
});

test('attw resolves every entry with its types', () => {
  const args = [tarball, '--profile', 'esm-only', '--no-emoji', '--no-color', '--format', 'ascii'];
  const { exitCode, output } = run(bin('attw'), args, root);
  assert.equal(exitCode, 0, output);
  for (const entry of ['pgferry', 'pgferry/config.schema.json', 'pgferry/package.json']) {
    assert.ok(output.includes(`"${entry}"`), `${entry}\n${output}`);
  }
});
