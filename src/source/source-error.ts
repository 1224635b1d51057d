import { recovery } from './pages/damage.js';
import { isSqliteError } from './sqlite.js';
import { CopierError, type ErrorCode } from '../model/error.js';

interface Translation {
  readonly code: ErrorCode;
  readonly text: string;
  readonly hint: string;
}

/** By primary or extended result code, the longer name first: `SQLITE_BUSY_SNAPSHOT` falls back to `SQLITE_BUSY`. */
const translations: Readonly<Record<string, Translation>> = {
  SQLITE_NOTADB: {
    code: 'source.not_a_database',
    text: 'is not a SQLite database, or it is encrypted',
    hint: 'check the path; decrypt an encrypted database (SQLCipher and the like) into a plain file first',
  },
  SQLITE_CORRUPT: {
    code: 'source.corrupt',
    text: 'is damaged',
    hint: `restore a good backup, or ${recovery}`,
  },
  SQLITE_BUSY: {
    code: 'source.busy',
    text: 'is locked by another process',
    hint: 'find its holder with `lsof` or `fuser`, let its transaction end, then run again',
  },
  SQLITE_LOCKED: {
    code: 'source.busy',
    text: 'is locked by another connection',
    hint: 'let the other transaction end, then run again',
  },
  SQLITE_READONLY_ROLLBACK: {
    code: 'source.hot_journal',
    text: 'has a rollback journal left by a crashed writer, and recovering it would change the file',
    hint: "start and stop the application once, or run: sqlite3 FILE 'SELECT count(*) FROM sqlite_schema', then run again",
  },
  SQLITE_READONLY: {
    code: 'source.wal_folder_readonly',
    text: 'is in WAL mode and its -shm file cannot be used from here',
    hint: 'run as a user who may write to the folder, or copy the database with `sqlite3 FILE .backup COPY` and use the copy',
  },
  SQLITE_CANTOPEN: {
    code: 'source.unreadable',
    text: 'cannot be opened',
    hint: 'check the permissions of the file and of its folder for the current user',
  },
  SQLITE_PERM: {
    code: 'source.unreadable',
    text: 'may not be read by the current user',
    hint: 'run as a user who may read the file',
  },
  SQLITE_AUTH: {
    code: 'source.unreadable',
    text: 'may not be read by the current user',
    hint: 'run as a user who may read the file',
  },
  SQLITE_FULL: {
    code: 'source.no_space',
    text: 'could not be written: the disk is full',
    hint: 'free some space or choose another folder, then run again',
  },
  SQLITE_IOERR: {
    code: 'source.io',
    text: 'could not be read or written: input/output error',
    hint: 'check the disk and its free space (kernel log, `df`), and the limit for the size of a file (`ulimit -f`), then run again',
  },
  SQLITE_NOMEM: {
    code: 'source.no_memory',
    text: 'needs more memory than there is',
    hint: 'free memory or lower the number of workers, then run again',
  },
};

const fallback: Translation = {
  code: 'source.sqlite',
  text: 'cannot be read',
  hint: 'open the database with the sqlite3 shell and run: PRAGMA integrity_check',
};

/**
 * The only function that turns an error of better-sqlite3 into a CopierError (class source, the SQLite result code as
 * `foreignCode`, the error itself as cause). Any other error is returned unchanged.
 */
export function translateSqliteError(error: unknown, path: string): unknown {
  if (!isSqliteError(error)) return error;
  const { code, text, hint } = translationOf(error.code);
  return new CopierError(code, `${path} ${text}: ${error.message}`, { hint, cause: error, foreignCode: error.code });
}

function translationOf(resultCode: string): Translation {
  const primary = resultCode.split('_', 2).join('_');
  return translations[resultCode] ?? translations[primary] ?? fallback;
}
