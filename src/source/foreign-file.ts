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

/** Beginnings as bytes in hex. */
const beginnings: readonly (readonly [hex: string, ForeignKind])[] = [
  ['1f8b', compressed('gzip', 'gunzip --keep FILE')],
  ['28b52ffd', compressed('zstd', 'zstd --decompress FILE')],
  ['fd377a585a00', compressed('xz', 'xz --decompress --keep FILE')],
  ['425a68', compressed('bzip2', 'bunzip2 --keep FILE')],
  ['504b0304', compressed('zip', 'unzip FILE')],
  ['5047444d50', postgresDump('in the custom format', 'pg_restore')],
];

/** Scripts, the more particular first: all are texts. */
const scripts: readonly (readonly [pattern: RegExp, ForeignKind])[] = [
  [/^-- PostgreSQL database (?:cluster )?dump/m, postgresDump('in plain SQL', 'psql --file')],
  [
    /^(?:-- MySQL dump|-- MariaDB dump|\/\*!\d+ SET )/m,
    { code: 'source.sql_dump', is: 'a dump of MySQL', hint: () => 'pgloader copies from MySQL to PostgreSQL' },
  ],
  [
    /^\s*(?:--[^\n]*\n|\s)*(?:PRAGMA|BEGIN|CREATE|INSERT|DROP|SAVEPOINT|ATTACH)\b/i,
    {
      code: 'source.sql_dump',
      is: 'a script in SQL, not a database',
      hint: (path) => `make a database of it, and give that: sqlite3 app.db < ${quoteShell(path)}`,
    },
  ],
];

const bytesMax = 4096;

/** The error that says what the file is; null where it is nothing that we know. */
export function nameForeignFile(path: string, cause: unknown): CopierError | null {
  const head = readHead(path);
  if (head === null) return null;
  const hex = head.toString('hex');
  const text = head.toString('utf8').replace(/^\uFEFF/, '');
  const kind =
    beginnings.find(([start]) => hex.startsWith(start))?.[1] ?? scripts.find(([pattern]) => pattern.test(text))?.[1];
  if (kind === undefined) return null;
  return new CopierError(kind.code, `${path} is ${kind.is}`, { hint: kind.hint(path), cause });
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

function compressed(format: string, command: string): ForeignKind {
  const hint = (path: string) =>
    `unpack it first, and give what comes out: ${command.replace('FILE', quoteShell(path))}`;
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
