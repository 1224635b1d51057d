import { Database } from '../sqlite.js';
import type { Affinity } from '../../model/source.js';

/** A column's value in records written before the column was added; integers in decimal, bytes in hex. */
export type DefaultValue =
  | { readonly tag: 'null' }
  | { readonly tag: 'integer'; readonly value: string }
  | { readonly tag: 'real'; readonly value: number }
  | { readonly tag: 'text' | 'blob'; readonly hex: string };

interface DefaultRow {
  readonly storage: 'null' | 'integer' | 'real' | 'text' | 'blob';
  readonly value: bigint | number | string | Buffer | null;
  readonly hex: string;
}

/** What was asked before: the same defaults stand in many tables, and each table is laid out for several jobs. */
const known = new Map<string, DefaultValue | null>();
const knownMax = 1000;

/**
 * Asks SQLite itself what value a column has in a record that lacks it: in an empty database in memory, a column of the
 * same affinity and default is added to a table with one row, and the row is read. So literals, affinity and signs are
 * exactly what SQLite makes of them, and none of the source's data is touched. Null where SQLite does not take the
 * expression either way.
 */
export function readDefault(affinity: Affinity, sql: string): DefaultValue | null {
  const asked = `${affinity} ${sql}`;
  const found = known.get(asked);
  if (found !== undefined) return found;
  const value = askSqlite(affinity, sql);
  if (known.size >= knownMax) known.clear();
  known.set(asked, value);
  return value;
}

/**
 * The catalog gives a default without the parentheses it may have been written in, so both forms are tried; the line
 * break ends a comment inside.
 */
function askSqlite(affinity: Affinity, sql: string): DefaultValue | null {
  // Text that was not valid UTF-8 came through JavaScript changed.
  if (sql.includes('\ufffd')) return null;
  const db = new Database(':memory:');
  try {
    db.defaultSafeIntegers(true);
    return tryDefault(db, affinity, sql) ?? tryDefault(db, affinity, `(${sql}\n)`);
  } finally {
    db.close();
  }
}

function tryDefault(db: Database, affinity: Affinity, sql: string): DefaultValue | null {
  db.exec('DROP TABLE IF EXISTS t; CREATE TABLE t(a); INSERT INTO t VALUES (1)');
  try {
    db.prepare(`ALTER TABLE t ADD COLUMN c ${affinity} DEFAULT ${sql}`).run();
  } catch (error) {
    // SQLite adds such a column to empty tables only, so no record lacks it; if one did, it would read as NULL.
    return error instanceof Error && error.message.includes('non-constant default') ? { tag: 'null' } : null;
  }
  const query = db.prepare<[], DefaultRow>('SELECT typeof(c) AS storage, c AS value, hex(c) AS hex FROM t');
  const row = query.get();
  return row === undefined ? null : toDefault(row);
}

function toDefault({ storage, value, hex }: DefaultRow): DefaultValue {
  if (storage === 'integer') return { tag: storage, value: String(value) };
  if (storage === 'real') return { tag: storage, value: Number(value) };
  if (storage === 'null') return { tag: storage };
  return { tag: storage, hex };
}
