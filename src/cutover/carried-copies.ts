import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CarriedTable } from '../model/carry.js';
import type { TableDigest } from '../model/cutover.js';
import { syncFolderOf, writeNewFile } from './durable.js';
import { hashFileSync } from './restored-file.js';

/*
 * Copies of a cutover's snapshot that got what PostgreSQL took, in the cutover's folder: each by the head of its SHA-256,
 * with a note of what PostgreSQL held. A rollback restores one; one that goes on after a crash knows the restored file by
 * them, and needs no other where PostgreSQL still holds the same.
 */

export interface CarriedCopyFile {
  readonly path: string;
  readonly sha256: string;
  /** What PostgreSQL held, by table. */
  readonly digests: readonly TableDigest[];
  readonly tables: readonly CarriedTable[];
  /** What the operator gave up by name. */
  readonly leftBehind: readonly string[];
}

const notePattern = /^carried-[0-9a-f]{16}\.json$/;

/** Where the next copy is made. */
export function unfinishedCopy(folder: string): string {
  return join(folder, 'carried.part');
}

/** Gives a copy that is whole its name and its note, both durable. `sha256`: null where it must be read for it. */
export function nameCarriedCopy(
  folder: string,
  made: Pick<CarriedCopyFile, 'digests' | 'tables' | 'leftBehind'> & { readonly sha256: string | null },
): CarriedCopyFile {
  const part = unfinishedCopy(folder);
  const sha256 = made.sha256 ?? hashFileSync(part);
  const path = join(folder, `carried-${sha256.slice(0, 16)}.db`);
  const copy = { ...made, path, sha256 };
  const note = path.replace(/db$/, 'json');
  rmSync(note, { force: true });
  writeNewFile(note, Buffer.from(`${JSON.stringify(copy)}\n`), { mode: 0o600 });
  chmodSync(part, 0o400);
  renameSync(part, path);
  syncFolderOf(path);
  return copy;
}

/** The copies that attempts at this rollback have made. */
export function listCarriedCopies(folder: string): CarriedCopyFile[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => notePattern.test(name))
    .map((name) => ({
      ...(JSON.parse(readFileSync(join(folder, name), 'utf8')) as CarriedCopyFile),
      path: join(folder, name.replace(/json$/, 'db')),
    }))
    .filter(({ path }) => existsSync(path));
}

const restoringName = 'carried.restoring';

/**
 * Notes which copy is about to be put in place of the closed database; null for the snapshot itself. An open file is then
 * that one, with what it took since.
 */
export function noteRestoring(folder: string, copy: CarriedCopyFile | null): void {
  const path = join(folder, restoringName);
  rmSync(path, { force: true });
  if (copy !== null) writeNewFile(path, Buffer.from(copy.sha256), { mode: 0o600 });
  syncFolderOf(path);
}

/** The copy that was put in place last, null where none was. */
export function lastRestored(folder: string, copies: readonly CarriedCopyFile[]): CarriedCopyFile | null {
  const path = join(folder, restoringName);
  if (!existsSync(path)) return null;
  const sha256 = readFileSync(path, 'utf8');
  return copies.find((copy) => copy.sha256 === sha256) ?? null;
}

/** Removes all copies: the restored file has their rows. */
export function removeCarriedCopies(folder: string): void {
  for (const { path } of listCarriedCopies(folder)) {
    rmSync(path, { force: true });
    rmSync(path.replace(/db$/, 'json'), { force: true });
  }
  for (const path of [unfinishedCopy(folder), join(folder, restoringName)]) rmSync(path, { force: true });
}
