import { CopierError } from '../../model/error.js';
import { busyTimeoutMs, openSource, statFile } from '../open.js';
import { beginSnapshotOf, type SnapshotOptions, type TakenSnapshot } from '../snapshot/snapshot.js';
import type { Database } from '../sqlite.js';
import { translateSqliteError } from '../source-error.js';

/*
 * A read transaction that is held open on the live database. As long as it is, the -wal of a database in WAL mode is not
 * begun anew, so all that was committed since stands in it: the reader's snapshot and the -wal together are the database
 * at any later moment. (A log that was copied whole when the reader began may be begun anew once, by the next writer, and
 * no checkpoint can then take a frame out of it: walRestartLog and walCheckpoint in SQLite's wal.c.) Meanwhile the -wal
 * grows, and checkpoints of the application that want it empty wait as long as its own busy_timeout lets them.
 */

export interface HeldReader {
  /** A snapshot of the very state that is held. */
  snapshot(options: Omit<SnapshotOptions, 'sourcePath'>): Promise<TakenSnapshot>;
  /** Bytes of the -wal now; 0 where there is none. */
  walBytes(): number;
  /** Frames of the -wal up to the last commit, as SQLite counts them. Reads no row and moves nothing. */
  walFrames(): number;
  /** Throws `source.fence_broken` where another file has taken the place of the database. */
  check(): void;
}

/** Lends a held reader. Errors: those of opening, and of `beginSnapshot`. */
export async function withHeldReader<T>(path: string, use: (held: HeldReader) => Promise<T>): Promise<T> {
  const before = statFile(path);
  const db = openSource(path, { readonly: true, timeoutMs: busyTimeoutMs });
  const counter = openSource(path, { readonly: true, timeoutMs: busyTimeoutMs });
  try {
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    return await use({
      snapshot: (options) => beginSnapshotOf(db, { ...options, sourcePath: path }),
      walBytes: () => sizeOf(`${path}-wal`),
      walFrames: () => {
        // NOOP (SQLite 3.51): looks at the log and copies nothing.
        const [row] = counter.pragma('wal_checkpoint(NOOP)') as { log: number; checkpointed: number }[];
        if (row === undefined || row.log < 0) throw notInWal(path);
        return row.log;
      },
      check: () => {
        const { dev, ino } = statFile(path);
        if (dev !== before.dev || ino !== before.ino) throw replaced(path);
      },
    });
  } catch (error) {
    throw translateSqliteError(error, path);
  } finally {
    // Closing ends the transaction. It has only read: a failure here must not stand for what was done, or hide its error.
    for (const connection of [counter, db]) endQuietly(connection);
  }
}

function sizeOf(path: string): number {
  try {
    return statFile(path).size;
  } catch (error) {
    if (error instanceof CopierError && error.code === 'source.missing') return 0;
    throw error;
  }
}

function notInWal(path: string): CopierError {
  return new CopierError('source.fence_broken', `${path} is not in WAL mode any more`, {
    hint: 'somebody changed its journal mode: run again',
  });
}

function replaced(path: string): CopierError {
  return new CopierError('source.fence_broken', `${path} was replaced by another file`, {
    hint: 'stop whatever replaces the file, then run again',
  });
}

function endQuietly(connection: Database): void {
  try {
    connection.close();
  } catch {
    // The process ends it.
  }
}
