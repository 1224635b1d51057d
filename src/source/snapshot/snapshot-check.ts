import { type Database, SqliteError } from '../sqlite.js';
import { CopierError } from '../../model/error.js';
import { openSource, sequentialCacheKb } from '../open.js';
import { translateSqliteError } from '../source-error.js';

/** Complaints of quick_check are read up to this many, so that complaints about data do not hide damage. */
const complaintsMax = 1000;
const complaintsShown = 5;

/** Makes a fresh private copy readable without a -wal. */
export function settleSnapshot(path: string): void {
  const db = openSource(path, { readonly: false, timeoutMs: 0 });
  try {
    db.pragma('journal_mode = DELETE');
  } finally {
    db.close();
  }
}

/**
 * Proves the pages of a settled copy sound. Error: source.corrupt with the first complaints of quick_check. Takes about
 * as long as reading the file once, and blocks its thread meanwhile.
 */
export function checkPages(path: string): void {
  const db = openSource(path, { readonly: true, timeoutMs: 0 });
  try {
    quickCheck(db, path);
  } catch (error) {
    throw translateSqliteError(error, path);
  } finally {
    db.close();
  }
}

function quickCheck(db: Database, path: string): void {
  // CHECK constraints are about data, and may call functions that only the application has.
  db.pragma('ignore_check_constraints = ON');
  db.pragma(`cache_size = ${-sequentialCacheKb}`);
  const lines = complaintsOf(db);
  const damage = lines.flatMap((text) => text.split('\n')).filter((line) => isDamage(line));
  if (damage.length === 0) return;
  const shown = damage.slice(0, complaintsShown).join('; ');
  throw new CopierError('source.corrupt', `the database is damaged, quick_check says: ${shown}`, {
    hint: `restore a good backup, or recover the rows with: sqlite3 FILE .recover | sqlite3 NEW (the copy ${path} was removed)`,
  });
}

/**
 * quick_check ends with an error when it meets a page that it cannot read. The lines before the error name the page.
 */
function complaintsOf(db: Database): string[] {
  const lines: string[] = [];
  try {
    for (const line of db.prepare<[], string>(`PRAGMA quick_check(${complaintsMax})`).pluck().iterate())
      lines.push(line);
  } catch (error) {
    if (!(error instanceof SqliteError) || lines.length === 0) throw error;
    lines.push(error.message);
  }
  return lines;
}

/**
 * quick_check also reports values that break NOT NULL or their declared type. These are no damage; the census finds
 * them.
 */
function isDamage(line: string): boolean {
  if (line === 'ok' || line.startsWith('*** in database ')) return false;
  return !/^(NULL|NUMERIC|TEXT|non-(INT|INTEGER|REAL|TEXT|BLOB|ANY)) value in /.test(line);
}
