import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quoteShell } from '../lib/shell-word.js';

/*
 * How this copy of pgferry was installed, and the commands that fit. A message names the command that its reader has:
 * make in a clone, npm or pnpm elsewhere.
 */

/** A clone has its sources; `global` and `npx` are npm's. */
export type Installation = 'clone' | 'npm' | 'global' | 'npx' | 'pnpm';

/** The folder of package.json, wherever below it the build has put this code. */
export const packageFolder = folderWith('package.json', dirname(fileURLToPath(import.meta.url)));

/** The path of a file that belongs to the program, from `src` on. */
export function programFile(path: string): string {
  return join(packageFolder, 'dist/src', path);
}

function folderWith(name: string, folder: string): string {
  return existsSync(join(folder, name)) || folder === dirname(folder) ? folder : folderWith(name, dirname(folder));
}

export function installationOf(folder: string): Installation {
  const parts = folder.split(sep);
  if (!parts.includes('node_modules')) return 'clone';
  if (parts.includes('.pnpm') || parts.includes('pnpm')) return 'pnpm';
  if (parts.includes('_npx')) return 'npx';
  return existsSync(join(ownerOf(folder), 'package.json')) ? 'npm' : 'global';
}

/** The command that brings a package beside this copy. */
export function installCommand(specifier: string, folder = packageFolder): string {
  const installation = installationOf(folder);
  switch (installation) {
    case 'clone':
      return `npm install --no-save --prefix ${quoteShell(folder)} ${specifier}`;
    case 'npm':
      return `npm install --prefix ${quoteShell(ownerOf(folder))} ${specifier}`;
    case 'npx':
      return `npx -p pgferry -p ${specifier} pgferry …`;
    case 'global':
      return `npm install -g --prefix ${quoteShell(ownerOf(folder).replace(/[/\\]lib$/, ''))} ${specifier}`;
    case 'pnpm':
      return `pnpm add ${specifier}`;
  }
}

/** The command that runs a script which the package manager has skipped; it needs no leave of any package manager. */
export function scriptCommand(folder: string, script: 'install' | 'postinstall'): string {
  return `npm --prefix ${quoteShell(folder)} run ${script}`;
}

/** The command that puts this copy right where a file of it, or a package that it needs, is missing. */
export function reinstallCommand(): string {
  const installation = installationOf(packageFolder);
  if (installation === 'clone') return `cd ${quoteShell(packageFolder)} && rm -rf node_modules && make build`;
  const self = `pgferry@${String(readManifest().version)}`;
  return installation === 'npx' ? `npx ${self} …` : installCommand(self);
}

/** The version that pgferry's package.json asks for, of a package that is installed only on demand. */
export function wantedVersion(name: string): string {
  return readManifest().devDependencies?.[name] ?? 'latest';
}

function readManifest(): { readonly version?: string; readonly devDependencies?: Readonly<Record<string, string>> } {
  return JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as ReturnType<typeof readManifest>;
}

/** The folder that holds the outermost node_modules on the way to this one. */
function ownerOf(folder: string): string {
  return dirname(folder.slice(0, folder.indexOf(`${sep}node_modules${sep}`) + 1 + 'node_modules'.length));
}
