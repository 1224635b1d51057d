import { existsSync, renameSync, rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { CopierError } from '../../model/error.js';
import { busyTimeoutMs, openSource, withSource } from '../open.js';
import { translateSqliteError } from '../source-error.js';
import type { Database } from '../sqlite.js';
import { readClosing } from './closing.js';

/*
 * A snapshot put back into the live database by SQLite itself: its pages are written into the file in one transaction, so
 * that every process that has the file open, or opens it at whatever moment, sees the closed database or the restored one,
 * and never a file beside a -wal of another. A crash before the commit leaves the closed database. Nothing is renamed.
 */

/** How long readers that keep the transaction from beginning or ending are waited for, and how often it is tried. */
const patienceMs = 30_000;
const pauseMs = 200;

/**
 * Keeps a copy of the closed database at `replacedPath`, where there is none yet, then writes the snapshot into it. The
 * database must be closed by pgferry and have the snapshot's page size (`canRestoreInto`). Errors: `source.busy` where
 * readers do not end in time, and those of opening.
 */
export async function restoreInto(request: {
  readonly livePath: string;
  readonly snapshotPath: string;
  readonly replacedPath: string;
  readonly signal?: AbortSignal;
}): Promise<void> {
  const { livePath, snapshotPath, replacedPath, signal } = request;
  if (!existsSync(replacedPath)) await keepCopy(livePath, replacedPath);
  const until = performance.now() + patienceMs;
  while ((await readClosing(livePath)) !== null) {
    await withSource(snapshotPath, (db) => db.backup(livePath, { progress: () => everything })).catch(
      (error: unknown) => {
        throw translateSqliteError(error, livePath);
      },
    );
    // The backup says nothing of a lock that it met: whether the database is still closed does.
    if ((await readClosing(livePath)) === null) break;
    if (performance.now() > until) throw busy(livePath);
    await wait(pauseMs, undefined, { signal });
  }
  makeDurable(livePath);
}

/** All pages in one step: a step that ends between lets nobody else write anyway. */
const everything = 0x7fffffff;

/** Whether the pages of the snapshot fit into the live database: both can be read, and have one page size. */
export async function canRestoreInto(livePath: string, snapshotPath: string): Promise<boolean> {
  const pageSize = (path: string) => withSource(path, (db) => Number(db.pragma('page_size', { simple: true })));
  return (await pageSize(livePath)) === (await pageSize(snapshotPath));
}

async function keepCopy(livePath: string, replacedPath: string): Promise<void> {
  const beside = `${replacedPath}.part`;
  rmSync(beside, { force: true });
  await withSource(livePath, (db) => db.backup(beside, { progress: () => everything }));
  renameSync(beside, replacedPath);
}

/** What was committed to a -wal counts only once that is flushed, which a connection of normal synchrony leaves for later. */
function makeDurable(path: string): void {
  const db = openSource(path, { readonly: false, timeoutMs: busyTimeoutMs });
  try {
    flushLive(db);
  } catch (error) {
    throw translateSqliteError(error, path);
  } finally {
    db.close();
  }
}

/** Flushes what was committed so far: the -wal is synced before a checkpoint, whether readers let it end or not. */
export function flushLive(db: Database): void {
  db.pragma('synchronous = FULL');
  db.pragma('wal_checkpoint(PASSIVE)');
}

function busy(path: string): CopierError {
  return new CopierError('source.busy', `${path} is read by another process that does not end its transaction`, {
    hint: 'stop the processes that still have the old SQLite database open (fuser or lsof name them), then run again',
  });
}
