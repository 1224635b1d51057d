import { createHash } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { geteuid } from 'node:process';
import { CopierError, type ErrorCode } from '../model/error.js';
import { unlinkedFile } from '../platform/file-flags.js';
import { nameFailure, syncFolderOf, writeNewFile } from './durable.js';

/*
 * A file of the application as a whole: read, refused where it cannot be replaced as it is, and replaced by a rename.
 */

/** A file of the application as it was read. */
export interface WholeFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: Buffer;
  readonly sha256: string;
  readonly stats: Stats;
  /** What messages call it. */
  readonly word: string;
}

/**
 * Reads a file that is to be replaced, and refuses one that cannot be: `cutover.env_missing`, env_link, env_owner,
 * env_readonly, env_unreadable.
 */
export function readWhole(given: string, word: string): WholeFile {
  const path = resolve(given);
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) {
    const hint = word === 'env file' ? 'name it with --env-file or VPS_ENV_FILE' : 'name the right file in "switch"';
    throw refuseFile('cutover.env_missing', `there is no ${word} ${path}`, hint);
  }
  refuseKind(path, stats, word);
  const file = open(path, word);
  try {
    const bytes = readFileSync(file);
    return { path, bytes, sha256: sha256Of(bytes), stats: fstatSync(file), word };
  } finally {
    closeSync(file);
  }
}

/** Replaces the file: written beside it, made durable, and renamed, with its owner, group and mode. */
export function replaceWhole(now: WholeFile, bytes: Buffer): void {
  const { path } = now;
  const beside = `${path}.pgferry`;
  writeBeside(now, beside, bytes);
  try {
    refuseChanged(now);
    renameSync(beside, path);
    syncFolderOf(path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw nameFailure(error, path);
  }
}

/** Writes another file with the owner, group and mode of this one, over one that a killed process left there. */
export function writeBeside({ stats }: WholeFile, path: string, bytes: Buffer): void {
  rmSync(path, { force: true });
  writeNewFile(path, bytes, {
    mode: 0o600,
    prepare: (file) => {
      fchownSync(file, stats.uid, stats.gid);
      fchmodSync(file, stats.mode & 0o7777);
    },
  });
}

/** The last check before the rename. */
function refuseChanged({ path, stats, word }: WholeFile): void {
  const now = lstatSync(path);
  const isSame = now.ino === stats.ino && now.size === stats.size && now.mtimeMs === stats.mtimeMs;
  if (!isSame) throw editedMeanwhile(path, word);
}

function refuseKind(path: string, stats: Stats, word: string): void {
  if (stats.isSymbolicLink()) {
    throw refuseFile(
      'cutover.env_link',
      `the ${word} ${path} is a symbolic link`,
      'name the file itself, which the link leads to',
    );
  }
  if (!stats.isFile())
    throw refuseFile('cutover.env_unreadable', `${path} is not a file`, `name the ${word} of the application`);
  if (stats.nlink > 1) {
    const hint = 'a switched file would leave its other names behind: make it a file with one name, then run again';
    throw refuseFile('cutover.env_link', `the ${word} ${path} has ${stats.nlink} names (hard links)`, hint);
  }
  const me = geteuid?.();
  if (me !== undefined && stats.uid !== me) {
    const hint = `run as its owner: sudo -E -u '#${stats.uid}' pgferry cutover …; or, where it shall be yours: chown ${me} '${path}'`;
    throw refuseFile('cutover.env_owner', `the ${word} ${path} belongs to user ${stats.uid}, we are user ${me}`, hint);
  }
  // Root may write every file, so the mode is checked: it says what the owner wants.
  const isWritable = (stats.mode & 0o200) !== 0 && mayWrite(path) && mayWrite(dirname(path));
  if (!isWritable) {
    const hint = `it is replaced by a new file beside it: chmod u+w '${path}', and its folder must be writable`;
    throw refuseFile('cutover.env_readonly', `the ${word} ${path} is read-only`, hint);
  }
}

function open(path: string, word: string): number {
  try {
    return openSync(path, unlinkedFile);
  } catch (cause) {
    throw refuseFile('cutover.env_unreadable', `the ${word} ${path} cannot be read`, 'check its permissions', cause);
  }
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export function editedMeanwhile(path: string, word: string): CopierError {
  return refuseFile(
    'cutover.env_edited',
    `the ${word} ${path} was edited meanwhile, and was left as it is`,
    'let whoever edits it finish, then run again',
  );
}

export function refuseFile(code: ErrorCode, message: string, hint: string, cause?: unknown): CopierError {
  return new CopierError(code, message, { hint, cause });
}

export function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
