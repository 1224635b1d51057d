import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = findRoot(fileURLToPath(new URL('.', import.meta.url)));

/** The folders whose files may know more than one room. */
const conductors = new Set(['commands', '']);
const doors: Readonly<Record<string, readonly string[]>> = {
  'better-sqlite3': ['src/source/sqlite.ts'],
  'better-sqlite3-13': [],
  pg: ['src/target'],
  'pg-copy-streams': ['src/target'],
  piscina: ['src/pool/threads.ts'],
  commander: ['src/commands/program.ts'],
  ajv: ['src/commands/config-file.ts'],
  'jsonc-parser': ['src/commands/config-file.ts'],
  'cli-progress': ['src/report/progress.ts'],
  'cli-table3': ['src/report/table.ts'],
};

interface SourceFile {
  /** Path from the root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function findRoot(folder: string): string {
  return readdirSync(folder).includes('package.json') && readdirSync(folder).includes('src')
    ? folder
    : findRoot(dirname(folder));
}

function readFiles(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => {
      const path = join(folder, name);
      const text = readFileSync(join(root, path), 'utf8');
      const imports = [
        ...text.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm),
      ];
      return { path, text, imports: imports.map((match) => match[1] ?? match[2] ?? match[3] ?? '') };
    });
}

function roomOf(path: string): string {
  const parts = path.split('/');
  return parts[0] === 'src' && parts.length > 2 ? (parts[1] ?? '') : '';
}

const files = [...readFiles('src'), ...readFiles('workers')];

test('a room imports only itself, model.ts and errors.ts', () => {
  const wrong: string[] = [];
  for (const file of files.filter(({ path }) => !conductors.has(roomOf(path)))) {
    for (const name of file.imports.filter((specifier) => specifier.startsWith('.'))) {
      const path = relative(root, resolve(root, dirname(file.path), name));
      const isShared = path === 'src/model.js' || path === 'src/errors.js';
      if (!isShared && roomOf(path) !== roomOf(file.path)) wrong.push(`${file.path} imports ${path}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('model.ts and errors.ts know no room', () => {
  for (const file of files.filter(({ path }) => path === 'src/model.ts' || path === 'src/errors.ts')) {
    assert.deepEqual(
      file.imports.filter((name) => name !== './model.js'),
      [],
    );
  }
});

test('every package has one door', () => {
  const wrong: string[] = [];
  for (const file of files) {
    for (const name of file.imports) {
      const allowed = doors[name];
      if (allowed !== undefined && !allowed.some((door) => file.path.startsWith(door)))
        wrong.push(`${file.path} imports ${name}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('whatever opens a SQLite file does so with the better-sqlite3 that fits this Node', () => {
  const others = ['test', 'bench', 'prisma'].flatMap(readFiles);
  assert.ok(others.length > 50);
  const wrong = others.filter(({ imports }) => imports.some((name) => name.startsWith('better-sqlite3')));
  assert.deepEqual(
    wrong.map(({ path }) => `${path}: import { Database } from src/source/sqlite.js instead`),
    [],
  );
});

test('verify knows nothing of encode or of the readers it checks', () => {
  const own = files.filter(
    ({ path }) => path.startsWith('src/verify') || path.endsWith('verify-rows.ts') || path === 'workers/verify.ts',
  );
  assert.ok(own.length > 2);
  const forbidden = own.flatMap(({ path, imports }) =>
    imports
      .filter((name) => /\/encode\/|\/kernel\/|source\/rows|source\/pages/.test(resolve('/', dirname(path), name)))
      .map((name) => `${path} imports ${name}`),
  );
  assert.deepEqual(forbidden, []);
});

test('only cli.ts, and start.ts which loads it, touch the process: no other file reads its arguments or environment, prints, or exits', () => {
  const wrong = files
    .filter(({ path }) => path !== 'src/cli.ts' && path !== 'src/start.ts')
    .filter(({ text }) => /process\.(argv|env|exit|exitCode|stdout|stderr)\b|console\./.test(text))
    .map(({ path }) => path);
  assert.deepEqual(wrong, []);
});

test('there are no default exports but those of the worker entries', () => {
  const wrong = files
    .filter(({ path, text }) => /^export default/m.test(text) && !path.startsWith('workers/'))
    .map(({ path }) => path);
  assert.deepEqual(wrong, []);
});
