import { chmodSync, constants, copyFileSync } from 'node:fs';

/** Copies a file to a path that must not exist, for this user alone (0600). A file system that shares blocks does it at once. */
export function copyPrivately(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  chmodSync(to, 0o600);
}
