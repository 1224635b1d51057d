import { chmodSync, constants, copyFileSync } from 'node:fs';
import { chmod, copyFile } from 'node:fs/promises';

const flags = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE;

/** Copies a file to a path that must not exist, for this user alone (0600). A file system that shares blocks does it at once. */
export function copyPrivately(from: string, to: string): void {
  copyFileSync(from, to, flags);
  chmodSync(to, 0o600);
}

/** The same while this thread does other work. */
export async function copyPrivatelyAside(from: string, to: string): Promise<void> {
  await copyFile(from, to, flags);
  await chmod(to, 0o600);
}
