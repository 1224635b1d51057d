import { CopierError } from '../../model/error.js';
import { busyTimeoutMs, openSource, statFile } from '../open.js';
import { translateSqliteError } from '../source-error.js';
import { closingOf } from './closing.js';

/**
 * Keeps every other process out of a closed database while `use` gives its file another name. In rollback-journal mode,
 * in which it is put first, the file alone is the database: whoever opens the old file by its name finds the lock, at
 * whatever moment. `use` gets a check that the name still is that file's. Errors: `source.busy` where another process has it open, `source.reopened` where it takes writes.
 */
export function withClosedFile<T>(path: string, use: (check: () => void) => T): T {
  const before = statFile(path);
  const check = () => {
    const { dev, ino } = statFile(path);
    if (dev !== before.dev || ino !== before.ino) throw reopened(path);
  };
  const db = openSource(path, { readonly: false, timeoutMs: busyTimeoutMs });
  try {
    db.pragma('journal_mode = DELETE');
    db.exec('BEGIN EXCLUSIVE');
    if (closingOf(db) === null) throw reopened(path);
    check();
    return use(check);
  } catch (error) {
    throw translateSqliteError(error, path);
  } finally {
    db.close();
  }
}

/** The database is not any more what was looked at before it is replaced. */
export function reopened(path: string): CopierError {
  return new CopierError(
    'source.reopened',
    `somebody opened ${path} again, wrote to it or replaced it while the snapshot was about to take its place`,
    {
      hint: 'it was left as it is; run again: what it took since is counted then, and nothing of it is dropped unasked',
    },
  );
}
