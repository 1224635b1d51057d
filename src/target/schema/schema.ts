import { shorten } from '../../lib/printable.js';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CopierError } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import { runTogether } from '../connection/together.js';
import { withTransaction } from '../connection/transaction.js';
import { quoteName } from '../../lib/quote.js';
import { restoreSession } from '../connection/session.js';
import { type SqlStatement, splitStatements } from './sql-statements.js';

export interface SqlFile {
  readonly name: string;
  readonly statements: readonly SqlStatement[];
}

export interface SqlFiles {
  readonly files: readonly SqlFile[];
  /** The search_path of every file: unqualified names belong here. */
  readonly schema: string;
}

/** A schema is text that people write; a larger file is a dump with data, which belongs into psql. */
const fileBytesMax = 64 * 1024 * 1024;

/** Statements that leave the session as it is: what follows them in a message is read as it would be after them. */
const onlyMakes = /^(CREATE|ALTER\s+TABLE|COMMENT)\b/i;

const migrationName = 'migration.sql';

/** Statements that end or start a transaction themselves, or refuse to run inside one. */
const standsAlone =
  /^(BEGIN|START\s+TRANSACTION|COMMIT|END|ABORT|ROLLBACK(?!\s+(WORK\s+|TRANSACTION\s+)?TO\b)|VACUUM|ALTER\s+SYSTEM|(CREATE|DROP)\s+(DATABASE|TABLESPACE))\b|^(CREATE|DROP|REINDEX|ALTER\s+TABLE)\b.*\bCONCURRENTLY\b/is;

/** Makes the schema where there is none. True where it was made. */
export async function ensureSchema(client: TargetClient, schema: string): Promise<boolean> {
  // Looked for first: CREATE SCHEMA IF NOT EXISTS wants the right to create even where there is nothing to do.
  const found = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
  if (found.length > 0) return false;
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${quoteName(schema)}`, [], { doing: `create schema ${schema}` });
  return true;
}

/** Runs statements in one transaction with the schema as search_path; an error names the statement. */
export async function applyStatements(
  client: TargetClient,
  schema: string,
  statements: readonly string[],
): Promise<void> {
  await withTransaction(client, async () => {
    await client.query(`SET LOCAL search_path = ${quoteName(schema)}`);
    await runTogether(
      client,
      statements.map((sql) => ({ sql, context: { doing: firstWords(sql) } })),
    );
  });
}

/** The first words of a statement on one line, for messages. */
export function firstWords(statement: string): string {
  return shorten(statement.replace(/\s+/g, ' ').trim(), 120);
}

/** Reads the `*.sql` files of a folder, and `NAME/migration.sql` of the folders in it, cut into statements, in name order. */
export async function readSqlFolder(folder: string): Promise<SqlFile[]> {
  const files: SqlFile[] = [];
  for (const name of await listFiles(folder)) {
    files.push({ name, statements: splitStatements(await readSql(join(folder, name))) });
  }
  return files;
}

/**
 * Runs the files, statement by statement, each file in a transaction of its own, or all in the caller's where there is
 * one. BEGIN and COMMIT around a whole file are
 * left out. A file with other transactions of its own, or with a statement that refuses transactions, runs as it is, and is
 * refused inside the caller's. What the files SET is undone. An error names file, line and statement.
 */
export async function applySqlFiles(client: TargetClient, { files, schema }: SqlFiles): Promise<void> {
  try {
    for (const file of files) {
      await restoreSession(client);
      await client.query(`SET search_path = ${quoteName(schema)}`);
      await applyFile(client, file);
    }
  } finally {
    // Where the connection or the transaction is lost, so is what was set in it, and that error is on its way.
    if (!client.isBroken && client.raw.getTransactionStatus() !== 'E') await restoreSession(client);
  }
}

/** The statements without the BEGIN and COMMIT around all of them, as `init --print` writes them: we bring our own. */
function withoutFrame(statements: readonly SqlStatement[]): readonly SqlStatement[] {
  const isFramed =
    /^(BEGIN|START\s+TRANSACTION)(\s+(WORK|TRANSACTION))?$/i.test(statements[0]?.code ?? '') &&
    /^(COMMIT|END)(\s+(WORK|TRANSACTION))?$/i.test(statements.at(-1)?.code ?? '');
  const inner = statements.slice(1, -1);
  return isFramed && !inner.some(({ code }) => standsAlone.test(code)) ? inner : statements;
}

async function applyFile(client: TargetClient, file: SqlFile): Promise<void> {
  const { name } = file;
  const statements = withoutFrame(file.statements);
  if (!statements.some((statement) => standsAlone.test(statement.code)))
    return withTransaction(client, () => applyInOrder(client, name, statements));
  if (client.raw.getTransactionStatus() !== 'I') throw needsOwn(name);
  try {
    for (const statement of statements) await applyStatement(client, name, statement);
  } catch (error) {
    await endTransaction(client);
    throw error;
  }
  if (await endTransaction(client)) throw leftOpen(name);
}

/** In the caller's transaction, statements that only make something many to a message. */
async function applyInOrder(client: TargetClient, file: string, statements: readonly SqlStatement[]): Promise<void> {
  const group: SqlStatement[] = [];
  const flush = async (): Promise<void> => {
    const together = group.splice(0);
    await runTogether(
      client,
      together.map((statement) => ({ sql: statement.text, alone: () => applyStatement(client, file, statement) })),
    );
  };
  for (const statement of statements) {
    if (onlyMakes.test(statement.code)) group.push(statement);
    else {
      await flush();
      await applyStatement(client, file, statement);
    }
  }
  await flush();
}

/** Rolls back what a file left open; false where there is nothing, or no connection any more. */
async function endTransaction(client: TargetClient): Promise<boolean> {
  if (client.isBroken || client.raw.getTransactionStatus() === 'I') return false;
  await client.query('ROLLBACK');
  return true;
}

async function applyStatement(client: TargetClient, file: string, statement: SqlStatement): Promise<void> {
  try {
    await client.query(statement.text);
  } catch (error) {
    if (!(error instanceof CopierError)) throw error;
    const line = statement.line + linesBefore(statement.text, error.cause);
    const isPsql = /^\s*\\/m.test(statement.text);
    throw new CopierError(
      error.code,
      `${file} line ${line}: ${error.message}; statement: ${firstWords(statement.text)}`,
      {
        hint: isPsql ? 'lines with a backslash are commands of psql; take them out of the file' : error.hint,
        cause: error,
        foreignCode: error.foreignCode,
        table: error.table,
        column: error.column,
        key: error.key,
      },
    );
  }
}

/** PostgreSQL counts the position of an error in characters from 1, where JavaScript counts UTF-16 units. */
function linesBefore(text: string, error: unknown): number {
  const position = error instanceof Error && 'position' in error ? Number(error.position) : 0;
  if (!(position > 0)) return 0;
  return [...text].slice(0, position - 1).filter((char) => char === '\n').length;
}

function needsOwn(file: string): CopierError {
  return new CopierError('target.sql_file', `${file} ends or refuses transactions, but the schema is made in one`, {
    hint: 'take BEGIN, COMMIT and CONCURRENTLY out of the file, or run it with psql beforehand',
  });
}

function leftOpen(file: string): CopierError {
  return new CopierError('target.sql_file', `${file} begins a transaction and does not end it; it was rolled back`, {
    hint: 'add COMMIT at the end of the file, or take BEGIN out: pgferry runs each file in a transaction',
  });
}

/** The `.sql` files of a folder and, as Prisma and Drizzle lay them out, the `migration.sql` of each folder in it. */
async function listFiles(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const names = entries
      .map((entry) => (entry.isDirectory() ? join(entry.name, migrationName) : entry.name))
      .filter((name) => name.endsWith('.sql') && existsSync(join(folder, name)));
    return names.sort();
  } catch (error) {
    throw new CopierError('usage.sql_folder', `cannot read the folder ${folder} with the sql files`, {
      hint: 'correct POSTGRES_SQL_DIR',
      cause: error,
    });
  }
}

async function readSql(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > fileBytesMax) throw new Error(`it is larger than ${fileBytesMax} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CopierError('usage.sql_file', `cannot read ${path}: ${reason}`, {
      hint: 'the file must be a readable text in UTF-8',
      cause: error,
    });
  }
}
