import { createHash } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { newFile, unlinkedFile } from '../platform/file-flags.js';
import { CopierError } from '../model/error.js';
import { nameFailure, syncFolderOf } from './durable.js';

/*
 * Replaces a database by a snapshot, in steps. A crash may come after each of them, and each can be repeated:
 *   1 the snapshot is copied to a file beside the database, checked, and made durable
 *   2 the database gets a second name, under which it is kept; one that was restored earlier and used since is kept too
 *   3 its -wal, -shm and -journal get that name too: they belong to it, and would damage the restored database
 *   4 the copy is renamed to the database's name
 * Before step 4 the old database has its name, afterwards the restored one.
 */

const sidecars = ['-wal', '-shm', '-journal'];
const pieceBytes = 1024 * 1024;

export interface Restoring {
  readonly databasePath: string;
  readonly snapshotPath: string;
  /** Lower-case hex. */
  readonly snapshotSha256: string;
  /** The name for the replaced database, on the same file system. */
  readonly replacedPath: string;
  /** Gives the copy what the application needs of it, such as its journal mode. */
  readonly prepare: (path: string) => void;
  /** Keeps others out of the database while its name goes to the copy; left out where it is none that could be opened. */
  readonly rename?: (use: (check: () => void) => void) => void;
}

/**
 * Restores the snapshot, and returns the name under which the replaced database is kept. Called again, it also keeps
 * what an earlier call restored. Errors: `rollback.snapshot_changed` where the copy has another SHA-256, `cutover.file`
 * where the disk refuses.
 */
export function restoreFile({ rename = (use) => use(() => undefined), ...request }: Restoring): string {
  const { databasePath, snapshotPath, snapshotSha256, replacedPath, prepare } = request;
  const beside = `${databasePath}.pgferry-restored`;
  for (const suffix of ['', ...sidecars]) rmSync(beside + suffix, { force: true });
  try {
    copyDurably({
      from: snapshotPath,
      to: beside,
      like: statSync(databasePath, { throwIfNoEntry: false }) ?? statSync(snapshotPath),
      sha256: snapshotSha256,
    });
    prepare(beside);
    syncFile(beside);
    let moved = replacedPath;
    rename((check) => {
      moved = keep(databasePath, replacedPath);
      moveSidecars(databasePath, moved);
      check();
      renameSync(beside, databasePath);
    });
    syncFolderOf(databasePath);
    return moved;
  } catch (error) {
    for (const suffix of ['', ...sidecars]) rmSync(beside + suffix, { force: true });
    throw nameFailure(error, beside);
  }
}

const namesMax = 1000;

/**
 * Gives the database its second name: the wanted one, or that name with a number where another file has it. If the name
 * is a link to this very file, an attempt that was killed has made it.
 */
function keep(databasePath: string, replacedPath: string): string {
  const database = lstatSync(databasePath, { throwIfNoEntry: false });
  // A database that is gone needs no second name.
  if (database === undefined) return replacedPath;
  for (let number = 1; number <= namesMax; number++) {
    const path = number === 1 ? replacedPath : `${replacedPath}-${number}`;
    const taken = lstatSync(path, { throwIfNoEntry: false });
    if (taken === undefined) linkSync(databasePath, path);
    if (taken === undefined || taken.ino === database.ino) return path;
  }
  throw noName(replacedPath);
}

/**
 * Moves -wal, -shm and -journal to the replaced database's name. A file that a killed attempt has moved there is never
 * overwritten: one that appeared since is empty, made by a program that only looked into the database.
 */
function moveSidecars(databasePath: string, replacedPath: string): void {
  for (const suffix of sidecars) {
    const from = databasePath + suffix;
    const stats = lstatSync(from, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    const isMoved = lstatSync(replacedPath + suffix, { throwIfNoEntry: false }) !== undefined;
    // A -shm holds nothing of its own: it is made again from the -wal.
    if (isMoved && (stats.size === 0 || suffix === '-shm')) rmSync(from);
    else renameSync(from, isMoved ? freeName(replacedPath + suffix) : replacedPath + suffix);
  }
}

function freeName(path: string): string {
  for (let number = 2; number <= namesMax; number++) {
    const name = `${path}-${number}`;
    if (lstatSync(name, { throwIfNoEntry: false }) === undefined) return name;
  }
  throw noName(path);
}

function noName(path: string): CopierError {
  return new CopierError('rollback.no_name', `all names from ${path} on are taken`, {
    hint: 'move the files of earlier rollbacks away, then run again',
  });
}

/** SHA-256 of a file that is not a live database, lower-case hex. */
export function hashFileSync(path: string): string {
  const hash = createHash('sha256');
  readPieces(path, (piece) => hash.update(piece));
  return hash.digest('hex');
}

function copyDurably(request: {
  readonly from: string;
  readonly to: string;
  readonly like: Stats;
  readonly sha256: string;
}): void {
  const hash = createHash('sha256');
  const file = openSync(request.to, newFile, 0o600);
  try {
    fchownSync(file, request.like.uid, request.like.gid);
    fchmodSync(file, (request.like.mode & 0o7777) | 0o200);
    readPieces(request.from, (piece) => {
      hash.update(piece);
      for (let done = 0; done < piece.length; ) done += writeSync(file, piece, done);
    });
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  const sha256 = hash.digest('hex');
  if (sha256 !== request.sha256) throw snapshotChanged(request.from, sha256, request.sha256);
}

function readPieces(path: string, use: (piece: Buffer) => void): void {
  const file = openSync(path, unlinkedFile);
  const piece = Buffer.alloc(pieceBytes);
  try {
    for (let length = readSync(file, piece); length > 0; length = readSync(file, piece)) use(piece.subarray(0, length));
  } finally {
    closeSync(file);
  }
}

function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The snapshot is not the one that was taken. */
export function snapshotChanged(path: string, found: string, recorded: string): CopierError {
  return new CopierError('rollback.snapshot_changed', `${path} has SHA-256 ${found}, recorded was ${recorded}`, {
    hint: 'do not use this file: bring the snapshot back from a backup of the run folder; nothing was changed',
  });
}
