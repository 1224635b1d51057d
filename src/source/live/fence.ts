import type { Database } from '../sqlite.js';
import { whileBusy } from '../busy.js';
import { CopierError } from '../../model/error.js';
import { closeSourceTables, closingOf } from './closing.js';
import { sourceFile } from './file.js';
import { openSource, statFile } from '../open.js';
import { translateSqliteError } from '../source-error.js';

/*
 * A write transaction that is held open on the live database: free → held → closed and held → free. While it is held every
 * other writer waits, and gets SQLITE_BUSY once its own time limit is over; readers, the snapshot among them, continue.
 * The only thing that it writes is the triggers that close the database. The same transaction commits them, so that a
 * writer that waited all the time finds them. Right after this commit the lock is taken again, and kept until the
 * application is switched: some writers do not feel triggers (SQLITE_DBCONFIG_ENABLE_TRIGGER off, an open blob), and
 * whoever can open the database again may not do so in between. So no write is ever acknowledged between the snapshot
 * and the switch.
 */

/** A commit may have to wait for readers, of which a database without a -wal has to be free for a moment. */
const commitTimeoutMs = 30_000;

export interface Fence {
  /** journal_mode of the database, lower case. */
  readonly journalMode: string;
  /**
   * Throws `source.fence_broken` where the file was replaced, its name leads elsewhere, or another process committed in
   * spite of the fence.
   */
  check(): void;
  /** Throws `cutover.closed` where a cutover has closed the database already. */
  refuseClosed(): void;
  /** Makes the triggers, not yet committed. Returns the schema_version that their commit will set. */
  prepareClosing(cutoverId: string, at: Date): number;
  /** Commits them: the database is closed, and the fence held on. `source.busy` leaves it held and not closed; `source.fence_broken` means closed, but somebody wrote past the triggers. */
  commitClosing(): void;
}

export interface FenceOptions {
  readonly timeoutMs: number;
  /** What the operator named: a path or URL that must go on leading to this very file, links and all. */
  readonly named?: string;
}

/** Lends a fence around the database at `path`. Errors: those of opening, and source.busy where another writer does not end within `timeoutMs`. */
export async function withFence<T>(
  path: string,
  { timeoutMs, named }: FenceOptions,
  use: (fence: Fence) => Promise<T>,
): Promise<T> {
  const before = statFile(path);
  const holder = await whileBusy(timeoutMs, () => openSource(path, { readonly: false, timeoutMs: 0 }));
  try {
    // What decides in which world the application lives is on the disk before the next step: -wal or journal, and its folder.
    holder.pragma('synchronous = EXTRA');
    await whileBusy(timeoutMs, () => run(path, () => holder.exec('BEGIN IMMEDIATE')));
    holder.pragma(`busy_timeout = ${timeoutMs}`);
    const watch = openSource(path, { readonly: true, timeoutMs });
    try {
      return await use(makeFence({ path, named: named ?? path, before, holder, watch }));
    } finally {
      watch.close();
    }
  } finally {
    // Rolls back what was not committed; a ROLLBACK of our own that fails would hide what went wrong before.
    holder.close();
  }
}

interface Held {
  readonly path: string;
  readonly named: string;
  readonly before: { readonly dev: number; readonly ino: number };
  readonly holder: Database;
  /** A second connection, since data_version only changes with commits of other connections. */
  readonly watch: Database;
}

function makeFence({ path, named, before, holder, watch }: Held): Fence {
  const versionOf = (db: Database) => run(path, () => Number(db.pragma('data_version', { simple: true })));
  let versionBefore = versionOf(watch);
  return {
    journalMode: String(holder.pragma('journal_mode', { simple: true })),
    check: () => {
      const { dev, ino } = statFile(path);
      if (dev !== before.dev || ino !== before.ino) throw broken(`${path} was replaced by another file`);
      if (sourceFile(named).path !== path) throw broken(`${named} leads to another file than ${path} now`);
      if (!holder.inTransaction) throw broken('the write transaction that held it has ended');
      if (versionOf(watch) !== versionBefore) throw broken(`somebody has committed to ${path}`);
    },
    refuseClosed: () => {
      const closing = run(path, () => closingOf(holder));
      if (closing !== null) throw closedAlready(path, closing.cutoverId);
    },
    prepareClosing: (cutoverId, at) =>
      run(path, () => {
        closeSourceTables(holder, cutoverId, at);
        return Number(holder.pragma('schema_version', { simple: true }));
      }),
    commitClosing: () => {
      const ownBefore = versionOf(holder);
      run(path, () => {
        holder.pragma(`busy_timeout = ${commitTimeoutMs}`);
        holder.exec('COMMIT');
        holder.exec('BEGIN IMMEDIATE');
      });
      // Of one connection this number changes with the commits of others alone.
      if (versionOf(holder) !== ownBefore)
        throw broken(`somebody opened ${path} again, or wrote past its triggers, as soon as it was closed`);
      versionBefore = versionOf(watch);
    },
  };
}

function run<T>(path: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw translateSqliteError(error, path);
  }
}

function broken(why: string): CopierError {
  return new CopierError('source.fence_broken', `the fence around the source did not hold: ${why}`, {
    hint: 'stop whatever writes to the file without regard to its locks, or replaces it, then run again',
  });
}

function closedAlready(path: string, cutoverId: string): CopierError {
  return new CopierError('cutover.closed', `${path} was closed to writers by cutover ${cutoverId} meanwhile`, {
    hint: 'another cutover switches this application: see where it stands with `pgferry status` and its target',
  });
}
