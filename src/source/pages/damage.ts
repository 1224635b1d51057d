import { CopierError } from '../../model/error.js';

/**
 * The error for a page that does not follow the file format: `data.damaged_page`, naming table, page and what
 * is wrong. In: the page number (1 is the first) and a lower-case clause.
 */
export function damagedPage(table: string, page: number, what: string): CopierError {
  return new CopierError('data.damaged_page', `table "${table}", page ${page}: ${what}`, {
    hint: 'run PRAGMA integrity_check on the source, repair it (.recover in sqlite3) or restore a backup, then start again',
    table,
  });
}
