import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { root } from '../support/page.js';

/** What a clone has, without what is built or installed. */
const parts = ['src', 'workers', 'bench', 'prisma', 'test', 'tools', 'docs'];
const files = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'Makefile',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
];

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  /** Both streams, for messages. */
  readonly output: string;
}

/** A registry that does not answer is asked once more and then given up, and so is a program that does not end. */
const patience = {
  npm_config_fetch_timeout: '20000',
  npm_config_fetch_retries: '1',
  npm_config_fetch_retry_mintimeout: '500',
  npm_config_fetch_retry_maxtimeout: '1000',
};
const limitMs = 120_000;

/** Why a package could not be had, where that is the network's doing; null where it was installed, or has failed itself. */
export function networkProblem({ exitCode, output }: Outcome): string | null {
  if (exitCode === 0) return null;
  const hasStalled =
    exitCode === null ||
    /ETIMEDOUT|ECONN|EIDLETIMEOUT|SOCKET_TIMEOUT|ENOTFOUND|EAI_AGAIN|_CERT_|CERT_HAS|VERIFY_LEAF|E5\d\d/.test(output);
  return hasStalled ? `the registry has stalled: ${output.trim().split('\n').at(-1)}` : null;
}

/** Runs a program to its end, without any setting of pgferry or of the npm that may run this test. */
export function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Outcome {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|PG|POSTGRES_|SQLITE_|NODE_TEST)/.test(name),
  );
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    env: { ...Object.fromEntries(inherited), ...patience, ...env },
    timeout: limitMs,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { exitCode: status, stdout, output: `${stdout}${stderr}` };
}

/** Packs a copy of the clone in which nothing is built yet, and gives the path of the tarball. */
export function pack(folder: string): string {
  const clone = join(folder, 'clone');
  mkdirSync(clone);
  for (const name of [...parts, ...files]) {
    cpSync(join(root, name), join(clone, name), { recursive: true, preserveTimestamps: true });
  }
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
  return packFrom(clone, folder);
}

/** Packs this clone as it was built, and gives the path of the tarball. */
export function packBuilt(folder: string): string {
  return packFrom(root, folder, '--ignore-scripts');
}

function packFrom(clone: string, folder: string, ...more: readonly string[]): string {
  const packed = run('npm', ['pack', '--pack-destination', folder, ...more], clone);
  if (packed.exitCode !== 0) throw new Error(packed.output);
  const name = readdirSync(folder).find((found) => found.endsWith('.tgz')) ?? '';
  return join(folder, basename(name));
}

/** Why no package can be installed here, or null. */
export function registryProblem(folder: string): string | null {
  const asked = run('npm', ['view', 'better-sqlite3@13.2.0', 'version', '--fetch-retries=0'], folder);
  if (asked.exitCode === 0) return null;
  return `npm reaches no registry with better-sqlite3: ${asked.output.trim().split('\n').at(0)}`;
}

/** Whether better-sqlite3 has no binary of its own for this Node. */
export const isOld = process.versions.node.startsWith('20.');

/** Puts what the install script of better-sqlite3 makes where it would, from this clone. */
export function putNativePart(sqlite: string): void {
  const name = 'build/Release/better_sqlite3.node';
  mkdirSync(dirname(join(sqlite, name)), { recursive: true });
  cpSync(join(root, 'node_modules/better-sqlite3', name), join(sqlite, name));
}
