import { chmodSync, closeSync, existsSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { CopierError } from '../../model/error.js';
import { openSource, statFile } from '../open.js';
import { translateSqliteError } from '../source-error.js';
import { readWal } from '../wal/frames.js';
import { copyPrivately } from './private-copy.js';
import { settleSnapshot } from './snapshot-check.js';

/*
 * A newer snapshot made of an older one and the write-ahead log of the live database: SQLite recovers the log over a copy
 * of the older snapshot, which costs the log and not the file. The reader that took the older snapshot must have been
 * held ever since (`withHeldReader`), and a fence must keep writers out (`withFence`): then the log is whole.
 *
 * The -wal bears no POSIX locks, these are on the database and its -shm; so unlike those it may be opened and closed here.
 */

/** Bytes 18 and 19 of the header are 2 where a database is in WAL mode (SQLite file format section 1.3.3). */
const walVersions = Buffer.from([2, 2]);

/**
 * Copies a settled snapshot to `path`, for `foldWal`, and makes the copy durable. A file system that shares blocks does
 * it at once. The file must not exist.
 */
export function copyForWal(snapshotPath: string, path: string): void {
  copyPrivately(snapshotPath, path);
  const file = openSync(path, 'r+');
  try {
    writeSync(file, walVersions, 0, 2, 18);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export interface FoldedWal {
  /** Numbers of the pages that the log holds, those from before the older snapshot among them. */
  readonly pages: Uint32Array;
  readonly walBytes: number;
}

/**
 * Folds the live database's log into the copy, which is then the live database as it is, settled, durable and read-only.
 * `frames`: how many the live database counts up to its last commit; the copy of the log must have as many, each with its
 * checksum. Error: `source.wal_differs`.
 */
export function foldWal(request: {
  readonly path: string;
  readonly livePath: string;
  readonly frames: number;
}): FoldedWal {
  const { path, livePath, frames } = request;
  const walPath = `${path}-wal`;
  const found = copyLog(`${livePath}-wal`, walPath);
  if (found.frames !== frames) {
    throw differs(`its copy holds ${found.frames} frames up to the last commit, the database counts ${frames}`);
  }
  if (found.frames === 0) rmSync(walPath, { force: true });
  else checkpoint(path, found);
  settleSnapshot(path);
  chmodSync(path, 0o400);
  syncFolder(dirname(path));
  return { pages: Uint32Array.from(found.pages), walBytes: found.walBytes };
}

function copyLog(from: string, to: string) {
  if (!existsSync(from)) return { frames: 0, pages: new Set<number>(), pageCount: 0, walBytes: 0 };
  copyPrivately(from, to);
  const content = readWal(to);
  const file = openSync(to, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return { ...content, walBytes: statFile(to).size };
}

function checkpoint(
  path: string,
  { frames, pageCount }: { readonly frames: number; readonly pageCount: number },
): void {
  const db = openSource(path, { readonly: false, timeoutMs: 0 });
  try {
    db.pragma('synchronous = FULL');
    const pages = Number(db.pragma('page_count', { simple: true }));
    if (pages !== pageCount) throw differs(`it leads to ${pages} pages, its last commit says ${pageCount}`);
    const [done] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number; log: number; checkpointed: number }[];
    if (done?.busy !== 0) throw differs(`its ${frames} frames could not be taken over`);
  } catch (error) {
    throw translateSqliteError(error, path);
  } finally {
    db.close();
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function differs(why: string): CopierError {
  return new CopierError(
    'source.wal_differs',
    `the write-ahead log of the source is not what its database says: ${why}`,
    {
      hint: 'nothing was switched; run again, and where it stays so, move with `pgferry cutover` without --live',
    },
  );
}
