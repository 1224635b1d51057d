import { accessSync, constants, existsSync, lstatSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CopierError } from '../model/error.js';
import { hasOpen } from '../platform/open-files.js';
import { nameFolder, nameForeignFile } from './foreign-file.js';
import { whileBusy } from './busy.js';
import { translateSqliteError } from './source-error.js';
import { Database, type Database as Connection, isSqliteError, type SqliteError } from './sqlite.js';

// The live database, its -wal and its -shm are only ever stat'ed here, never opened with `fs`: closing any
// descriptor of a file drops every POSIX lock that this process holds on it, SQLite's own among them. A file that SQLite
// itself has refused as no database is looked into, to say what it is.

/** Page cache, in KiB, of a reader that reads each page once: small enough to stay in the processor's own cache. */
export const sequentialCacheKb = 2000;

/** How long a reader waits for a writer's lock before it fails. A writer rarely holds one for a second. */
export const busyTimeoutMs = 5000;

export interface OpenOptions {
  readonly timeoutMs?: number;
}

/**
 * Lends a read-only connection to an existing database file and closes it afterwards. Each kind of bad file has its own
 * code: source.missing, is_a_folder, empty, unreadable, not_a_database, truncated, corrupt, busy, hot_journal,
 * wal_folder_readonly. Opening a WAL database that no other process has open makes its -wal and -shm files, as any
 * reader does.
 */
export async function withSource<T>(
  path: string,
  use: (db: Connection) => Promise<T> | T,
  options: OpenOptions = {},
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? busyTimeoutMs;
  const db = await whileBusy(timeoutMs, () => openSource(path, { readonly: true, timeoutMs: 0 }));
  try {
    db.pragma(`busy_timeout = ${timeoutMs}`);
    return await use(db);
  } catch (error) {
    throw translateSqliteError(error, path);
  } finally {
    db.close();
  }
}

/**
 * Opens an existing database and proves that it can be read; the caller closes it. Outside of this folder use
 * `withSource`. The pragmas keep a crafted file from running code or hiding damage:
 * https://www.sqlite.org/security.html section 2.
 */
export function openSource(
  path: string,
  options: { readonly readonly: boolean; readonly timeoutMs: number },
): Connection {
  const stats = checkFile(path);
  let db: Connection | null = null;
  try {
    db = new Database(path, { readonly: options.readonly, fileMustExist: true, timeout: options.timeoutMs });
    harden(db, options.readonly);
    probe(db);
    refuseReplaced(path, db);
    return db;
  } catch (error) {
    db?.close();
    throw nameFailure(error, path, stats);
  }
}

function harden(db: Connection, isReadonly: boolean): void {
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  db.pragma('mmap_size = 0');
  if (isReadonly) db.pragma('query_only = ON');
}

/**
 * Throws `source.replaced` where the connection is to other files than those that bear the name now: SQLite opens the
 * database at once and its -wal with the first read, each by its name. Only stats them.
 */
export function refuseReplaced(path: string, db: Connection): void {
  const isWal = db.pragma('journal_mode', { simple: true }) === 'wal';
  const wal = isWal ? statSync(`${path}-wal`, { throwIfNoEntry: false }) : undefined;
  if (!hasOpen(statFile(path)) || (wal !== undefined && !hasOpen(wal))) throw replaced(path);
}

export function replaced(path: string): CopierError {
  return new CopierError('source.replaced', `${path} was replaced by another file while it was opened or copied`, {
    hint: 'stop whatever replaces the file, then run again',
  });
}

class ShortFile {
  constructor(readonly cause: SqliteError) {}
}

/** Reads page 1, then the schema. At page 1 the only damage SQLite can see is a header that counts more pages than the file has. */
function probe(db: Connection): void {
  try {
    db.pragma('schema_version');
  } catch (error) {
    throw isSqliteError(error) && error.code.startsWith('SQLITE_CORRUPT') ? new ShortFile(error) : error;
  }
  db.prepare('SELECT count(*) FROM sqlite_schema').get();
}

/** Checks a file by its path, kind, size and permissions alone, without opening it. */
export function checkFile(path: string): Stats {
  // better-sqlite3 trims the path it is given, and would open another file than the one named.
  if (path.trim() !== path) {
    throw new CopierError('usage.source_path', `the path '${path}' begins or ends with white space`, {
      hint: 'rename the file, or reach it through a symbolic link with a plain name',
    });
  }
  const stats = statFile(path);
  if (stats.isDirectory()) {
    throw nameFolder(path);
  }
  if (!stats.isFile()) {
    throw new CopierError('source.unreadable', `${path} is not a regular file`, {
      hint: 'name the SQLite file itself',
    });
  }
  if (stats.size === 0) {
    throw new CopierError('source.empty', `${path} is empty (0 bytes)`, {
      hint: 'check the path: many programs leave an empty file where they were started in the wrong folder',
    });
  }
  if (!isAllowed(path, constants.R_OK)) throw unreadable(path);
  return stats;
}

/** stat, with the ways to fail named: source.missing and source.unreadable. */
export function statFile(path: string): Stats {
  try {
    return statSync(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const hint = 'check --source or SQLITE_DB_PATH; a relative path starts at the current folder';
      const what =
        code === 'ENOENT' && isLink(path) ? `the symbolic link ${path} leads to no file` : `there is no file ${path}`;
      throw new CopierError('source.missing', what, { hint, cause });
    }
    throw unreadable(path, cause);
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function unreadable(path: string, cause?: unknown): CopierError {
  const hint = 'run as a user who may read the file, or change its permissions';
  return new CopierError('source.unreadable', `${path} may not be read by the current user`, { hint, cause });
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** Turns a failed opening into the error that names the kind of bad file, with the help of what stat says. */
function nameFailure(error: unknown, path: string, stats: Stats): unknown {
  if (error instanceof ShortFile) {
    return new CopierError(
      'source.truncated',
      `${path} is cut short: its header counts more pages than its ${stats.size} bytes hold`,
      {
        hint: 'the copy or download of this file was not finished; fetch it again or restore a backup',
        cause: error.cause,
        foreignCode: error.cause.code,
      },
    );
  }
  if (!isSqliteError(error)) return error;
  const isWal = error.code.startsWith('SQLITE_CANTOPEN') || error.code.startsWith('SQLITE_READONLY');
  if (isWal && error.code !== 'SQLITE_READONLY_ROLLBACK' && isWalBlocked(path)) {
    return new CopierError('source.wal_folder_readonly', `${path} is in WAL mode and its folder is read-only`, {
      hint: 'run as a user who may write to the folder (SQLite needs its -shm file there), or use a copy made with `sqlite3 FILE .backup COPY`',
      cause: error,
      foreignCode: error.code,
    });
  }
  const foreign = error.code === 'SQLITE_NOTADB' ? nameForeignFile(path, error) : null;
  return foreign ?? translateSqliteError(error, path);
}

function isWalBlocked(path: string): boolean {
  return (
    !isAllowed(dirname(path), constants.W_OK) ||
    (existsSync(`${path}-shm`) && !isAllowed(`${path}-shm`, constants.W_OK))
  );
}
