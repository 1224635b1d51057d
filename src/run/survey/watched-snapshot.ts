import type { CheckJob } from '../../jobs/check-job.js';
import { plainProgress, type Progress } from '../../model/event.js';
import type { Snapshot, UncheckedTable } from '../../model/source.js';
import { bytesReadSince, sharedThread } from '../../platform/thread-reads.js';
import type { Threads } from '../../pool/threads.js';
import type { NamedSource } from '../../source/import/named-source.js';
import { beginSnapshot, type TakenSnapshot } from '../../source/snapshot/snapshot.js';
import type { Context } from '../context.js';

export interface SnapshotRequest {
  readonly source: NamedSource;
  readonly snapshotPath: string;
  readonly threads: Threads;
  readonly signal: AbortSignal;
}

/** A snapshot that may be read already, and its proof, which is a phase of its own. */
export interface WatchedSnapshot {
  readonly taken: TakenSnapshot;
  readonly prove: () => Promise<Snapshot>;
}

/** Takes a snapshot of the source, checked on a thread; both phases say how far they are. Throws what `beginSnapshot` throws. */
export async function beginWatchedSnapshot(
  { journal }: Pick<Context, 'journal'>,
  { source, snapshotPath, threads, signal }: SnapshotRequest,
): Promise<WatchedSnapshot> {
  let copied: Progress = plainProgress('snapshot', 'bytes', 0, null);
  const thread = sharedThread();
  const request = {
    ...source,
    snapshotPath,
    signal,
    onProgress: ({ doneBytes, totalBytes }: { readonly doneBytes: number; readonly totalBytes: number }) => {
      copied = plainProgress('snapshot', 'bytes', doneBytes, totalBytes);
    },
    checkPages: (path: string) => threads.run<readonly UncheckedTable[]>('check', { path, thread } satisfies CheckJob),
  };
  const taken = await journal.phase(
    'snapshot',
    () => beginSnapshot(request),
    () => copied,
  );
  const look = () => {
    const bytes = bytesReadSince(thread);
    return plainProgress('check', 'bytes', Math.min(bytes ?? 0, taken.bytes), bytes === null ? null : taken.bytes);
  };
  return { taken, prove: () => journal.phase('check', () => taken.proof, look) };
}
