import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes a folder for its owner alone, and those above it. What is new is left out of the repository that it may stand
 * in: a backup, or a cluster with its password, must not be committed by chance.
 */
export function makeIgnoredFolder(path: string): void {
  const made = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (made === undefined) return;
  try {
    writeFileSync(join(made, '.gitignore'), '*\n', { mode: 0o600 });
  } catch {
    // A full disk is told by what needs the folder.
  }
}
