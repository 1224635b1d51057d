import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, runCommand } from './command.js';
import { printable } from '../connection/errors.js';

/** A pg_dump that can dump a server, or why there is none. */
export type FoundProgram =
  | { readonly tag: 'found'; readonly program: string }
  | { readonly tag: 'absent'; readonly reason: string };

interface SearchOptions {
  readonly serverMajor: number;
  /** Folders with one folder per major version, as Debian's packages have them. */
  readonly packageFolders?: readonly string[];
  readonly signal?: AbortSignal;
}

const standardFolders = ['/usr/lib/postgresql'];
const versionTimeoutMs = 10_000;

/**
 * Finds a pg_dump that is as new as the server: the one on the PATH, else the oldest suitable one among those that
 * packages have installed beside it, since a machine may have several.
 */
export async function findDumpProgram(options: SearchOptions): Promise<FoundProgram> {
  const { serverMajor, packageFolders = standardFolders, signal } = options;
  const onPath = await readVersion('pg_dump', signal);
  if (onPath.tag === 'version' && onPath.major >= serverMajor) return { tag: 'found', program: 'pg_dump' };
  for (const program of packagedPrograms(packageFolders, serverMajor)) {
    const version = await readVersion(program, signal);
    if (version.tag === 'version' && version.major >= serverMajor) return { tag: 'found', program };
  }
  if (onPath.tag === 'failed') return { tag: 'absent', reason: onPath.reason };
  if (onPath.tag === 'version') {
    return {
      tag: 'absent',
      reason: `pg_dump is version ${onPath.major}, older than the server's ${serverMajor}, and would refuse to dump it`,
    };
  }
  return {
    tag: 'absent',
    reason: `pg_dump is not on the PATH, nor one for ${serverMajor} in ${packageFolders[0] ?? ''}`,
  };
}

/** By their folders' names, `18/bin/pg_dump`: those as new as the server, the oldest first. */
function packagedPrograms(folders: readonly string[], serverMajor: number): string[] {
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => ({ major: Number(name), folder: join(folder, name) })))
    .filter(({ major }) => Number.isInteger(major) && major >= serverMajor)
    .sort((a, b) => a.major - b.major)
    .map(({ folder }) => join(folder, 'bin/pg_dump'))
    .filter((program) => existsSync(program));
}

type Version =
  | { readonly tag: 'version'; readonly major: number }
  | { readonly tag: 'missing' }
  | { readonly tag: 'failed'; readonly reason: string };

async function readVersion(program: string, signal: AbortSignal | undefined): Promise<Version> {
  const options = signal === undefined ? {} : { signal };
  const result = await runCommand(program, ['--version'], { ...options, timeoutMs: versionTimeoutMs });
  if (!result.wasFound) return { tag: 'missing' };
  const major = /(\d+)(?:\.\d+|devel|beta|rc)/.exec(result.stdout)?.[1];
  if (result.exitCode === 0 && major !== undefined) return { tag: 'version', major: Number(major) };
  return { tag: 'failed', reason: `${program} --version fails: ${lastWords(result)}` };
}

/** What a program complained about at last; its last lines name the cause. */
export function lastWords(result: CommandResult): string {
  return printable(result.stderr.trim().split('\n').slice(-3).join(' | ')) || `exit code ${result.exitCode}`;
}
