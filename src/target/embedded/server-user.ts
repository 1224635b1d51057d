import { env } from 'node:process';
import { CopierError } from '../../model/error.js';
import { findUser, type SystemUser, throughClosedFolders } from '../../platform/processes.js';
import { isRoot } from '../../platform/system.js';
import { type CommandResult, runCommand } from '../program/command.js';
import type { PostgresBinaries } from './postgres-binaries.js';

export type ServerUser = SystemUser;

/** Runs one of the server's programs as the user that owns the cluster, inside the cluster's folder. */
export type RunAsServer = (file: string, args: readonly string[], signal?: AbortSignal) => Promise<CommandResult>;

const commandTimeoutMs = 120_000;
const nobody: ServerUser = { uid: 65534, gid: 65534 };

/** The user under whom a new cluster runs; null means ourselves. PostgreSQL refuses to run as root. */
export async function chooseUser(): Promise<ServerUser | null> {
  if (!isRoot()) return null;
  return (await findUser('postgres')) ?? nobody;
}

/**
 * Finds out how that user can reach both the programs and the folder: directly where every folder above them may be
 * entered, else with the one capability (dac_override) that passes closed folders such as /root. The direct way is
 * tried first, so that the server gets the capability only where nothing else works.
 */
export async function chooseRunner(
  folder: string,
  user: ServerUser | null,
  binaries: PostgresBinaries,
): Promise<RunAsServer> {
  const runners = user === null ? [runPlain(folder, null)] : [runPlain(folder, user), runWithCapability(folder, user)];
  let complaint = '';
  for (const run of runners) {
    const version = await run(binaries.postgres, ['--version']);
    // The server enters its folder by the full name, which asks for more than our having made it its working folder.
    const entered = version.exitCode === 0 ? await run('/bin/sh', ['-c', 'cd "$1"', 'sh', folder]) : version;
    if (entered.exitCode === 0 || (user === null && version.exitCode === 0)) return run;
    complaint = entered.stderr.trim();
  }
  throw cannotRun(folder, user, binaries, complaint);
}

function cannotRun(
  folder: string,
  user: ServerUser | null,
  binaries: PostgresBinaries,
  complaint: string,
): CopierError {
  const who = user === null ? 'we' : `user ${user.uid}`;
  return new CopierError('target.embedded_user', `${who} cannot run ${binaries.postgres} in ${folder}: ${complaint}`, {
    hint:
      user === null
        ? 'look at what stops it, or name a server with POSTGRES_DATABASE_URL'
        : 'postgres does not run as root: make the folders above both enterable (chmod a+x), install setpriv (util-linux), ' +
          'run as an ordinary user, or name a server with POSTGRES_DATABASE_URL',
  });
}

function runPlain(folder: string, user: ServerUser | null): RunAsServer {
  return (file, args, signal) => runCommand(file, args, { ...commandOptions(folder, signal), ...user });
}

function runWithCapability(folder: string, user: ServerUser): RunAsServer {
  const [program, ...words] = throughClosedFolders(user);
  return (file, args, signal) => runCommand(program, [...words, file, ...args], commandOptions(folder, signal));
}

/** The operator's PG… variables are for the operator's own server and must not reach the embedded one. */
function commandOptions(folder: string, signal: AbortSignal | undefined) {
  const inherited = Object.entries(env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  const cleanEnv: Record<string, string> = { LC_ALL: 'C' };
  for (const [name, value] of inherited) cleanEnv[name] = value ?? '';
  return { cwd: folder, env: cleanEnv, timeoutMs: commandTimeoutMs, ...(signal === undefined ? {} : { signal }) };
}
