import { CopierError } from '../../model/error.js';
import type { Database } from '../sqlite.js';
import { incomplete, type ScriptStatement } from './statements.js';
import { statementText } from './statement-text.js';

/*
 * Runs the statements of a dump in a private database. Only what a dump consists of is run: nothing that opens another
 * file, and no transaction but ours. What the dump does with transactions is followed, since it tells whether the dump
 * was written to its end.
 */

/** Pragmas that belong to the content of the file; the others are about the session that would run the dump. */
const contentPragmas = /^PRAGMA +(?:USER_VERSION|APPLICATION_ID|ENCODING|PAGE_SIZE|WRITABLE_SCHEMA)\b/;
const content = /^(?:CREATE|INSERT|REPLACE|DELETE|UPDATE|ALTER|DROP|ANALYZE)\b/;
/** SQLite makes these tables itself, and what it counted is of no use to us. */
const ofSqlite =
  /^(?:CREATE TABLE (?:IF NOT EXISTS )?|INSERT (?:OR \w+ )?INTO )["'`[]?(?:SQLITE_STAT\d|MAIN\.SQLITE_STAT\d)\b|^CREATE TABLE (?:IF NOT EXISTS )?["'`[]?SQLITE_SEQUENCE\b|^ANALYZE\b/;

export class ScriptRunner {
  /** Lines of the BEGIN and SAVEPOINTs that are open. */
  private readonly open: number[] = [];

  constructor(private readonly db: Database) {
    db.unsafeMode(true);
    db.pragma('foreign_keys = OFF');
    db.pragma('ignore_check_constraints = ON');
    // The file is thrown away where anything fails, and flushed as a whole at the end.
    db.pragma('journal_mode = OFF');
    db.pragma('synchronous = OFF');
  }

  run(statement: ScriptStatement): void {
    const head = statement.head.replace(/ +/g, ' ');
    if (/^(?:BEGIN|SAVEPOINT)\b/.test(head)) this.open.push(statement.line);
    else if (/^RELEASE\b/.test(head)) this.open.pop();
    else if (/^(?:COMMIT|END)\b/.test(head)) this.open.length = 0;
    else if (/^ROLLBACK\b/.test(head)) {
      throw incomplete(
        `line ${statement.line} takes all of it back, as sqlite3 writes where it could not read the database`,
      );
    } else if (content.test(head) || contentPragmas.test(head)) {
      if (!ofSqlite.test(head)) this.execute(statement);
    } else if (!/^(?:PRAGMA|REINDEX|VACUUM *;?$)/.test(head)) throw refused(statement);
  }

  /** To be called behind the last statement. */
  finish(): void {
    const [line] = this.open;
    if (line !== undefined) throw incomplete(`the transaction that begins on line ${line} does not end`);
    if (this.db.inTransaction) this.db.exec('COMMIT');
  }

  private execute(statement: ScriptStatement): void {
    // Pragmas of the whole file work before its first page is written, and outside of a transaction alone.
    const isPragma = statement.head.startsWith('PRAGMA');
    if (!isPragma && !this.db.inTransaction) this.db.exec('BEGIN');
    try {
      this.db.exec(statementText(statement.bytes, statement.line));
    } catch (error) {
      if (error instanceof CopierError) throw error;
      const { message, code } = error as Error & { code?: string };
      // It is there only where a table has AUTOINCREMENT, and some dumps empty it all the same.
      if (message === 'no such table: sqlite_sequence' && statement.head.startsWith('DELETE')) return;
      if (code === 'SQLITE_FULL' || code?.startsWith('SQLITE_IOERR') === true) throw error;
      throw new CopierError(
        'source.dump_statement',
        `line ${statement.line}: SQLite refuses ${kindOf(statement)}: ${message}`,
        {
          hint: 'mend or remove the statement in the dump, or give the database file itself',
          foreignCode: code ?? null,
          cause: error,
        },
      );
    }
  }
}

/** What a statement is, without any value in it. */
function kindOf({ head }: ScriptStatement): string {
  const [words = 'a statement'] =
    /^[A-Z]+(?: +(?:TABLE|INDEX|UNIQUE INDEX|TRIGGER|VIEW|VIRTUAL TABLE|INTO|FROM))?/.exec(head) ?? [];
  return words;
}

function refused(statement: ScriptStatement): CopierError {
  return new CopierError(
    'source.dump_statement',
    `line ${statement.line}: ${kindOf(statement)} is no part of a dump of SQLite`,
    {
      hint: 'give what sqlite3 app.db .dump writes, or wrangler d1 export, or .dump of Turso',
    },
  );
}
