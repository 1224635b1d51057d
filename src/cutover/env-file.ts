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
import { unlinkedFile } from '../platform/file-flags.js';
import { CopierError, type ErrorCode } from '../model/error.js';
import type { EnvSwitch, Provider } from '../model/cutover.js';
import { nameFailure, syncFolderOf, writeNewFile } from './durable.js';
import { applyEdits, providerEdits, readProvider, undoEdits } from './env-text.js';

/** The env file as it was read. */
export interface EnvFile {
  /** Absolute. */
  readonly path: string;
  /** One character per byte. */
  readonly text: string;
  readonly sha256: string;
  readonly stats: Stats;
}

/**
 * Reads the env file that is to be switched, and refuses one that cannot be replaced as it is: `cutover.env_missing`,
 * env_link, env_owner, env_readonly, env_unreadable.
 */
export function readEnvFile(given: string): EnvFile {
  const path = resolve(given);
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw refuse('cutover.env_missing', `there is no env file ${path}`, 'name it with --env-file or VPS_ENV_FILE');
  }
  refuseKind(path, stats);
  const file = open(path);
  try {
    const bytes = readFileSync(file);
    return { path, text: bytes.toString('latin1'), sha256: sha256Of(bytes), stats: fstatSync(file) };
  } finally {
    closeSync(file);
  }
}

/** What the env file at `path` says, without any demand on the file; null where it says nothing or cannot be read. */
export function lookUpProvider(path: string): string | null {
  try {
    return readProvider(readFileSync(path, 'latin1'));
  } catch {
    return null;
  }
}

/** The switch to `provider`, as it would be done to this file. */
export function planSwitch({ path, text, sha256 }: EnvFile, provider: Provider): EnvSwitch {
  const edits = providerEdits(text, provider);
  const after = Buffer.from(applyEdits(text, edits), 'latin1');
  return { path, sha256Before: sha256, sha256After: sha256Of(after), edits };
}

/**
 * Replaces the file by its switched version: written to a second file, made durable, and renamed, with owner, group and
 * mode preserved. A reader sees the old file or the new one. `cutover.env_edited` where the file is not the one that
 * was planned for.
 */
export function switchEnvFile(planned: EnvSwitch): void {
  const now = readEnvFile(planned.path);
  if (now.sha256 === planned.sha256After) return;
  if (now.sha256 !== planned.sha256Before) throw edited(planned.path);
  replace(now, applyEdits(now.text, planned.edits));
}

/**
 * Undoes a switch: byte for byte, or, where the file was edited since, only its provider. A file that was never
 * switched is left as it is, edited or not.
 */
export function undoSwitch(planned: EnvSwitch): void {
  const now = readEnvFile(planned.path);
  if (now.sha256 === planned.sha256After) replace(now, undoEdits(now.text, planned.edits));
  else if (readProvider(now.text) === 'postgres') replace(now, applyEdits(now.text, providerEdits(now.text, 'sqlite')));
}

function replace(now: EnvFile, text: string): void {
  const { path, stats } = now;
  const beside = `${path}.pgferry`;
  // One that was left behind by a process that was killed in between.
  rmSync(beside, { force: true });
  writeNewFile(beside, Buffer.from(text, 'latin1'), {
    mode: 0o600,
    prepare: (file) => {
      fchownSync(file, stats.uid, stats.gid);
      fchmodSync(file, stats.mode & 0o7777);
    },
  });
  try {
    refuseChanged(now);
    renameSync(beside, path);
    syncFolderOf(path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw nameFailure(error, path);
  }
}

/** The last check before the rename. */
function refuseChanged({ path, stats }: EnvFile): void {
  const now = lstatSync(path);
  const isSame = now.ino === stats.ino && now.size === stats.size && now.mtimeMs === stats.mtimeMs;
  if (!isSame) throw edited(path);
}

function refuseKind(path: string, stats: Stats): void {
  if (stats.isSymbolicLink()) {
    throw refuse(
      'cutover.env_link',
      `the env file ${path} is a symbolic link`,
      'name the file itself, which the link leads to',
    );
  }
  if (!stats.isFile())
    throw refuse('cutover.env_unreadable', `${path} is not a file`, 'name the env file of the application');
  if (stats.nlink > 1) {
    const hint = 'a switched file would leave its other names behind: make it a file with one name, then run again';
    throw refuse('cutover.env_link', `the env file ${path} has ${stats.nlink} names (hard links)`, hint);
  }
  const me = geteuid?.();
  if (me !== undefined && stats.uid !== me) {
    const hint = `run as its owner: sudo -E -u '#${stats.uid}' pgferry cutover …; or, where it shall be yours: chown ${me} '${path}'`;
    throw refuse('cutover.env_owner', `the env file ${path} belongs to user ${stats.uid}, we are user ${me}`, hint);
  }
  // Root may write every file, so the mode is checked: it says what the owner wants.
  const isWritable = (stats.mode & 0o200) !== 0 && mayWrite(path) && mayWrite(dirname(path));
  if (!isWritable) {
    const hint = `it is replaced by a new file beside it: chmod u+w '${path}', and its folder must be writable`;
    throw refuse('cutover.env_readonly', `the env file ${path} is read-only`, hint);
  }
}

function open(path: string): number {
  try {
    return openSync(path, unlinkedFile);
  } catch (cause) {
    throw refuse('cutover.env_unreadable', `the env file ${path} cannot be read`, 'check its permissions', cause);
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

function edited(path: string): CopierError {
  return refuse(
    'cutover.env_edited',
    `the env file ${path} was edited meanwhile, and was left as it is`,
    'let whoever edits it finish, then run again',
  );
}

function refuse(code: ErrorCode, message: string, hint: string, cause?: unknown): CopierError {
  return new CopierError(code, message, { hint, cause });
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
