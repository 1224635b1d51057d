import { chmod, mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Database } from '../sqlite.js';
import { CopierError } from '../../model/error.js';
import type { Snapshot, UncheckedTable } from '../../model/source.js';
import { isImportable } from '../foreign-file.js';
import { importSource } from '../import/import.js';
import type { NamedSource, SourceStream } from '../import/named-source.js';
import { type BackUpOptions, backUp } from './back-up.js';
import { FileHash, hashFile, throwIfAborted } from './file-hash.js';
import { flushPath } from '../../platform/flush.js';
import { refuseReplaced, replaced, statFile, withSource } from '../open.js';
import { checkPages, settleSnapshot } from './snapshot-check.js';
import { recoveryOf } from '../pages/damage.js';
import { translateSqliteError } from '../source-error.js';

export interface SnapshotOptions extends BackUpOptions {
  readonly sourcePath: string;
  /** Where the bytes come from, if not from that path. */
  readonly stream?: SourceStream | null;
  /** Refuses a dump and whatever else is no database file; such sources are imported otherwise. */
  readonly mustBeLive?: boolean;
  /** Must not exist; missing folders are made with mode 0700. */
  readonly snapshotPath: string;
  /** Proves the pages of the copy sound, on another thread if need be, while this one hashes; `checkPages` if left out. */
  readonly checkPages?: (path: string) => Promise<readonly UncheckedTable[]>;
  /** The SHA-256 of bytes whose pages are known to be sound: a copy of these very bytes is hashed, and not checked again. */
  readonly soundSha256?: string | null;
}

/** A copy that may be read already, but not trusted before its proof. */
export interface TakenSnapshot extends Omit<Snapshot, 'sha256'> {
  /** Its SHA-256, which may be there before the proof. Never fails where the proof does not. */
  readonly hashed: Promise<string>;
  /** It is hashed and durable, while its pages may still be checked. Never fails where the proof does not. */
  readonly durable: Promise<Snapshot>;
  /** The same, and its pages are sound; where not, the file is gone and the error is one of `takeSnapshot`. */
  readonly proof: Promise<Snapshot>;
}

/**
 * Copies the source inside one held read transaction, so that the copy is one committed state whatever other processes
 * write meanwhile, and includes rows that are only in a -wal. (Writers of a WAL database go on; those of a
 * rollback-journal database wait for their lock, as behind any reader.) Then checks it, makes it durable and read-only
 * (0400) and takes its SHA-256. A snapshot of a WAL database is switched to journal_mode=DELETE. So the copy differs
 * from the source in its header alone, if at all: the journal mode (bytes 18 and 19), the change counter and the schema
 * cookie (24, 40, 92), which SQLite raises when it writes the copy page by page. On any failure the
 * partial file is removed. Errors: those of `withSource`; source.snapshot_exists, no_space, replaced, overwritten,
 * corrupt, disk_filling, snapshot_unwritable, snapshot_io; interrupted.snapshot, or the CopierError that the signal
 * carries.
 */
export async function takeSnapshot(options: SnapshotOptions): Promise<Snapshot> {
  return (await beginSnapshot(options)).proof;
}

/** Does the same, but returns as soon as the copy is written. Its readers may begin while it is checked and hashed. */
export async function beginSnapshot(options: SnapshotOptions): Promise<TakenSnapshot> {
  return await prove(await copySource(options), options);
}

/** The same through a connection to a database. Where that is in a transaction, the snapshot shows what the transaction sees. */
export async function beginSnapshotOf(db: Database, options: SnapshotOptions): Promise<TakenSnapshot> {
  return await prove(await copyThrough(db, options), options);
}

async function prove(
  { path, sourcePath, takenAt, hash, ...rest }: Copied,
  options: SnapshotOptions,
): Promise<TakenSnapshot> {
  const { size: bytes } = await stat(path);
  const hashed = hash.end();
  const keeping = Promise.all([hashed, makeDurable(path)]).then(([sha256]) => {
    throwIfAborted(options.signal);
    return { path, sourcePath, bytes, sha256, takenAt, ...rest };
  });
  const of = { path, sourcePath, isDatabase: rest.imported === undefined };
  const proof = orRemove(of, async () => {
    const [snapshot, unchecked] = await Promise.all([keeping, checkUnlessSound(path, hashed, options)]);
    throwIfAborted(options.signal);
    return { ...snapshot, ...(unchecked.length === 0 ? {} : { unchecked }) };
  });
  const durable = keeping.catch(async (): Promise<never> => {
    await proof;
    throw new Error('assertion failed: a snapshot was proven that could not be kept');
  });
  // A reader of the copy may fail first. The failure of the proof must not count as an unhandled rejection until it is
  // awaited.
  for (const awaited of [hashed, durable, proof]) awaited.catch(() => {});
  return { path, sourcePath, bytes, takenAt, ...rest, hashed, durable, proof };
}

/**
 * Proves the pages of a snapshot sound that was taken before, as `beginSnapshot` does: gives the tables that could not be
 * judged; source.corrupt, and the file is gone, where they are damaged.
 */
export async function proveAgain(
  { path, sourcePath }: Pick<Snapshot, 'path' | 'sourcePath'>,
  check: (path: string) => Promise<readonly UncheckedTable[]>,
): Promise<readonly UncheckedTable[]> {
  return await orRemove({ path, sourcePath, isDatabase: true }, () => check(path));
}

/** The check goes on beside the hash, but where that may spare it. */
async function checkUnlessSound(
  path: string,
  hashed: Promise<string>,
  { checkPages: check = async (copy) => checkPages(copy), soundSha256 = null }: SnapshotOptions,
): Promise<readonly UncheckedTable[]> {
  return soundSha256 !== null && (await hashed) === soundSha256 ? [] : await check(path);
}

interface Copied extends Pick<Snapshot, 'path' | 'sourcePath' | 'takenAt' | 'imported'> {
  /** May have begun while the copy was made. */
  readonly hash: FileHash;
}

async function copySource(options: SnapshotOptions): Promise<Copied> {
  throwIfAborted(options.signal);
  const { stream = null } = options;
  if (stream !== null) return await makeOf({ sourcePath: options.sourcePath, stream }, options);
  try {
    return await copyDatabase(options);
  } catch (error) {
    if (options.mustBeLive === true || !isImportable(error)) throw error;
    return await makeOf({ sourcePath: resolve(options.sourcePath), stream: null }, options);
  }
}

/** Makes the snapshot of what is no database file. */
async function makeOf(source: NamedSource, { snapshotPath, signal }: SnapshotOptions): Promise<Copied> {
  const path = resolve(snapshotPath);
  const { sourcePath } = source;
  const takenAt = new Date().toISOString();
  await createPrivateFile(path);
  return orRemove({ path, sourcePath, isDatabase: false }, async () => {
    const imported = await importSource(source, path, signal);
    settleSnapshot(path);
    throwIfAborted(signal);
    await chmod(path, 0o400);
    return { path, sourcePath, takenAt, imported, hash: new FileHash(path, signal) };
  });
}

async function copyDatabase(options: SnapshotOptions): Promise<Copied> {
  const sourcePath = resolve(options.sourcePath);
  // The source is looked at first, so that a bad path leaves no empty folder behind.
  statFile(sourcePath);
  return await withSource(sourcePath, (db) => copyThrough(db, options));
}

async function copyThrough(db: Database, options: SnapshotOptions): Promise<Copied> {
  const sourcePath = resolve(options.sourcePath);
  const path = resolve(options.snapshotPath);
  throwIfAborted(options.signal);
  const before = statFile(sourcePath);
  await createPrivateFile(path);
  const hash = new FileHash(path, options.signal);
  return orRemove({ path, sourcePath, isDatabase: true }, async () => {
    try {
      const takenAt = await backUp(db, path, { ...options, hash });
      const after = statFile(sourcePath);
      if (after.dev !== before.dev || after.ino !== before.ino) throw replaced(sourcePath);
      refuseReplaced(sourcePath, db);
      settleSnapshot(path);
      throwIfAborted(options.signal);
      await chmod(path, 0o400);
      return { path, sourcePath, takenAt, hash };
    } catch (error) {
      await hash.forget();
      throw error;
    }
  });
}

/** A copy over which `work` fails is removed. */
async function orRemove<T>(
  { path, sourcePath, isDatabase }: Pick<Snapshot, 'path' | 'sourcePath'> & { readonly isDatabase: boolean },
  work: () => Promise<T>,
) {
  try {
    return await work();
  } catch (error) {
    await removeWithSidecars(path);
    throw nameSource(translateFailure(error, `the copy of ${sourcePath} at ${path}`), sourcePath, isDatabase);
  }
}

/** The copy is damaged where its source is, and it is the source that the operator knows. */
function nameSource(error: unknown, sourcePath: string, isDatabase: boolean): unknown {
  if (!(error instanceof CopierError) || error.code !== 'source.corrupt') return error;
  const { foreignCode } = error;
  const hint = isDatabase ? `restore a good backup, or ${recoveryOf(sourcePath)}` : error.hint;
  return new CopierError(error.code, `${sourcePath}: ${error.message}`, { hint, foreignCode, cause: error });
}

/** Recomputes the SHA-256 and compares. Errors: source.missing, source.snapshot_changed, source.snapshot_io. */
export async function checkSnapshot(snapshot: Snapshot, signal?: AbortSignal): Promise<void> {
  statFile(snapshot.path);
  const sha256 = await hashFile(snapshot.path, signal).catch((error: unknown) => {
    throw translateFailure(error, snapshot.path);
  });
  if (sha256 === snapshot.sha256) return;
  throw new CopierError(
    'source.snapshot_changed',
    `${snapshot.path} has SHA-256 ${sha256}, recorded was ${snapshot.sha256}`,
    {
      hint: 'do not use this snapshot; take a new one from the source, or restore the file from a backup of the run folder',
    },
  );
}

async function createPrivateFile(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // wx is O_CREAT | O_EXCL: it neither overwrites nor follows a planted symbolic link.
    const file = await open(path, 'wx', 0o600);
    await file.close();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? null;
    if (code === 'EEXIST') {
      throw new CopierError('source.snapshot_exists', `${path} exists already and is not overwritten`, {
        hint: 'choose another run folder',
        cause,
      });
    }
    throw new CopierError('source.snapshot_unwritable', `cannot create ${path}: ${code}`, {
      hint: 'check that the folder may be written to and its disk is not full',
      cause,
      foreignCode: code,
    });
  }
}

/** A file is safe when its bytes and its folder's entry are on the disk. A failed fsync loses the file: it is never retried. */
async function makeDurable(path: string): Promise<void> {
  for (const name of [path, dirname(path)]) await flushPath(name);
}

/** SQLite's errors and those of the file system (which bear a code such as ENOSPC) become CopierErrors. */
function translateFailure(error: unknown, what: string): unknown {
  const translated = translateSqliteError(error, what);
  if (translated instanceof CopierError || !(translated instanceof Error)) return translated;
  const code = (translated as NodeJS.ErrnoException).code;
  if (typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return translated;
  const hint = 'check the disk, its free space and the permissions of the folder, then run again';
  const options = { hint, cause: translated, foreignCode: code };
  return new CopierError('source.snapshot_io', `${what} could not be written or read: ${code}`, options);
}

/** Removes a file of ours, and whatever SQLite may have left beside it. */
export async function removeWithSidecars(path: string): Promise<void> {
  for (const suffix of ['', '-journal', '-wal', '-shm']) await rm(path + suffix, { force: true });
}
