import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CopierError } from '../../model/error.js';
import { checkFile, statFile } from '../open.js';

export interface SourceFile {
  /** Absolute, symbolic links resolved. */
  readonly path: string;
  readonly bytes: number;
}

/**
 * Finds the file that the operator named: a plain path, or a `file:` URL in Prisma's form
 * (`file:./dev.db?connection_limit=1`) or SQLite's (`file:///srv/app.db`). Relative paths start at the current folder.
 * Errors: usage.source_path, source.missing, is_a_folder, empty, unreadable, hard_link.
 */
export function sourceFile(pathOrFileUrl: string): SourceFile {
  const path = resolve(pathOf(pathOrFileUrl));
  statFile(path);
  const real = realpathSync(path);
  const { size, nlink } = checkFile(real);
  if (nlink > 1) throw hardLink(real, nlink);
  return { path: real, bytes: size };
}

/** The word for standard input, in place of a path. */
export const standardInput = '-';

/** The error of a command that needs the file which the application writes. */
export function notLive(what: string): CopierError {
  return new CopierError(
    'source.not_live',
    `the source is ${what}, not the database file that the application writes`,
    {
      hint: 'this command needs that file itself: name it with --source',
    },
  );
}

/** The file that such a text names, absolute, which need not be there; links are resolved where it is. */
export function databasePath(pathOrFileUrl: string): string {
  const path = resolve(pathOf(pathOrFileUrl));
  return existsSync(path) ? realpathSync(path) : path;
}

/**
 * SQLite looks for a -wal or -journal beside the name that it is given. Under another name of the file it would miss
 * rows.
 */
function hardLink(path: string, names: number): CopierError {
  return new CopierError('source.hard_link', `${path} is one of ${names} names (hard links) of the same file`, {
    hint: `the newest rows may stand in a -wal beside another name: find all names with find / -samefile FILE, keep the one that the application opens and remove the others, or use a copy made of that one with sqlite3 FILE ".backup COPY"`,
  });
}

function pathOf(text: string): string {
  if (text.trim() === '') {
    throw new CopierError('usage.source_path', 'the source path is empty', { hint: 'name the SQLite file' });
  }
  if (text === standardInput) throw notLive('standard input');
  if (!text.startsWith('file:')) return text;
  return text.startsWith('file://') ? pathOfUrl(text) : pathOfPrisma(text);
}

function pathOfUrl(text: string): string {
  try {
    return fileURLToPath(new URL(text));
  } catch (cause) {
    throw new CopierError('usage.source_path', `'${text}' is not the URL of a file on this machine`, {
      hint: 'give a plain path, or a URL such as file:///srv/app/dev.db',
      cause,
    });
  }
}

/** Prisma takes the part between `file:` and `?` as it is; SQLite decodes `%20`. The name that exists is meant. */
function pathOfPrisma(text: string): string {
  const path = text.slice('file:'.length).split('?', 1)[0] ?? '';
  if (path.includes('%') && !existsSync(path)) return decodePercents(path);
  return path;
}

function decodePercents(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
