import { existsSync } from 'node:fs';
import { restoreFile } from '../../cutover/restored-file.js';
import { CopierError, type ErrorCode, toWire } from '../../model/error.js';
import type { Settings } from '../../model/settings.js';
import { countOf } from '../../report/units.js';
import { readClosing, readClosingRecovered, reopenSourceTables } from '../../source/live/closing.js';
import { withClosedFile } from '../../source/live/exclusive.js';
import { withFence } from '../../source/live/fence.js';
import type { ReplacedCopy } from '../../source/live/replaced-copy.js';
import { setJournalMode } from '../../source/live/journal-mode.js';
import { canRestoreInto, flushLive, restoreInto } from '../../source/live/restore.js';
import { findSourceWrites, type SourceWrites } from '../../source/live/source-writes.js';
import { busyTimeoutMs } from '../../source/open.js';

/*
 * The SQLite file before a rollback. Closed by the very cutover that is taken back, it has what its snapshot has, and
 * the snapshot is put into it; that is looked at, since triggers do not stop everybody. Open, it was restored or released
 * before. Where it has anything else, it is never replaced but where the operator says so, and then it is closed first, so
 * that no write falls between.
 */
export type SourceState =
  /** No file, or one that is no database any more: the snapshot takes its place, and the file is kept. */
  | { readonly tag: 'lost'; readonly why: string }
  | { readonly tag: 'closed' }
  /** It takes writes, or was changed since it was closed: by VACUUM, by force, or by a rollback that closed it again. */
  | { readonly tag: 'open'; readonly closedBy: string | null };

/** What is done to the SQLite file. */
export type RestoreMove = 'replace-file' | 'restore' | 'close-and-restore' | 'leave' | 'reopen';

/** A file of which SQLite says so takes no writes of anybody. */
const lostCodes: ReadonlySet<string> = new Set<ErrorCode>([
  'source.missing',
  'source.empty',
  'source.not_a_database',
  'source.truncated',
  'source.corrupt',
  'source.compressed',
  'source.postgres_dump',
  'source.sql_dump',
  'source.is_a_folder',
  'source.local_file',
]);

/**
 * Looks at the live file. Only what a crashed writer left is rolled back, as by whoever opens it next. `schemaVersion` is what the closing left there, null where nobody
 * knows: then a closed file counts as changed, and is compared. Errors: those of opening that do not
 * mean that the file is none any more: it may take writes then.
 */
export async function readSourceState(
  path: string,
  closing: { readonly cutoverId: string; readonly schemaVersion: number | null },
): Promise<SourceState> {
  if (!existsSync(path)) return { tag: 'lost', why: 'it is not there' };
  try {
    const found = await readClosing(path).catch((error: unknown) => {
      if (toWire(error).code !== 'source.hot_journal') throw error;
      return readClosingRecovered(path);
    });
    const isUntouched = found?.schemaVersion === closing.schemaVersion;
    if (found?.cutoverId === closing.cutoverId && isUntouched) return { tag: 'closed' };
    return { tag: 'open', closedBy: found?.cutoverId ?? null };
  } catch (error) {
    const { code, message } = toWire(error);
    if (!lostCodes.has(code)) throw error;
    return { tag: 'lost', why: message };
  }
}

/** A file that another cutover closed belongs to that one: the application has moved on since. */
export function refuseClosedByOther(state: SourceState, path: string, cutoverId: string): void {
  if (state.tag !== 'open' || state.closedBy === null || state.closedBy === cutoverId) return;
  throw new CopierError(
    'rollback.other_run',
    `what is set does not fit: it is of cutover ${cutoverId}, and ${path} was closed by cutover ${state.closedBy}`,
    { hint: `source the rollback.env of cutover ${state.closedBy} in a fresh shell, then run again` },
  );
}

/**
 * Decides what becomes of the file. `isRestored`: an attempt before has restored it already, so that what it took since is
 * the application's. Error: `rollback.source_writes` with counts where it holds what the snapshot does not.
 */
export async function decideRestore(
  state: SourceState,
  request: {
    readonly livePath: string;
    readonly snapshotPath: string;
    readonly isRestored: boolean;
    /** Where writes are carried: what earlier attempts may have restored, and which of it PostgreSQL still holds. */
    readonly carried?: KnownContents;
    /** Of the closed file, where one is made already. */
    readonly replacedCopy?: ReplacedCopy | null;
    readonly settings: Pick<Settings, 'sourceWrites'>;
    readonly warn: (message: string) => void;
  },
): Promise<RestoreMove> {
  const { livePath, snapshotPath, isRestored, settings, warn, replacedCopy = null } = request;
  if (state.tag === 'lost') {
    warn(`the database that will be replaced cannot be read: ${state.why}`);
    return 'replace-file';
  }
  const { copies, restored, current } = request.carried ?? {
    copies: [],
    restored: snapshotPath,
    current: async () => snapshotPath,
  };
  // A file that stays must take writes. A restored one that is closed again was closed to be replaced.
  const isClosed = state.tag === 'closed' || state.closedBy !== null;
  if (isRestored && !isClosed && restored === (await current())) {
    warn(`${livePath} was restored by an attempt before: it stays as it is, with what it took since`);
    return 'leave';
  }
  const { same, writes } = await findContent(livePath, [snapshotPath, ...copies], replacedCopy);
  if (same !== null) return isClosed ? 'restore' : same === (await current()) ? 'leave' : 'close-and-restore';
  switch (settings.sourceWrites) {
    case 'keep':
      warn(`SQLite keeps what it took since it was moved: ${describeWrites(writes)}`);
      return isClosed ? 'reopen' : 'leave';
    case 'discard':
      warn(`set aside with the replaced file: ${describeWrites(writes)}`);
      return isClosed ? 'restore' : 'close-and-restore';
    case 'refuse':
      throw new CopierError(
        'rollback.source_writes',
        `SQLite took writes since it was moved or restored, which its snapshot has not: ${describeWrites(writes)}`,
        {
          hint: `nothing was changed; run again with --source-writes keep to go on with ${livePath} as it is, or with --source-writes discard to put the snapshot back: the file with these rows is kept beside it`,
        },
      );
  }
}

/** Contents that a restored file may have. */
export interface KnownContents {
  /** Copies of the snapshot with what PostgreSQL had taken. */
  readonly copies: readonly string[];
  /** Which content was put in place last: the snapshot, or one of the copies. */
  readonly restored: string;
  /**
   * Which content PostgreSQL holds now: the snapshot, one of the copies, or null for none of them. Asked only where it
   * matters, since it may cost a look at every row.
   */
  readonly current: () => Promise<string | null>;
}

/** Which of these files holds what the live one does; else what the live one has beyond the first. */
async function findContent(
  livePath: string,
  paths: readonly string[],
  replacedCopy: ReplacedCopy | null,
): Promise<{ readonly same: string | null; readonly writes: SourceWrites }> {
  let writes: SourceWrites = { tables: [], hasOtherSchema: false };
  for (const [i, path] of paths.entries()) {
    const found = await findSourceWrites(livePath, path, replacedCopy?.path ?? null);
    if (found.tables.length === 0 && !found.hasOtherSchema) return { same: path, writes: found };
    if (i === 0) writes = found;
  }
  return { same: null, writes };
}

const tablesNamedMax = 5;

/** "child (1 row only there, 2 rows gone or changed)" */
export function describeWrites({ tables, hasOtherSchema }: SourceWrites): string {
  const named = tables
    .slice(0, tablesNamedMax)
    .map(
      ({ table, added, gone }) =>
        `${table} (${countOf(added, 'row')} only there, ${countOf(gone, 'row')} gone or changed)`,
    );
  const more = tables.length > tablesNamedMax ? [`and ${countOf(tables.length - tablesNamedMax, 'table')} more`] : [];
  return [...named, ...more, ...(hasOtherSchema ? ['its schema or version numbers are others'] : [])].join(', ');
}

/**
 * Closes an open file that will be replaced, before the restore is begun and noted: so a file that is open after that note
 * was restored. Closed by the transaction that keeps writers out: what was written before is in the file, and nothing
 * comes after.
 */
export async function closeBeforeRestore(path: string, cutoverId: string): Promise<void> {
  await withFence(path, { timeoutMs: busyTimeoutMs }, async (fence) => {
    fence.prepareClosing(cutoverId, new Date());
    fence.commitClosing();
  });
}

/**
 * Carries the decision out, on a file that is closed. Gives back the name under which the replaced file is kept, null where
 * none was replaced.
 */
export async function restoreSource(
  move: RestoreMove,
  request: {
    readonly livePath: string;
    readonly snapshotPath: string;
    readonly snapshotSha256: string;
    readonly replacedPath: string;
    readonly journalMode: string;
    readonly replacedCopy?: ReplacedCopy | null;
    readonly signal?: AbortSignal;
  },
): Promise<string | null> {
  const { livePath, snapshotPath, snapshotSha256, replacedPath, journalMode } = request;
  if (move === 'reopen') reopenSourceTables(livePath);
  // An attempt that was killed may have restored it without having flushed it.
  if (move === 'leave') flushLive(livePath);
  if (move === 'leave' || move === 'reopen') return null;
  const isReadable = move !== 'replace-file';
  if (isReadable && (await canRestoreInto(livePath, snapshotPath))) return await restoreInto(request);
  // Nobody else may have the file open while it goes to another name.
  await request.replacedCopy?.release();
  return restoreFile({
    databasePath: livePath,
    snapshotPath,
    snapshotSha256,
    replacedPath,
    prepare: (path) => setJournalMode(path, journalMode),
    ...(isReadable && { rename: (use: (check: () => void) => void) => withClosedFile(livePath, use) }),
  });
}
