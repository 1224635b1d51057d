import { quoteIdentifier } from '../../src/lib/quote.js';
import { Database } from '../../src/source/sqlite.js';
import { type ChildCommand, measureChild } from '../measure/child.js';
import { environmentOf } from '../measure/server.js';

/** The plain way: the sqlite3 program writes CSV and psql reads it, table after table, with indexes in place. */
export interface PlainCopy {
  readonly table: string;
  readonly command: ChildCommand;
}

const pipe = 'sqlite3 -readonly -csv "$1" "$2" | psql -X -q -v ON_ERROR_STOP=1 -c "$3"';

/** One pipe per table, parents first as the file lists them. */
export function planPlainCopy(sqlitePath: string, url: string): PlainCopy[] {
  const db = new Database(sqlitePath, { readonly: true });
  try {
    return listTables(db).map((table) => ({
      table,
      command: {
        file: 'sh',
        args: [
          '-c',
          pipe,
          'sh',
          sqlitePath,
          selectForCsv(db, table),
          `\\copy ${quoteIdentifier(table)} from pstdin csv`,
        ],
        env: environmentOf(url),
      },
    }));
  } finally {
    db.close();
  }
}

function listTables(db: Database): string[] {
  const rows = db.prepare<[], { name: string }>(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> '_prisma_migrations' ORDER BY rowid",
  );
  return rows.all().map(({ name }) => name);
}

/** What a person writes by hand: datetimes out of epoch milliseconds, blobs as hex; the rest as it is. */
function selectForCsv(db: Database, table: string): string {
  const columns = db.prepare<[string], { name: string; type: string }>('SELECT name, type FROM pragma_table_info(?)');
  const terms = columns.all(table).map(({ name, type }) => {
    const column = quoteIdentifier(name);
    if (type === 'DATETIME') {
      const text = `strftime('%Y-%m-%d %H:%M:%f', ${column} / 1000.0, 'unixepoch')`;
      return `CASE typeof(${column}) WHEN 'integer' THEN ${text} ELSE ${column} END`;
    }
    return type === 'BLOB' ? `'\\x' || hex(${column})` : column;
  });
  return `SELECT ${terms.join(', ')} FROM ${quoteIdentifier(table)}`;
}

/** Whether the programs that the plain way needs are on the PATH. */
export async function isInstalled(program: string): Promise<boolean> {
  const found = await measureChild({ file: 'sh', args: ['-c', 'command -v "$1"', 'sh', program] });
  return found.exitCode === 0;
}
