import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = findRoot(fileURLToPath(new URL('.', import.meta.url)));

/** The layers, the lowest first: a file imports its own folder and what stands below, never beside or above. */
const layers: readonly (readonly string[])[] = [
  ['model'],
  ['lib'],
  ['platform'],
  ['source', 'target', 'encode', 'plan', 'verify', 'shadow', 'accept', 'report', 'cutover', 'pool', 'fleet'],
  ['translate'],
  ['copy', 'follow'],
  ['jobs'],
  ['run'],
  ['commands'],
  ['cli'],
  ['library'],
  [''],
  ['workers'],
];

const doors: Readonly<Record<string, readonly string[]>> = {
  'better-sqlite3': ['src/source/sqlite.ts'],
  pg: ['src/target'],
  'pg-copy-streams': ['src/target'],
  piscina: ['src/pool/threads.ts'],
  'pg-boss': ['src/fleet/queue.ts'],
  commander: ['src/cli/program.ts'],
  ajv: ['src/cli/config-file.ts'],
  'jsonc-parser': ['src/cli/config-file.ts', 'src/cutover/switches/formats/json.ts'],
  yaml: ['src/cutover/switches/formats/yaml.ts'],
  'toml-eslint-parser': ['src/cutover/switches/formats/toml.ts'],
  'cli-table3': ['src/report/text/table.ts'],
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

/** The folder below src; '' for the files beside the folders. */
function folderOf(path: string): string {
  const parts = path.split('/');
  if (parts[0] === 'workers') return 'workers';
  return parts.length > 2 ? (parts[1] ?? '') : '';
}

function layerOf(path: string): number {
  const layer = layers.findIndex((folders) => folders.includes(folderOf(path)));
  assert.ok(layer >= 0, `${path} stands in no layer`);
  return layer;
}

/** Paths of the files of ours that a file imports. */
function importsOf({ path, imports }: SourceFile): string[] {
  return imports
    .filter((name) => name.startsWith('.') && name.endsWith('.js'))
    .map((name) => relative(root, resolve(root, dirname(path), name)).replace(/\.js$/, '.ts'));
}

/** Every circle of imports that a walk through all files runs into, as the paths on its way. */
function findCircles(imported: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = [];
  const left = new Set<string>();
  const way: string[] = [];
  const walk = (path: string): void => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' > '));
    if (way.includes(path) || left.has(path)) return;
    way.push(path);
    for (const next of imported.get(path) ?? []) walk(next);
    way.pop();
    left.add(path);
  };
  for (const path of imported.keys()) walk(path);
  return circles;
}

const files = [...readFiles('src'), ...readFiles('workers')].filter(({ path }) => !path.includes('/assembly/'));

test('no file imports a layer above its own, or another folder of its own', () => {
  assert.ok(files.length > 300);
  const upward: string[] = [];
  for (const file of files) {
    for (const path of importsOf(file)) {
      if (folderOf(path) === folderOf(file.path) || layerOf(path) < layerOf(file.path)) continue;
      upward.push(`${file.path} > ${path}`);
    }
  }
  assert.deepEqual(upward, []);
});

test('no two files import each other, not even for a type, by whatever way round', () => {
  const imported = new Map(files.map((file) => [file.path, importsOf(file)]));
  assert.deepEqual(findCircles(imported), []);
});

/** A folder with more files than this one holds several things: it is divided. */
const filesPerFolderMax = 22;

test('no folder holds more files than one can look over', () => {
  const counts = new Map<string, number>();
  for (const { path } of files) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  const crowded = [...counts].filter(([, count]) => count > filesPerFolderMax);
  assert.deepEqual(crowded, []);
});

test('a folder of bench/ imports only those before it', () => {
  const order = ['measure', 'data', 'figures', 'cases'];
  const bench = readFiles('bench');
  assert.ok(bench.length > 30);
  const wrong = bench.flatMap(({ path, imports }) => {
    const own = order.indexOf(path.split('/')[1] ?? '');
    if (own < 0) return [];
    const to = imports.map((name) => relative('/', resolve('/', dirname(path), name)));
    return to
      .filter(
        (name) =>
          name.startsWith('bench/') && order.slice(0, own + 1).every((one) => !name.startsWith(`bench/${one}/`)),
      )
      .map((name) => `${path} imports ${name}`);
  });
  assert.deepEqual(wrong, []);
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
    ({ path }) =>
      path.startsWith('src/verify/') || path.startsWith('src/source/verify/') || path === 'workers/verify.ts',
  );
  assert.ok(own.length > 2);
  const forbidden = own.flatMap(({ path, imports }) =>
    imports
      .filter((name) => /\/encode\/|source\/rows\/|source\/pages\//.test(resolve('/', dirname(path), name)))
      .map((name) => `${path} imports ${name}`),
  );
  assert.deepEqual(forbidden, []);
});

/** What says something about this process or this machine, or signals another one; every file may use it. */
const plainOfProcess = [
  'arch',
  'features',
  'geteuid',
  'hrtime',
  'kill',
  'memoryUsage',
  'pid',
  'platform',
  'version',
  'versions',
];

/** Who reads the environment below the command line, and why that is no setting of pgferry. */
const environmentReaders: Readonly<Record<string, string>> = {
  'src/platform/program-group.ts': 'a program of the operator’s inherits it, but for our passwords',
  'src/target/connection/password.ts': 'PGPASSWORD and PGPASSFILE are libpq’s, and are read where it reads them',
  'src/target/embedded/server-user.ts': 'a server that is started inherits it, but for what would steer it',
  'src/target/program/dump.ts': 'pg_dump inherits it, but for what would steer it',
};

/** The code without its comments, which may speak of whatever they like. */
function withoutComments(text: string): string {
  return text.replace(/\/\*.*?\*\/|(?<=^|[\s;{}(,])\/\/.*$/gms, (comment) => comment.replace(/[^\n]/g, ''));
}

const ofProcess = String.raw`['"\x60](?:node:)?process['"\x60]`;
const namedImport = new RegExp(String.raw`import\s*\{([^}]*)\}\s*from\s*${ofProcess}`, 'g');
/** The module in whatever other statement or call. */
const anyMention = new RegExp(String.raw`(?:\bimport\b|\bfrom|[(,])\s*${ofProcess}`);
const access = /(?<![\w$.-])process\s*(?:\?\.|\.)\s*(\w+)/g;
/** The whole of it, handed on or indexed: no word of a sentence, which stands between words. */
const handedOn =
  /(?<![\w$.-])process\s*(?:\?\.\s*)?\[|[=(,{[:?&|!]\s*process\b(?!\s*(?:\?\.|[\w$.:'"-]))|\breturn process\b/;
const ofGlobal = /\b(?:globalThis|global)\s*(?:(?:\?\.|\.)\s*process\b|(?:\?\.\s*)?\[)/;

/** Every property of the process that a file takes, by whatever way; `*` where it takes the process as a whole. */
function takenOfProcess(text: string): string[] {
  if (!/process|global/.test(text)) return [];
  const code = withoutComments(text);
  const imported = [...code.matchAll(namedImport)].flatMap(([, names = '']) => names.split(','));
  const taken = [
    ...imported.map((name) => name.trim().split(/\s+as\s+/)[0] ?? '').filter((name) => name !== ''),
    ...[...code.matchAll(access)].map(([, property = '']) => property),
  ];
  const rest = code.replace(namedImport, '');
  const bare = rest.replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''");
  if (anyMention.test(rest) || handedOn.test(bare) || ofGlobal.test(bare)) taken.push('*');
  return taken;
}

test('every way to the process is seen', () => {
  const ways: readonly (readonly [string, readonly string[]])[] = [
    ["import { env } from 'node:process';", ['env']],
    ["import { kill, env as all } from 'process';", ['kill', 'env']],
    ["import {\n  pid,\n  argv,\n} from 'node:process';", ['pid', 'argv']],
    ["import process from 'node:process';", ['*']],
    ["import * as all from 'node:process';", ['*']],
    ["const { env } = await import('node:process');", ['*']],
    ["const { env } = require('process');", ['*']],
    ["export { env } from 'node:process';", ['*']],
    ['process.env', ['env']],
    ["process?.env['HOME']", ['env']],
    ["process['env']", ['*']],
    ['const { env } = process;', ['*']],
    ['globalThis.process.env', ['*']],
    ["globalThis['process']", ['*']],
    ['spare(process);', ['*']],
    ['// process.env is read elsewhere', []],
    ['/* the process ends */ const processes = child.process;', []],
  ];
  for (const [code, taken] of ways) assert.deepEqual(takenOfProcess(code), taken, code);
});

test('only cli.ts, and start.ts which loads it, touch the process: no other file reads its arguments or environment, prints, or exits', () => {
  const wrong = files
    .filter(({ path }) => path !== 'src/cli/cli.ts' && path !== 'src/start.ts')
    .flatMap(({ path, text }) => {
      const allowed = path in environmentReaders ? [...plainOfProcess, 'env'] : plainOfProcess;
      const taken = takenOfProcess(text).filter((name) => !allowed.includes(name));
      return [...taken, ...(/\bconsole\b\s*[.[]/.test(withoutComments(text)) ? ['console'] : [])].map(
        (name) => `${path}: ${name}`,
      );
    });
  assert.deepEqual(wrong, []);
  for (const path of Object.keys(environmentReaders))
    assert.ok(
      takenOfProcess(files.find((file) => file.path === path)?.text ?? '').includes('env'),
      `${path} reads no environment`,
    );
});

test('there are no default exports but those of the worker entries', () => {
  const wrong = files
    .filter(({ path, text }) => /^export default/m.test(text) && !path.startsWith('workers/'))
    .map(({ path }) => path);
  assert.deepEqual(wrong, []);
});
