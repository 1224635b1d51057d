import type { Database } from '../sqlite.js';
import { CopierError } from '../../model/error.js';
import type { SqliteValue } from '../../model/value.js';

/** The first rows of a statement. */
export interface SourceResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqliteValue[])[];
}

/** Runs one statement that only reads, and gives its first rows; integers are bigints. Throws `source.read_refused`. */
export function readSourceResult(
  db: Database,
  { sql, values }: { readonly sql: string; readonly values: readonly SqliteValue[] },
  rowsMax: number,
): SourceResult {
  try {
    const statement = db.prepare<SqliteValue[], SqliteValue[]>(sql);
    if (!statement.reader || !statement.readonly) throw notReading();
    statement.raw().safeIntegers(true);
    const rows: SqliteValue[][] = [];
    for (const row of statement.iterate(...bound(sql, values))) {
      rows.push(row);
      if (rows.length === rowsMax) break;
    }
    return { columns: statement.columns().map(({ name }) => name), rows };
  } catch (error) {
    if (error instanceof CopierError || !(error instanceof Error)) throw error;
    const code = 'code' in error ? String(error.code) : null;
    throw new CopierError('source.read_refused', `sqlite: ${error.message}`, {
      hint: 'check the read; it must be one SELECT that sqlite understands',
      cause: error,
      foreignCode: code,
    });
  }
}

/** SQLite takes `$1` for a name, which must be bound by name. */
function bound(sql: string, values: readonly SqliteValue[]): SqliteValue[] {
  if (!/\$\d/.test(sql)) return [...values];
  const named = Object.fromEntries(values.map((value, i) => [String(i + 1), value]));
  return [named] as unknown as SqliteValue[];
}

function notReading(): CopierError {
  return new CopierError('source.read_refused', 'a shadow read must be one statement that reads', {
    hint: 'write it as one SELECT',
  });
}
