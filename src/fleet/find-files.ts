import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CopierError } from '../model/error.js';

/** What SQLite and its writers put beside a database. */
const beside = /-(wal|shm|journal)$/;
/** There is no such folder: it is none, is gone meanwhile, or is a link that leads nowhere. */
const noFolder: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

/**
 * The files that a pattern names, in the order of their names: `*` is any part of a name, `?` one sign, `[ab]` one of
 * some, `**` any folders. Names that begin with a dot are found by a pattern that does too. Files that SQLite keeps
 * beside a database are left out. Throws `source.unreadable` of a folder that cannot be read: nobody knows what it holds.
 */
export function findFiles(pattern: string): string[] {
  const parts = pattern.split('/');
  const isAbsolute = parts[0] === '';
  const found = walk(isAbsolute ? '/' : '', isAbsolute ? parts.slice(1) : parts);
  return [...new Set(found)].filter((path) => !beside.test(path)).sort();
}

function walk(folder: string, parts: readonly string[]): string[] {
  const [part = '', ...rest] = parts;
  if (part === '' || part === '.') return rest.length === 0 ? [] : walk(folder === '' ? '.' : folder, rest);
  if (part === '**')
    return [...walk(folder, rest), ...foldersIn(folder).flatMap((name) => walk(join(folder, name), parts))];
  if (part === '..') return walk(join(folder, part), rest);
  // A folder may be passed through that may not be listed.
  if (rest.length > 0 && !/[*?[]/.test(part)) return walk(join(folder, part), rest);
  const matches = matcher(part);
  const entries = read(folder).filter(({ name }) => matches(name));
  if (rest.length > 0) return entries.filter(mayBeFolder).flatMap(({ name }) => walk(join(folder, name), rest));
  return entries.map(({ name }) => join(folder, name)).filter(isNoFolder);
}

function foldersIn(folder: string): string[] {
  return read(folder)
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name);
}

/** A link counts as what it leads to; one that leads nowhere is named, so that somebody hears of it. */
function isNoFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true;
}

function mayBeFolder(entry: Dirent): boolean {
  return entry.isDirectory() || entry.isSymbolicLink();
}

function read(folder: string): Dirent[] {
  try {
    return readdirSync(folder === '' ? '.' : folder, { withFileTypes: true });
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (noFolder.has(code)) return [];
    throw new CopierError('source.unreadable', `the folder ${folder === '' ? '.' : folder} cannot be read (${code})`, {
      hint: 'run as a user who may read it, or use a pattern or a manifest that leaves it out',
      cause,
    });
  }
}

function matcher(part: string): (name: string) => boolean {
  const source = part.replace(/\[!?[^\]]+\]|[.+^${}()|\\]|\*|\?/g, (sign) => {
    if (sign === '*') return '[^/]*';
    if (sign === '?') return '[^/]';
    return sign.startsWith('[') && sign.length > 1 ? sign.replace('[!', '[^') : `\\${sign}`;
  });
  const pattern = new RegExp(`^${source}$`, 'su');
  return (name) => pattern.test(name) && (part.startsWith('.') || !name.startsWith('.'));
}
