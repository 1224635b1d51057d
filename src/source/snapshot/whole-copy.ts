import { statSync } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { copyFileOutside } from '../../platform/copy-file.js';
import { statFile } from '../open.js';
import type { Database } from '../sqlite.js';

/*
 * A copy of the file as it stands, made by the system: it takes a fraction of what SQLite's backup takes to read and write
 * every page, and next to nothing where the file system shares the blocks. As long as a reader of a database with a
 * rollback journal holds its lock nobody may write to the file, and all that was committed is in it. (In WAL mode the newest rows are in the
 * log, and checkpoints write to the file under readers.)
 */

export interface WholeCopy {
  /** What SQLite says of the state that is read: the size of its pages together. */
  readonly totalBytes: number;
  /** Called now and then with the size of the copy; may throw, which ends it. */
  readonly onGrowth: (bytes: number) => void;
}

/**
 * Copies the database of a connection whose read transaction has begun over the empty file at `path`. False, and the file
 * is empty again, where that cannot be done, or where it is not certain that the copy is what the transaction sees: the
 * file is longer or shorter than its pages, or was renamed, replaced or touched meanwhile.
 */
export async function copyWhole(db: Database, path: string, { totalBytes, onGrowth }: WholeCopy): Promise<boolean> {
  const before = statFile(db.name);
  if (before.size === totalBytes) {
    const isCopied = await copyFileOutside(db.name, path, () => onGrowth(statSync(path).size));
    const now = statFile(db.name);
    const isSame = (['dev', 'ino', 'size', 'mtimeMs', 'ctimeMs'] as const).every((fact) => now[fact] === before[fact]);
    if (isCopied && isSame && statSync(path).size === totalBytes) return true;
  }
  await truncate(path);
  return false;
}
