import { dirname } from 'node:path';
import { CopierError } from '../../model/error.js';
import { whileBusy } from '../busy.js';
import { busyTimeoutMs, sequentialCacheKb, statFile } from '../open.js';
import type { Database } from '../sqlite.js';
import { withEarlyFlush } from './early-flush.js';
import { type FileHash, throwIfAborted } from './file-hash.js';
import { checkSpace, watchSpace } from './snapshot-space.js';
import { copyWhole, type WholeCopy } from './whole-copy.js';

/** Bytes copied between two checks of the signal: large enough to be quick, small enough to stay responsive. */
const stepBytes = 4 * 1024 * 1024;

/** The size from which a file is rather copied whole: a program takes longer to start than SQLite to copy less. */
const wholeBytes = 16 * 1024 * 1024;

export interface SnapshotProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface BackUpOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SnapshotProgress) => void;
  /** The size from which a file is copied whole where its locks allow it; `wholeBytes` if left out. */
  readonly wholeFrom?: number;
  /** Is told of bytes that are there for good, where the copy is written from its start to its end. */
  readonly hash?: FileHash;
}

/**
 * Copies what a connection reads into the empty file at `path`: the file as a whole where it is large and its locks allow
 * that, else page by page through SQLite's backup API. The held transaction begins with the first read; that moment, which
 * is given, is the state that the snapshot shows.
 */
export async function backUp(db: Database, path: string, options: BackUpOptions): Promise<string> {
  db.pragma(`cache_size = ${-sequentialCacheKb}`);
  const isHeld = db.inTransaction;
  if (!isHeld) db.exec('BEGIN');
  try {
    db.pragma('busy_timeout = 0');
    await whileBusy(busyTimeoutMs, () => db.prepare('SELECT count(*) FROM sqlite_schema').get());
    db.pragma(`busy_timeout = ${busyTimeoutMs}`);
    const takenAt = new Date().toISOString();
    const pageBytes = Number(db.pragma('page_size', { simple: true }));
    const totalBytes = pageBytes * Number(db.pragma('page_count', { simple: true }));
    await checkSpace(dirname(path), totalBytes);
    const held = statFile(db.name);
    const isWal = db.pragma('journal_mode', { simple: true }) === 'wal';
    const checkDisk = isWal ? watchSpace(db.name, path, totalBytes) : () => {};
    await withEarlyFlush(path, async (grownTo) => {
      const onGrowth = (doneBytes: number) => {
        throwIfAborted(options.signal);
        checkDisk(totalBytes - doneBytes);
        grownTo(doneBytes);
        options.onProgress?.({ doneBytes, totalBytes });
      };
      // What a transaction of others holds uncommitted is not in the file.
      const isWhole = !isHeld && !isWal && totalBytes >= (options.wholeFrom ?? wholeBytes);
      if (isWhole && (await copyHashed(db, path, { totalBytes, onGrowth, hash: options.hash }))) return;
      throwIfAborted(options.signal);
      await db.backup(path, {
        progress: ({ totalPages, remainingPages }) => {
          onGrowth((totalPages - remainingPages) * pageBytes);
          return Math.max(1, Math.floor(stepBytes / pageBytes));
        },
      });
    });
    options.onProgress?.({ doneBytes: totalBytes, totalBytes });
    // While a reader holds its lock only a WAL checkpoint may write to the file.
    const now = statFile(db.name);
    if (!isWal && now.ino === held.ino && now.mtimeMs !== held.mtimeMs) throw overwritten(db.name);
    return takenAt;
  } finally {
    if (!isHeld && db.inTransaction) db.exec('ROLLBACK');
  }
}

/** As `copyWhole`, hashed on the way. */
async function copyHashed(
  db: Database,
  path: string,
  { totalBytes, onGrowth, hash }: WholeCopy & { readonly hash: FileHash | undefined },
): Promise<boolean> {
  const grown = (bytes: number) => {
    onGrowth(bytes);
    hash?.grownTo(bytes);
  };
  const isCopied = await copyWhole(db, path, { totalBytes, onGrowth: grown });
  // SQLite writes its pages in any order, over what was copied.
  if (!isCopied) await hash?.forget();
  return isCopied;
}

function overwritten(path: string): CopierError {
  return new CopierError('source.overwritten', `${path} was written to while a reader held its lock`, {
    hint: 'only a program that goes around SQLite does that (cp, rsync, an editor): stop it, then run again',
  });
}
