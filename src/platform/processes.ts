import { readFile, readlink } from 'node:fs/promises';
import { kill } from 'node:process';
import { knowsProcessFolders } from './system.js';

/** A user of the operating system. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** Whether a process lives and, where the system tells, works in this folder: its number may be another's by now. */
export async function isProcessIn(pid: number, folder: string): Promise<boolean> {
  if (knowsProcessFolders()) return (await readlink(`/proc/${pid}/cwd`).catch(() => null)) === folder;
  try {
    kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The user of this name; null where there is none, or no list of them. */
export async function findUser(name: string): Promise<SystemUser | null> {
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n');
  const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
  const [uid, gid] = [Number(fields[2]), Number(fields[3])];
  return uid > 0 && Number.isInteger(gid) ? { uid, gid } : null;
}

/**
 * The words that start a program as another user with the one capability (dac_override) that passes closed folders.
 * initdb looks for postgres with access(2), which ignores the capability unless the secure bit is set.
 */
export function throughClosedFolders({ uid, gid }: SystemUser): readonly [program: string, ...words: string[]] {
  const capability = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--securebits=+no_setuid_fixup'];
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...capability, '--'];
}
