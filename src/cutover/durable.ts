import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { newFile } from '../platform/file-flags.js';
import { CopierError } from '../model/error.js';

/** Codes of the disk rather than of the path: no space, quota, size limit, failing device, read-only. */
const diskCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS']);

/** Makes the entries of a file's folder durable: a rename counts only then. */
export function syncFolderOf(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * Writes a new file durably: never over an existing one, never through a planted link. `prepare` gets its descriptor to
 * set owner and mode. A file that could not be written whole, or whose fsync failed, is removed.
 */
export function writeNewFile(
  path: string,
  bytes: Buffer,
  { mode, prepare }: { readonly mode: number; readonly prepare?: (file: number) => void },
): void {
  let isWhole = false;
  let isMade = false;
  try {
    const file = openSync(path, newFile, mode);
    isMade = true;
    try {
      prepare?.(file);
      writeFileSync(file, bytes);
      fsyncSync(file);
      isWhole = true;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw nameFailure(error, path);
  } finally {
    if (isMade && !isWhole) rmSync(path, { force: true });
  }
}

/** An error of the file system as a CopierError that names the file; any other error unchanged. */
export function nameFailure(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (!(error instanceof Error) || error instanceof CopierError || typeof code !== 'string' || !/^E[A-Z]+$/.test(code))
    return error;
  const hint = diskCodes.has(code)
    ? `check the disk of ${dirname(path)} (df, the kernel's log), then run again`
    : `check ${path} and the permissions of its folder, then run again`;
  return new CopierError('cutover.file', `${path} could not be written: ${error.message}`, {
    hint,
    cause: error,
    foreignCode: code,
  });
}
