import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { newFile, unlinkedFile } from '../../platform/file-flags.js';
import { CopierError } from '../../model/error.js';
import { busyTimeoutMs, openSource, statFile, withSource } from '../open.js';
import { translateSqliteError } from '../source-error.js';
import type { Database } from '../sqlite.js';
import { closingOf, readClosing } from './closing.js';
import { reopened } from './exclusive.js';

/*
 * A snapshot put back into the live database by SQLite itself: its pages are written into the file in one transaction, so
 * that every process that has the file open, or opens it at whatever moment, sees the closed database or the restored one,
 * and never a file beside a -wal of another. A crash before the commit leaves the closed database. Nothing is renamed.
 */

/** How long readers that keep the transaction from beginning or ending are waited for, and how often it is tried. */
const waitMaxMs = 30_000;
const pauseMs = 200;

/**
 * Keeps a copy of the closed database, then writes the snapshot into it. Gives back where the copy is: at `replacedPath`,
 * or at that name with a number where an earlier rollback has kept another file. The database must be closed by pgferry
 * and have the snapshot's page size (`canRestoreInto`). Errors: `source.reopened` where somebody wrote to it, opened or
 * replaced it since the copy was begun, `source.busy` where readers do not end in time, `rollback.no_name`, and those of
 * opening.
 */
export async function restoreInto(request: {
  readonly livePath: string;
  readonly snapshotPath: string;
  readonly replacedPath: string;
  readonly signal?: AbortSignal;
}): Promise<string> {
  const { livePath, snapshotPath, replacedPath, signal } = request;
  // Before it is opened: a file that took its place since is another one, whatever the connection says of its own.
  const before = statFile(livePath);
  const copyPath = await withSource(livePath, async (watch) => {
    const look = lookAt(livePath, before, watch);
    const path = await keepCopy(livePath, replacedPath);
    const until = performance.now() + waitMaxMs;
    while (!(await writeInto(livePath, snapshotPath, look))) {
      if (performance.now() > until) throw busy(livePath);
      await wait(pauseMs, undefined, { signal });
    }
    return path;
  });
  flushLive(livePath);
  return copyPath;
}

/** Throws `source.reopened` where the database is not what it was when we looked first. */
type Look = () => void;

/**
 * Looks at a closed database. In WAL mode a connection sees every commit of others, also beside the lock of the backup.
 * In the other modes nobody can read beside that lock, and every commit is a write to the file itself, which is only
 * `stat`ed.
 */
function lookAt(path: string, before: Pick<Stats, 'dev' | 'ino'>, watch: Database): Look {
  const isWal = watch.pragma('journal_mode', { simple: true }) === 'wal';
  const versionOf = () => {
    const version = isWal ? watch.pragma('data_version', { simple: true }) : null;
    const { dev, ino, mtimeNs, size } = statSync(path, { bigint: true });
    if (Number(dev) !== before.dev || Number(ino) !== before.ino) throw reopened(path);
    return String(version ?? `${mtimeNs} ${size}`);
  };
  const first = versionOf();
  if (closingOf(watch) === null) throw reopened(path);
  return () => {
    if (versionOf() !== first) throw reopened(path);
  };
}

/** Writes the snapshot into the database, once it has its lock and looked again. False where somebody else has a lock. */
async function writeInto(livePath: string, snapshotPath: string, look: Look): Promise<boolean> {
  let isLocked = false;
  const progress = () => {
    // The first step copies nothing, it takes the lock. The backup says nothing of a lock that it met: then this is not called.
    if (!isLocked) look();
    isLocked = true;
    return everything;
  };
  await withSource(snapshotPath, (db) => db.backup(livePath, { progress })).catch((error: unknown) => {
    throw translateSqliteError(error, livePath);
  });
  return isLocked && (await readClosing(livePath)) === null;
}

/** All pages in one step: a step that ends between lets nobody else write anyway. */
const everything = 0x7fffffff;

/** Whether the pages of the snapshot fit into the live database: both can be read, and have one page size. */
export async function canRestoreInto(livePath: string, snapshotPath: string): Promise<boolean> {
  const pageSize = (path: string) => withSource(path, (db) => Number(db.pragma('page_size', { simple: true })));
  return (await pageSize(livePath)) === (await pageSize(snapshotPath));
}

const namesMax = 1000;

/**
 * Copies the closed database, and makes the copy durable before anything rests on it. What an earlier rollback kept is
 * never overwritten, and never taken for this copy unless it has the same bytes: the database may have been opened,
 * written to and closed again since.
 */
async function keepCopy(livePath: string, replacedPath: string): Promise<string> {
  const beside = `${replacedPath}.part`;
  rmSync(beside, { force: true });
  try {
    // SQLite would make a file that everybody may read.
    const { uid, gid, mode } = statSync(livePath);
    withFile(beside, newFile, (file) => {
      fchownSync(file, uid, gid);
      fchmodSync(file, mode & 0o7777);
    });
    await withSource(livePath, (db) => db.backup(beside, { progress: () => everything }));
    withFile(beside, 'r', fsyncSync);
    const copyPath = nameCopy(beside, replacedPath);
    withFile(dirname(copyPath), 'r', fsyncSync);
    return copyPath;
  } finally {
    rmSync(beside, { force: true });
  }
}

function nameCopy(beside: string, replacedPath: string): string {
  for (let number = 1; number <= namesMax; number++) {
    const path = number === 1 ? replacedPath : `${replacedPath}-${number}`;
    const taken = lstatSync(path, { throwIfNoEntry: false });
    if (taken === undefined) linkSync(beside, path);
    if (taken === undefined || (taken.isFile() && hasSameBytes(beside, path))) return path;
  }
  throw new CopierError('rollback.no_name', `all names from ${replacedPath} on are taken`, {
    hint: 'move the files of earlier rollbacks away, then run again',
  });
}

const pieceBytes = 1024 * 1024;

function hasSameBytes(one: string, other: string): boolean {
  if (statSync(one).size !== statSync(other).size) return false;
  const pieces = [Buffer.alloc(pieceBytes), Buffer.alloc(pieceBytes)] as const;
  return withFile(one, unlinkedFile, (oneFile) =>
    withFile(other, unlinkedFile, (otherFile) => {
      for (;;) {
        const oneBytes = readSync(oneFile, pieces[0]);
        const otherBytes = readSync(otherFile, pieces[1]);
        if (!pieces[0].subarray(0, oneBytes).equals(pieces[1].subarray(0, otherBytes))) return false;
        if (oneBytes === 0) return true;
      }
    }),
  );
}

function withFile<T>(path: string, flags: number | string, use: (file: number) => T): T {
  const file = openSync(path, flags, 0o600);
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Makes durable what was committed so far, which a connection of normal synchrony leaves for later: a commit that changes
 * nothing, and that SQLite flushes with all before it. A checkpoint does so only where readers let it.
 */
export function flushLive(path: string): void {
  const db = openSource(path, { readonly: false, timeoutMs: busyTimeoutMs });
  try {
    db.pragma('synchronous = EXTRA');
    db.exec('BEGIN IMMEDIATE');
    db.pragma(`user_version = ${Number(db.pragma('user_version', { simple: true }))}`);
    db.exec('COMMIT');
  } catch (error) {
    throw translateSqliteError(error, path);
  } finally {
    db.close();
  }
}

function busy(path: string): CopierError {
  return new CopierError('source.busy', `${path} is read by another process that does not end its transaction`, {
    hint: 'stop the processes that still have the old SQLite database open (fuser or lsof name them), then run again',
  });
}
