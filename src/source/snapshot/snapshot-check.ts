import { Database, isSqliteError } from '../sqlite.js';
import { CopierError } from '../../model/error.js';
import { recovery } from '../pages/damage.js';
import { openSource, sequentialCacheKb } from '../open.js';
import { quoteIdentifier } from '../../lib/quote.js';
import type { UncheckedTable } from '../../model/source.js';
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
 * Proves the pages of a settled copy sound, and gives the tables that SQLite alone cannot check: those with an index or a
 * key over a collation or a module that only the application has. Their rows are read by what reads all rows. Error:
 * source.corrupt with the first complaints of quick_check. Takes about as long as reading the file once, and blocks its
 * thread meanwhile.
 */
export function checkPages(path: string): readonly UncheckedTable[] {
  const db = openSource(path, { readonly: true, timeoutMs: 0 });
  try {
    // CHECK constraints are about data, and may call functions that only the application has.
    db.pragma('ignore_check_constraints = ON');
    db.pragma(`cache_size = ${-sequentialCacheKb}`);
    const { lines, unchecked } = complaintsOf(db);
    refuseDamage(lines, db);
    return unchecked;
  } catch (error) {
    throw translateSqliteError(error, path);
  } finally {
    db.close();
  }
}

/** Which SQLite checks pages here; another one may see more in the same bytes, or less. */
export function checkingSqlite(): string {
  const db = new Database(':memory:');
  try {
    return db.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '';
  } finally {
    db.close();
  }
}

/**
 * What the modules of virtual tables say of their own indexes (xIntegrity): a stale one is no damage of the file, and none
 * of it is copied.
 */
const ofVirtualTable = /^(?:malformed|unable to validate the) inverted index for FTS|^In RTree /;

function refuseDamage(lines: readonly string[], db: Database): void {
  const damage = lines
    .filter((text) => !ofVirtualTable.test(text))
    .flatMap((text) => text.split('\n'))
    .filter((line) => isDamage(line));
  if (damage.length === 0) return;
  const names = namesOfTrees(db);
  const shown = damage
    .slice(0, complaintsShown)
    .map((line) =>
      line.replace(/^Tree (\d+)/, (tree, root) => (names.has(root) ? `${names.get(root)}, tree ${root}` : tree)),
    )
    .join('; ');
  throw new CopierError('source.corrupt', `the database is damaged, quick_check says: ${shown}`, {
    hint: `restore a good backup, or ${recovery}`,
  });
}

/** Tables and indexes by their root page, which is how quick_check calls them. Empty where the schema cannot be read. */
function namesOfTrees(db: Database): ReadonlyMap<string, string> {
  const sql = 'SELECT rootpage, type, name FROM sqlite_schema WHERE rootpage > 0';
  try {
    const rows = db.prepare<[], { rootpage: number | bigint; type: string; name: string }>(sql).all();
    return new Map(rows.map(({ rootpage, type, name }) => [String(rootpage), `${type} ${name}`]));
  } catch {
    return new Map();
  }
}

interface Complaints {
  readonly lines: readonly string[];
  readonly unchecked: readonly UncheckedTable[];
}

/** Of the whole file, or of each table alone where something in the schema stands against the whole. */
function complaintsOf(db: Database): Complaints {
  const whole = quickCheck(db, '');
  if (whole.tag === 'checked') return { lines: whole.lines, unchecked: [] };
  const lines: string[] = [];
  const unchecked: UncheckedTable[] = [];
  for (const table of ['sqlite_schema', ...listTables(db)]) {
    const found = quickCheck(db, table);
    if (found.tag === 'checked') lines.push(...found.lines);
    else unchecked.push({ table, reason: found.reason });
  }
  return { lines, unchecked };
}

/** Virtual tables have no pages of their own; their shadow tables have. */
function listTables(db: Database): string[] {
  const sql = `SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY rowid`;
  return db.prepare<[], string>(sql).pluck().all();
}

type Checked =
  | { readonly tag: 'checked'; readonly lines: readonly string[] }
  | { readonly tag: 'unknown'; readonly reason: string };

/** What SQLite says where the schema needs something that only the application brings along. */
const missing = /^(?:no such collation sequence|no such module|unknown tokenizer): |^no such tokenizer/;
const missingFunction = /^unknown function: (.+)\(\)$/;

/**
 * Checks one table and its indexes, or with '' the whole file. Functions that only the application has are stood in for:
 * quick_check compares no index with its rows, so that no result of theirs matters.
 */
function quickCheck(db: Database, table: string): Checked {
  const standIns = new Set<string>();
  for (;;) {
    const lines: string[] = [];
    try {
      const pragma = `PRAGMA quick_check(${table === '' ? complaintsMax : quoteIdentifier(table)})`;
      for (const line of db.prepare<[], string>(pragma).pluck().iterate()) lines.push(line);
      return { tag: 'checked', lines };
    } catch (error) {
      if (!isSqliteError(error)) throw error;
      const [, name] = missingFunction.exec(error.message) ?? [];
      if (name !== undefined && !standIns.has(name)) {
        standIns.add(name);
        db.function(name, { varargs: true, deterministic: true }, () => null);
      } else if (missing.test(error.message)) return { tag: 'unknown', reason: error.message };
      // It ends with an error when it meets a page that it cannot read. The lines before the error name the page.
      else if (lines.length > 0) return { tag: 'checked', lines: [...lines, error.message] };
      else throw error;
    }
  }
}

/**
 * quick_check also reports values that break NOT NULL or their declared type. These are no damage; the census finds
 * them.
 */
function isDamage(line: string): boolean {
  if (line === 'ok' || line.startsWith('*** in database ')) return false;
  return !/^(NULL|NUMERIC|TEXT|non-(INT|INTEGER|REAL|TEXT|BLOB|ANY)) value in /.test(line);
}
