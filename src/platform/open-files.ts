import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { pid as ownPid } from 'node:process';
import { knowsProcessFolders } from './system.js';

const descriptors = '/proc/self/fd';

/** Whether this process has this very file open, under whatever name; true where the system does not tell. */
export function hasOpen({ dev, ino }: Pick<Stats, 'dev' | 'ino'>): boolean {
  if (!knowsProcessFolders()) return true;
  return readdirSync(descriptors).some((name) => {
    // One that was listed may be closed by now, the one of the listing itself among them.
    const stats = statSync(`${descriptors}/${name}`, { throwIfNoEntry: false });
    return stats?.ino === ino && stats.dev === dev;
  });
}

/** A process that has a file open. */
export interface FileHolder {
  readonly pid: number;
  readonly program: string;
}

/**
 * The other processes that have one of these files open, under whatever name; null where the system does not tell. Those of
 * other users are seen by root alone.
 */
export function holdersOf(paths: readonly string[]): FileHolder[] | null {
  if (!knowsProcessFolders()) return null;
  const files = paths.flatMap((path) => statSync(path, { throwIfNoEntry: false }) ?? []);
  const isOne = (stats: Stats | null) => files.some(({ dev, ino }) => stats?.ino === ino && stats.dev === dev);
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== ownPid);
  return pids.flatMap((name) => {
    const folder = `/proc/${name}/fd`;
    const isOpen = orElse([], () => readdirSync(folder)).some((fd) =>
      isOne(orElse(null, () => statSync(`${folder}/${fd}`, { throwIfNoEntry: false }) ?? null)),
    );
    if (!isOpen) return [];
    return [{ pid: Number(name), program: orElse('', () => readFileSync(`/proc/${name}/comm`, 'utf8')).trim() }];
  });
}

/** What is asked of another process may be over, or forbidden, by now. */
function orElse<T>(otherwise: T, ask: () => T): T {
  try {
    return ask();
  } catch {
    return otherwise;
  }
}
