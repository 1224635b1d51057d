import type { Snapshot } from '../../model/source.js';
import type { Threads } from '../../pool/threads.js';
import { ThreadShare } from '../../pool/share.js';
import type { RunFolder } from '../../report/files/run-folder.js';
import { beginSnapshot, type TakenSnapshot } from '../../source/snapshot/snapshot.js';
import { dumpTarget } from '../../target/program/dump.js';
import type { Attempt } from './attempt.js';
import { threadCount } from '../load/copy-threads.js';
import { snapshotName } from './resume.js';
import { readCatalog, type Survey, surveySource } from '../survey/survey.js';

const dumpName = 'postgres-precutover.sql';

interface BackupMeans {
  readonly folder: RunFolder;
  readonly threads: Threads;
}

/**
 * What a new run must have before it plans: the source copied, proven and surveyed, and the target saved (migrate
 * alone). Nothing of it writes to the target. The target is saved while the source is read. Where several things fail,
 * the first of them in this order is told: copy, proof, saving, survey. (A damaged snapshot may make the survey stumble
 * first, but the proof names the damage better.) A pg_dump that is not needed any more is ended, and waited for.
 */
export async function takeBackups(
  attempt: Attempt,
  means: BackupMeans,
): Promise<{ readonly snapshot: Snapshot; readonly survey: Survey }> {
  const over = new AbortController();
  const copying = takeRunSnapshot(attempt, means);
  const saving = attempt.command === 'migrate' ? backUpTarget(attempt, means, over.signal) : Promise.resolve();
  // Each may fail long before its turn to be told.
  copying.catch(() => {});
  saving.catch(() => {});
  try {
    const taken = await copying;
    const proving = attempt.context.journal.phase('check', () => taken.proof);
    const share = new ThreadShare(means.threads, Math.max(1, threadCount(attempt.context.settings) - 1));
    const surveying = survey(attempt, share, taken.path);
    proving.then(
      () => share.grow(),
      () => over.abort(),
    );
    await Promise.allSettled([proving, saving, surveying]);
    const snapshot = await proving;
    await saving;
    return { snapshot, survey: await surveying };
  } finally {
    over.abort();
    await saving.catch(() => {});
  }
}

async function backUpTarget(attempt: Attempt, { folder }: BackupMeans, over: AbortSignal): Promise<void> {
  const { address, context } = attempt;
  const { journal } = context;
  const signal = AbortSignal.any([attempt.signal, over]);
  const saved = await journal.phase('dump', () => dumpTarget({ address, path: folder.pathOf(dumpName), signal }));
  if (saved.tag === 'absent') journal.warn(`the target was not saved with pg_dump: ${saved.reason}`);
}

async function takeRunSnapshot(
  { context, sourcePath, signal }: Attempt,
  { folder, threads }: BackupMeans,
): Promise<TakenSnapshot> {
  return await context.journal.phase('snapshot', () =>
    beginSnapshot({
      sourcePath,
      snapshotPath: folder.pathOf(snapshotName),
      signal,
      checkPages: (path) => threads.run('check', path),
    }),
  );
}

/** While the check has a thread, the survey takes the others: two that count cost more, for each warms up by itself. */
async function survey({ context }: Attempt, threads: Threads, snapshotPath: string): Promise<Survey> {
  const { journal, settings } = context;
  return await journal.phase('census', async () =>
    surveySource({
      snapshotPath,
      catalog: await readCatalog(snapshotPath),
      threads,
      chunkBytes: settings.chunkBytes,
      countsPages: settings.reader !== 'rows',
    }),
  );
}
