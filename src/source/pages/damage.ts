import { quoteShell } from '../../lib/shell-word.js';
import { CopierError } from '../../model/error.js';

/**
 * How to get at the rows of a damaged file. `.recover` of the sqlite3 that Debian 12 has (3.40.1) gives nothing even for
 * a sound one; `.clone` leaves out what cannot be read.
 */
export function recoveryOf(path: string): string {
  return recoveryBy(quoteShell(path));
}

/** The same where the file's own name is not known. */
export const recovery = recoveryBy('FILE');

function recoveryBy(word: string): string {
  return `copy what can still be read, which may lack rows, with: sqlite3 ${word} '.clone recovered.db'`;
}

/**
 * The error for a page that does not follow the file format: `data.damaged_page`, naming table, page and what
 * is wrong. In: the page number (1 is the first) and a lower-case clause.
 */
export function damagedPage(table: string, page: number, what: string): CopierError {
  return new CopierError('data.damaged_page', `table "${table}", page ${page}: ${what}`, {
    hint: `run PRAGMA integrity_check on the source, and restore a good backup, or ${recovery}`,
    table,
  });
}
