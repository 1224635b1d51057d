import { quoteIdentifier } from '../../lib/quote.js';
import { type Database, isSqliteError } from '../sqlite.js';

/** Modules that show what stands elsewhere, or is computed: SQLite's own and those of its command-line shell. */
const showing =
  /^(?:fts5vocab|fts4aux|fts3aux|fts3tokenize|dbstat|sqlite_dbpage|sqlite_stmt|sqlite_memstat|bytecode|tables_used|json_each|json_tree|generate_series|carray|csv|fsdir|zipfile|completion|pragma_\w+)$/i;

/**
 * Whether rows stand in a virtual table alone: all of them where it is a full-text table without `content=` (FTS5,
 * section 4.4; FTS4, section 6.2), an R-Tree or a Geopoly. True for a module that is not here, which may hold anything.
 */
export function holdsRowsAlone(db: Database, name: string, sql: string): boolean {
  const [, module = '', args = ''] = /\bUSING\s+["`[]?(\w+)["`\]]?\s*(?:\(([\s\S]*)\))?/i.exec(sql) ?? [];
  if (showing.test(module)) return false;
  if (/^fts[45]$/i.test(module) && /(?:^|,)\s*content\s*=/i.test(args)) return false;
  try {
    return db.prepare(`SELECT 1 FROM ${quoteIdentifier(name)} LIMIT 1`).get() !== undefined;
  } catch (error) {
    if (isSqliteError(error)) return true;
    throw error;
  }
}
