import { busyTimeoutMs, openSource } from '../source/open.js';
import { translateSqliteError } from '../source/source-error.js';
import type { Database } from '../source/sqlite.js';

/*
 * The snapshot as this thread keeps it open from one job to the next. A connection that is opened anew parses the whole
 * schema at its first statement: with one per job, a thousand tables took a thread 2 s, and eight thousand minutes.
 */
let opened: { readonly path: string; readonly db: Database } | null = null;

/**
 * A read-only connection to the snapshot, shared by the jobs of this thread. A job must end its statements and must not
 * close it.
 */
export function snapshotDatabase(path: string): Database {
  if (opened?.path === path) return opened.db;
  opened?.db.close();
  opened = { path, db: openSource(path, { readonly: true, timeoutMs: busyTimeoutMs }) };
  return opened.db;
}

/** Runs one job on that connection. Errors of SQLite come out as CopierErrors. */
export async function withSnapshot<T>(path: string, use: (db: Database) => Promise<T> | T): Promise<T> {
  try {
    return await use(snapshotDatabase(path));
  } catch (error) {
    throw translateSqliteError(error, path);
  }
}
