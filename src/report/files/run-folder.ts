import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { geteuid } from 'node:process';
import { makeIgnoredFolder } from '../../lib/ignored-folder.js';
import { appendedFile, newFile } from '../../platform/file-flags.js';
import { CopierError } from '../../model/error.js';

/** Bytes of a file read at once for its hash. */
const readBytes = 256 * 1024;

export interface RunFolder {
  readonly path: string;
  /** Whether it was there before, empty, because the operator named it. */
  readonly wasThere: boolean;
  /** Path of a file in it. */
  readonly pathOf: (name: string) => string;
}

export interface NewRunFolder {
  readonly baseFolder: string;
  /** The very folder, where the operator named one. It may exist if it is empty. */
  readonly runFolder: string | null;
  readonly now: Date;
  /** The flags that name both, for hints. */
  readonly flags?: { readonly base: string; readonly folder: string };
  /** Put before the time in the folder's name. */
  readonly prefix?: string;
}

const standardFlags = { base: '--backup-dir', folder: '--run-dir' };

/** Makes the folder of one run: 0700, never an existing one with something in it. */
export function makeRunFolder(options: NewRunFolder): RunFolder {
  const { base: baseFlag, folder: folderFlag } = options.flags ?? standardFlags;
  try {
    if (options.runFolder !== null) return namedFolder(resolve(options.runFolder), folderFlag);
    const base = resolve(options.baseFolder);
    makeIgnoredFolder(base);
    return stampedFolder(base, options.prefix ?? '', options.now);
  } catch (cause) {
    if (cause instanceof CopierError) throw cause;
    throw new CopierError('source.run_folder', `the run folder cannot be made: ${(cause as Error).message}`, {
      hint: `give ${baseFlag} or ${folderFlag} a folder that may be written`,
      cause,
    });
  }
}

/** An existing run's folder, for going on with it. */
export function openRunFolder(path: string): RunFolder {
  return lend(realpathSync(path), true);
}

/** Removes a folder of ours that holds nothing worth keeping. A folder that existed before is only emptied. */
export function removeRunFolder({ path, wasThere }: RunFolder): void {
  const names = wasThere ? readdirSync(path).map((name) => join(path, name)) : [path];
  for (const name of names) rmSync(name, { recursive: true, force: true });
}

/** Takes the folder away again where `use` fails: nothing in it is worth keeping then. */
export async function removedOnFailure<T>(folder: RunFolder, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    removeRunFolder(folder);
    throw error;
  }
}

function namedFolder(path: string, flag: string): RunFolder {
  const wasThere = mkdirSync(path, { recursive: true, mode: 0o700 }) === undefined;
  if (readdirSync(path).length > 0) {
    throw new CopierError('usage.run_folder_used', `the run folder ${path} already holds files`, {
      hint: `name a new folder with ${flag}, or leave the choice to pgferry`,
    });
  }
  if (wasThere) takePossession(path, flag);
  return lend(realpathSync(path), wasThere);
}

/** A folder that was there is closed to others, as one of our own making is; another user's could be changed under us. */
function takePossession(path: string, flag: string): void {
  const { uid } = statSync(path);
  const me = geteuid?.();
  if (me !== undefined && uid !== me) {
    throw new CopierError('source.run_folder', `the run folder ${path} belongs to user ${uid}, we are user ${me}`, {
      hint: `name a folder of your own with ${flag}, or leave the choice to pgferry`,
    });
  }
  chmodSync(path, 0o700);
}

function stampedFolder(base: string, prefix: string, now: Date): RunFolder {
  const time = now
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  const stamp = prefix + time;
  for (let attempt = 0; attempt < 100; attempt++) {
    const path = join(base, attempt === 0 ? stamp : `${stamp}-${attempt}`);
    try {
      mkdirSync(path, { mode: 0o700 });
      return lend(realpathSync(path), false);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  throw new CopierError('source.run_folder', `no free name for a run folder under ${base}`, {
    hint: 'name one with --run-dir',
  });
}

function lend(path: string, wasThere: boolean): RunFolder {
  return { path, wasThere, pathOf: (name) => join(path, name) };
}

/**
 * Writes a new file durably: 0600, never over an existing one, never through a planted link. A file that could not be
 * written whole, or whose fsync failed, is removed. Error: `source.run_file` with the system's code.
 */
export function writeArtefact(path: string, content: string): void {
  named(path, () => {
    const file = openSync(path, newFile, 0o600);
    let isWhole = false;
    try {
      writeFileSync(file, content);
      fsyncSync(file);
      isWhole = true;
    } finally {
      closeSync(file);
      if (!isWhole) rmSync(path, { force: true });
    }
  });
}

/** Writes a file durably in place of one that an earlier attempt may have left, and that is void now. */
export function replaceArtefact(path: string, content: string): void {
  named(path, () => rmSync(path, { force: true }));
  writeArtefact(path, content);
}

/** Writes a new file durably, as `writeArtefact` does, from text that comes in pieces. */
export async function writeStream(path: string, pieces: AsyncIterable<string>): Promise<void> {
  const file = openSync(path, newFile, 0o600);
  try {
    for await (const piece of pieces) writeFileSync(file, piece);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Adds one line to the run's log, which is never reached through a planted link. Error: `source.run_file`. */
export function appendLog(path: string, line: string): void {
  named(path, () => {
    const file = openSync(path, appendedFile, 0o600);
    try {
      writeFileSync(file, `${line}\n`);
    } finally {
      closeSync(file);
    }
  });
}

/**
 * Lends what adds a line to the run's log, as `appendLog` does, whose file stays open meanwhile: each table has lines of its
 * own, and opening the file costs more than a line. It is opened by the first of them, and again by the next where that failed.
 */
export async function withLog<T>(path: string, use: (append: (line: string) => void) => Promise<T>): Promise<T> {
  let file: number | null = null;
  const append = (line: string): void =>
    named(path, () => {
      file ??= openSync(path, appendedFile, 0o600);
      writeFileSync(file, `${line}\n`);
    });
  try {
    return await use(append);
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** The SHA-256 of a file of the folder that is known already, 64 hex digits. */
export interface KnownHash {
  readonly name: string;
  readonly sha256: string;
}

/**
 * Writes `manifest.sha256` over every file of the folder and its subfolders, in the form that `sha256sum -c` reads.
 * Files of `known` are not read again: they are listed with the hash given, so that one that changed since fails the
 * check.
 */
export async function writeManifest(
  folder: RunFolder,
  { name = 'manifest.sha256', known = [] }: { readonly name?: string; readonly known?: readonly KnownHash[] } = {},
): Promise<void> {
  const hashes = new Map(known.map((file) => [file.name, file.sha256]));
  const files = readdirSync(folder.path, { recursive: true, encoding: 'utf8' })
    .filter((path) => lstatSync(folder.pathOf(path)).isFile())
    .filter((path) => !path.startsWith('manifest'));
  const lines: string[] = [];
  for (const file of files.sort()) {
    lines.push(`${hashes.get(file) ?? (await sha256OfFile(folder.pathOf(file)))}  ${file}\n`);
  }
  writeArtefact(folder.pathOf(name), lines.join(''));
}

/** Failures of the file system as errors with a next step. */
function named<T>(path: string, use: () => T): T {
  try {
    return use();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new CopierError('source.run_file', `${path} cannot be written: ${message}`, {
      hint: `check the disk of the run folder, its free space and permissions (df ${dirname(path)}), then run again`,
      cause,
      foreignCode: code ?? null,
    });
  }
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  const file = await open(path, 'r');
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, readBytes);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
