import { openSource, withSource } from '../open.js';
import { translateSqliteError } from '../source-error.js';

/** Sets the journal mode of a database that no other process has open. Its last close leaves no -wal behind. */
export function setJournalMode(path: string, journalMode: string): void {
  const db = openSource(path, { readonly: false, timeoutMs: 0 });
  try {
    db.pragma(`journal_mode = ${journalMode === 'wal' ? 'WAL' : 'DELETE'}`);
  } catch (error) {
    throw translateSqliteError(error, path);
  } finally {
    db.close();
  }
}

/** journal_mode of a database, lower case. Errors: those of `withSource`. */
export async function readJournalMode(path: string): Promise<string> {
  return await withSource(path, (db) => String(db.pragma('journal_mode', { simple: true })));
}
