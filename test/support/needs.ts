import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a test file needs beside this process: a PostgreSQL, another process (most often the real command), or a browser. */
export type Need = 'server' | 'process' | 'browser';

/** The compiled tree in which this module stands, with the tests under `test`. */
const built = fileURLToPath(new URL('../../', import.meta.url));

/** Whoever imports one of these has the need. Everything that a test uses of the kind goes through them. */
const doors: ReadonlyMap<string, Need> = new Map([
  [join(built, 'test/support/database.js'), 'server'],
  [join(built, 'src/target/embedded/embedded.js'), 'server'],
  ['node:child_process', 'process'],
  ['playwright-core', 'browser'],
]);

/**
 * What a compiled test file needs, found by following its imports through the tests and what measures or makes samples
 * for them. Imports within `src` are not followed: a module that could start a server is not yet a server.
 */
export function needsOf(path: string): ReadonlySet<Need> {
  const needs = new Set<Need>();
  const left = new Set<string>();
  const walk = (file: string): void => {
    if (left.has(file)) return;
    left.add(file);
    for (const imported of importsOf(file)) {
      const need = doors.get(imported);
      if (need !== undefined) needs.add(need);
      else if (isFollowed(imported)) walk(imported);
    }
  };
  walk(resolve(path));
  return needs;
}

/** A file that needs nothing beside this process belongs to the fast set. */
export function isUnit(path: string): boolean {
  return needsOf(path).size === 0;
}

/** Packages by name, files by absolute path. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm)]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .map((name) => (name.startsWith('.') ? resolve(dirname(file), name) : name));
}

function isFollowed(path: string): boolean {
  const inBuilt = relative(built, path);
  return path.endsWith('.js') && !inBuilt.startsWith('..') && !inBuilt.startsWith(`src${sep}`);
}
