import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { newFile, unlinkedFile } from '../../platform/file-flags.js';
import { flushPath } from '../../platform/flush.js';
import { CopierError } from '../../model/error.js';
import { whileBusy } from '../busy.js';
import { busyTimeoutMs, openSource, statFile } from '../open.js';
import { translateSqliteError } from '../source-error.js';
import { backUp } from '../snapshot/back-up.js';
import type { Database } from '../sqlite.js';
import { closingOf } from './closing.js';
import { reopened } from './exclusive.js';

/*
 * What a closed database held before a snapshot was put into it, kept beside it:
 *   copied (no name yet, not durable) → named (durable), or released
 * The database is watched from before the copy until the release, so that whoever writes over it knows that the copy has all
 * that it takes away.
 */

export class ReplacedCopy {
  /** The copy, as long as it has no name. */
  readonly path: string;
  readonly #replacedPath: string;
  readonly #watch: Database;
  readonly #look: () => void;
  /** Begun at once: what is copied does not change any more. */
  readonly #flushed: Promise<{ readonly error: unknown } | null>;
  #isReleased = false;

  private constructor(
    path: string,
    replacedPath: string,
    watched: { readonly watch: Database; readonly look: () => void },
  ) {
    this.path = path;
    this.#replacedPath = replacedPath;
    this.#watch = watched.watch;
    this.#look = watched.look;
    this.#flushed = flushPath(path).then(
      () => null,
      (error: unknown) => ({ error }),
    );
  }

  /**
   * Copies a database that pgferry has closed. Errors: `source.reopened` where it is open, and those of opening.
   */
  static async make(livePath: string, replacedPath: string): Promise<ReplacedCopy> {
    // Before it is opened: a file that took its place since is another one, whatever the connection says of its own.
    const before = statFile(livePath);
    const path = `${replacedPath}.part`;
    rmSync(path, { force: true });
    const watch = await whileBusy(busyTimeoutMs, () => openSource(livePath, { readonly: true, timeoutMs: 0 }));
    try {
      watch.pragma(`busy_timeout = ${busyTimeoutMs}`);
      const look = lookAt(livePath, before, watch);
      // SQLite would make a file that everybody may read.
      const { uid, gid, mode } = statSync(livePath);
      withFile(path, newFile, (file) => {
        fchownSync(file, uid, gid);
        fchmodSync(file, mode & 0o7777);
      });
      await backUp(watch, path, {});
      return new ReplacedCopy(path, replacedPath, { watch, look });
    } catch (error) {
      watch.close();
      rmSync(path, { force: true });
      throw translateSqliteError(error, livePath);
    }
  }

  /** Throws `source.reopened` where the database is not what it was before the copy. */
  look(): void {
    this.#look();
  }

  /**
   * Makes the copy durable before anything rests on it, and gives its name: the wanted one, or that with a number where an
   * earlier rollback has kept another file. Errors: `rollback.no_name`, and those of the disk.
   */
  async name(): Promise<string> {
    const failed = await this.#flushed;
    if (failed !== null) throw failed.error;
    const path = nameCopy(this.path, this.#replacedPath);
    withFile(dirname(path), 'r', fsyncSync);
    return path;
  }

  /** Ends the watch; a copy without a name goes. */
  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#watch.close();
    await this.#flushed;
    for (const suffix of ['', '-wal', '-shm']) rmSync(this.path + suffix, { force: true });
  }
}

/**
 * Looks at a closed database. In WAL mode a connection sees every commit of others, also beside the lock of the backup.
 * In the other modes nobody can read beside that lock, and every commit is a write to the file itself, which is only
 * `stat`ed.
 */
function lookAt(path: string, before: Pick<Stats, 'dev' | 'ino'>, watch: Database): () => void {
  const isWal = watch.pragma('journal_mode', { simple: true }) === 'wal';
  const versionOf = () => {
    const version = isWal ? watch.pragma('data_version', { simple: true }) : null;
    const { dev, ino, mtimeNs, size } = statSync(path, { bigint: true });
    if (Number(dev) !== before.dev || Number(ino) !== before.ino) throw reopened(path);
    return String(version ?? `${mtimeNs} ${size}`);
  };
  const first = versionOf();
  if (closingOf(watch) === null) throw reopened(path);
  return () => {
    if (versionOf() !== first) throw reopened(path);
  };
}

const namesMax = 1000;

/**
 * What an earlier rollback kept is never overwritten, and never taken for this copy unless it has the same bytes: the database
 * may have been opened, written to and closed again since.
 */
function nameCopy(beside: string, replacedPath: string): string {
  for (let number = 1; number <= namesMax; number++) {
    const path = number === 1 ? replacedPath : `${replacedPath}-${number}`;
    const taken = lstatSync(path, { throwIfNoEntry: false });
    if (taken === undefined) linkSync(beside, path);
    if (taken === undefined || (taken.isFile() && hasSameBytes(beside, path))) return path;
  }
  throw new CopierError('rollback.no_name', `all names from ${replacedPath} on are taken`, {
    hint: 'move the files of earlier rollbacks away, then run again',
  });
}

const pieceBytes = 1024 * 1024;

function hasSameBytes(one: string, other: string): boolean {
  if (statSync(one).size !== statSync(other).size) return false;
  const pieces = [Buffer.alloc(pieceBytes), Buffer.alloc(pieceBytes)] as const;
  return withFile(one, unlinkedFile, (oneFile) =>
    withFile(other, unlinkedFile, (otherFile) => {
      for (;;) {
        const oneBytes = readSync(oneFile, pieces[0]);
        const otherBytes = readSync(otherFile, pieces[1]);
        if (!pieces[0].subarray(0, oneBytes).equals(pieces[1].subarray(0, otherBytes))) return false;
        if (oneBytes === 0) return true;
      }
    }),
  );
}

function withFile<T>(path: string, flags: number | string, use: (file: number) => T): T {
  const file = openSync(path, flags, 0o600);
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}
