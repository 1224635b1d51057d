import { setTimeout as wait } from 'node:timers/promises';
import { CopierError } from '../../model/error.js';
import { busyTimeoutMs, openSource, withSource } from '../open.js';
import { translateSqliteError } from '../source-error.js';
import { readClosing } from './closing.js';
import { ReplacedCopy } from './replaced-copy.js';
import { findSourceWrites } from './source-writes.js';

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
 * and have the snapshot's page size (`canRestoreInto`). `replacedCopy`: a copy that was made before; where the database is not what
 * it was then, another one is made. Errors: `source.reopened` where somebody wrote to it, opened or replaced it since the
 * copy was begun, `source.busy` where readers do not end in time, `rollback.no_name`, and those of opening.
 */
export async function restoreInto(request: {
  readonly livePath: string;
  readonly snapshotPath: string;
  readonly replacedPath: string;
  readonly replacedCopy?: ReplacedCopy | null;
  readonly signal?: AbortSignal;
}): Promise<string> {
  const { livePath, snapshotPath, replacedPath, signal } = request;
  const before = request.replacedCopy ?? null;
  const unchanged = before === null ? null : await unchangedCopy(livePath, before);
  const replacedCopy = unchanged ?? (await ReplacedCopy.make(livePath, replacedPath));
  let path: string;
  try {
    path = await replacedCopy.name();
    const until = performance.now() + waitMaxMs;
    while (!(await writeInto(livePath, snapshotPath, () => replacedCopy.look()))) {
      if (performance.now() > until) throw busy(livePath);
      await wait(pauseMs, undefined, { signal });
    }
  } finally {
    await replacedCopy.release();
  }
  flushLive(livePath);
  return path;
}

/**
 * The copy where the database is what it was then; null where another one is made. A program that had the database open may
 * have written statistics as it ended, which is nothing that the copy lacks.
 */
async function unchangedCopy(livePath: string, replacedCopy: ReplacedCopy): Promise<ReplacedCopy | null> {
  try {
    replacedCopy.look();
    return replacedCopy;
  } catch (error) {
    const { tables, hasOtherSchema } = await findSourceWrites(livePath, replacedCopy.path);
    if (tables.length > 0 || hasOtherSchema) throw error;
    await replacedCopy.release();
    return null;
  }
}

/** Writes the snapshot into the database, once it has its lock and looked again. False where somebody else has a lock. */
async function writeInto(livePath: string, snapshotPath: string, look: () => void): Promise<boolean> {
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
