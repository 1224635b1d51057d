import type { TableCensus } from '../../model/census.js';
import { plainProgress, type Progress } from '../../model/event.js';
import type { Snapshot } from '../../model/source.js';
import { bytesReadSince, sharedThread } from '../../platform/thread-reads.js';
import type { Threads } from '../../pool/threads.js';
import type { NamedSource } from '../../source/import/named-source.js';
import { beginSnapshot, type TakenSnapshot } from '../../source/snapshot/snapshot.js';
import type { Context } from '../context.js';
import type { CheckedSnapshot } from '../plan/stored-plan.js';

export interface SnapshotRequest {
  readonly source: NamedSource;
  readonly snapshotPath: string;
  readonly threads: Threads;
  readonly signal: AbortSignal;
  /** What was found sound before: of the very same bytes it is not checked, nor counted, again. */
  readonly sound?: CheckedSnapshot | null;
  /** The check begins once this resolves; at once where it is left out. */
  readonly checkAfter?: Promise<void>;
}

/** A snapshot that may be read already, and its proof, which is a phase of its own. */
export interface WatchedSnapshot {
  readonly taken: TakenSnapshot;
  readonly prove: () => Promise<Snapshot>;
  /** What is known already of the values in these very bytes, by table. */
  readonly counted: Promise<readonly TableCensus[]>;
}

/** Takes a snapshot of the source, checked on a thread; both phases say how far they are. Throws what `beginSnapshot` throws. */
export async function beginWatchedSnapshot(
  { journal }: Pick<Context, 'journal'>,
  { source, snapshotPath, threads, signal, sound = null, checkAfter = Promise.resolve() }: SnapshotRequest,
): Promise<WatchedSnapshot> {
  let copied: Progress = plainProgress('snapshot', 'bytes', 0, null);
  const check = pageCheck(threads);
  const request = {
    ...source,
    snapshotPath,
    signal,
    onProgress: ({ doneBytes, totalBytes }: { readonly doneBytes: number; readonly totalBytes: number }) => {
      copied = plainProgress('snapshot', 'bytes', doneBytes, totalBytes);
    },
    checkPages: async (path: string) => {
      await checkAfter;
      return await check.run(path);
    },
    soundSha256: sound?.sha256 ?? null,
  };
  const taken = await journal.phase(
    'snapshot',
    () => beginSnapshot(request),
    () => copied,
  );
  const counted = taken.hashed.then((sha256) => (sha256 === sound?.sha256 ? countedIn(sound) : []));
  counted.catch(() => {});
  return {
    taken,
    counted,
    prove: async () => {
      const snapshot = await journal.phase(
        'check',
        () => taken.proof,
        () => check.look(taken.bytes),
      );
      if (snapshot.sha256 === sound?.sha256) journal.note(soundNote);
      return snapshot;
    },
  };
}

/** What is said where the check of the pages was left out. */
export const soundNote = 'the pages are not checked again: the last run found these very bytes sound';

/** The check of a snapshot's pages on a thread, and how far it is in a file of so many bytes. */
export function pageCheck(threads: Threads) {
  const thread = sharedThread();
  let isDone = false;
  return {
    run: async (path: string) => {
      const unchecked = await threads.run('check', { path, thread });
      isDone = true;
      return unchecked;
    },
    look: (fileBytes: number): Progress => {
      // A thread that has ended tells nothing more.
      const bytes = isDone ? fileBytes : bytesReadSince(thread);
      return plainProgress('check', 'bytes', Math.min(bytes ?? 0, fileBytes), bytes === null ? null : fileBytes);
    },
  };
}

function countedIn({ census }: CheckedSnapshot): readonly TableCensus[] {
  return census === null ? [] : (JSON.parse(census) as TableCensus[]);
}
