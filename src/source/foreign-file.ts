import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { quoteShell } from '../lib/shell-word.js';
import { CopierError, type ErrorCode } from '../model/error.js';

/* What a file is that is no SQLite database, by its first bytes: SQLite has said so, and has closed it. */

interface ForeignKind {
  readonly code: Extract<ErrorCode, `source.${string}`>;
  readonly is: string;
  readonly hint: (path: string) => string;
}

const restore = 'pgferry copies from SQLite to PostgreSQL; a dump of PostgreSQL is restored with';

/** What the commands that read a copy do themselves is told to those that need the live file. */
const needsLive =
  'this command needs the database file that the application writes; plan, migrate, verify and accept read this one as it is';

/** Beginnings as bytes in hex. */
const beginnings: readonly (readonly [hex: string, ForeignKind])[] = [
  ['1f8b', { ...compressed('gzip'), hint: () => needsLive }],
  ['28b52ffd', { ...compressed('zstd'), hint: () => needsLive }],
  ['504b0304', { ...compressed('zip'), hint: () => needsLive }],
  ['fffe', script('in SQL (UTF-16)')],
  ['feff', script('in SQL (UTF-16)')],
  ['fd377a585a00', compressed('xz', 'xz')],
  ['425a68', compressed('bzip2', 'bzip2')],
  ['5047444d50', postgresDump('in the custom format', 'pg_restore')],
];

/** Scripts, the more particular first: all are texts. */
const scripts: readonly (readonly [pattern: RegExp, ForeignKind])[] = [
  [/^-- PostgreSQL database (?:cluster )?dump/m, postgresDump('in plain SQL', 'psql --file')],
  [
    /^(?:-- MySQL dump|-- MariaDB dump|\/\*!\d+ SET )/m,
    { code: 'source.mysql_dump', is: 'a dump of MySQL', hint: () => 'pgloader copies from MySQL to PostgreSQL' },
  ],
  [/^(?:--[^\n]*\n|\/\*[\s\S]*?\*\/|\s)*(?:PRAGMA|BEGIN|CREATE|INSERT|DROP|SAVEPOINT|ATTACH)\b/i, script('in SQL')],
];

/** What SQLite refuses, and can be imported instead. */
export function isImportable(error: unknown): boolean {
  return error instanceof CopierError && (error.code === 'source.sql_dump' || error.code === 'source.compressed');
}

/** Whether a text begins as a script does. */
export function isScript(head: Buffer): boolean {
  return kindOf(head)?.code === 'source.sql_dump';
}

/** The error that says what bytes are that are neither a database nor a script; null where they may be. */
export function nameForeignBytes(name: string, head: Buffer): CopierError | null {
  const kind = kindOf(head);
  if (kind === undefined || kind.code === 'source.sql_dump') return null;
  return new CopierError(kind.code, `${name} is ${kind.is}`, { hint: kind.hint(name) });
}

const bytesMax = 4096;

/** The error that says what the file is; null where it is nothing that we know. */
export function nameForeignFile(path: string, cause: unknown): CopierError | null {
  const head = readHead(path);
  if (head === null) return null;
  const kind = kindOf(head);
  if (kind === undefined) return null;
  return new CopierError(kind.code, `${path} is ${kind.is}`, { hint: kind.hint(path), cause });
}

function kindOf(head: Buffer): ForeignKind | undefined {
  const hex = head.toString('hex');
  const text = head.toString('utf8').replace(/^\uFEFF/, '');
  return (
    beginnings.find(([start]) => hex.startsWith(start))?.[1] ?? scripts.find(([pattern]) => pattern.test(text))?.[1]
  );
}

/** What to give in place of a folder: a dump of PostgreSQL is told, else the databases in it are named. */
export function nameFolder(path: string): CopierError {
  const names = readNames(path);
  if (names.includes('toc.dat')) {
    const { code, is, hint } = postgresDump('in the directory format', 'pg_restore');
    return new CopierError(code, `${path} is ${is}`, { hint: hint(path) });
  }
  const found = names.filter((name) => /\.(?:db|db3|sqlite3?)$/i.test(name)).slice(0, 3);
  return new CopierError('source.is_a_folder', `${path} is a folder`, {
    hint: `name the SQLite file itself${found.length === 0 ? '' : `, such as ${found.map((name) => join(path, name)).join(' or ')}`}`,
  });
}

function script(form: string): ForeignKind {
  return { code: 'source.sql_dump', is: `a script ${form}, not a database`, hint: () => needsLive };
}

/** What pgferry cannot unpack, a program can. */
function compressed(format: string, program = format): ForeignKind {
  const hint = (path: string) => `let ${program} unpack it: ${program} -dc ${quoteShell(path)} | pgferry migrate - …`;
  return { code: 'source.compressed', is: `compressed (${format})`, hint };
}

function postgresDump(format: string, command: string): ForeignKind {
  const hint = (path: string) => `${restore}: ${command} ${quoteShell(path)}`;
  return { code: 'source.postgres_dump', is: `a dump of PostgreSQL ${format}`, hint };
}

function readHead(path: string): Buffer | null {
  try {
    const file = openSync(path, 'r');
    try {
      const head = Buffer.alloc(bytesMax);
      return head.subarray(0, readSync(file, head));
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}

function readNames(path: string): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
