import { readdirSync, type Stats, statSync } from 'node:fs';
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
