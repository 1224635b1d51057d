import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const built = fileURLToPath(new URL('../../', import.meta.url));

/** Compiled files of ours that a file imports, at once or later. */
function importsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/^(?:import|export)\b[^;]*?from "(\.[^"]+)"|^import "(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/gm)]
    .map(([, from, whole, later]) => from ?? whole ?? later ?? '')
    .map((name) => resolve(dirname(path), name));
}

test('the command and its threads load nothing of ours but what the build has put together for them', () => {
  const left = new Set<string>();
  const walk = (path: string): void => {
    if (left.has(path)) return;
    assert.ok(existsSync(path), path);
    left.add(path);
    for (const imported of importsOf(path)) walk(imported);
  };
  const entries = [
    'src/cli/cli.js',
    ...readdirSync(join(built, 'workers'))
      .filter((name) => name.endsWith('.js'))
      .map((name) => `workers/${name}`),
  ];
  for (const entry of entries) walk(join(built, entry));
  const loaded = [...left].map((path) => relative(built, path)).filter((path) => !entries.includes(path));
  assert.ok(loaded.length > 20, `${loaded.length} shared files`);
  assert.deepEqual(
    loaded.filter((path) => !path.startsWith('src/bundle/')),
    [],
  );
});
