import { withJoinedSignal } from '../../lib/joined-signal.js';
import { statSync } from 'node:fs';
import { plainProgress } from '../../model/event.js';
import { chooseTables } from '../../plan/fit.js';
import { choiceOf } from '../choices.js';
import type { Snapshot } from '../../model/source.js';
import type { Threads } from '../../pool/threads.js';
import { CountedThreads } from '../../pool/counted-threads.js';
import { ThreadShare } from '../../pool/share.js';
import type { RunFolder } from '../../report/files/run-folder.js';
import { dumpTarget } from '../../target/program/dump.js';
import type { Attempt } from './attempt.js';
import { threadCount } from '../load/copy-threads.js';
import { snapshotName } from './resume.js';
import { hasMatches, mapSeeded } from '../survey/map-seeded.js';
import { readCatalog, type Survey, surveySource } from '../survey/survey.js';
import { beginWatchedSnapshot } from '../survey/watched-snapshot.js';
import { warnOfImport } from '../survey/warnings.js';
import { besideFromBytes, type Judging } from './judged-pages.js';

const dumpName = 'postgres-precutover.sql';

interface BackupResources {
  readonly folder: RunFolder;
  readonly threads: Threads;
}

/** What a new run has before it plans. */
interface Backups {
  readonly snapshot: Snapshot;
  readonly survey: Survey;
  /** May go on. */
  readonly judging: Judging;
}

/**
 * Takes what a new run needs before it plans: the source copied and surveyed, and the target saved with pg_dump (migrate
 * only), which happens while the source is read. The pages of a large copy are still checked then, where the load that
 * follows may be undone. Nothing here writes to the target. Where several of them fail, the error of the first in this order is
 * thrown: copy, proof, saving, survey. (A damaged snapshot may break the survey first, but the proof names the damage
 * better.) A pg_dump that is not needed any more is ended and waited for.
 */
export async function takeBackups(attempt: Attempt, resources: BackupResources): Promise<Backups> {
  const over = new AbortController();
  const toCheck = laterStart();
  const copying = beginWatchedSnapshot(attempt.context, {
    source: attempt.source,
    snapshotPath: resources.folder.pathOf(snapshotName),
    threads: resources.threads,
    signal: attempt.signal,
    checkAfter: toCheck.begun,
  });
  const saving = attempt.command === 'migrate' ? backUpTarget(attempt, resources, over.signal) : Promise.resolve();
  // A failure is looked at below, perhaps much later; until then it must not count as an unhandled rejection.
  copying.catch(() => {});
  saving.catch(() => {});
  try {
    const { taken, prove } = await copying;
    warnOfImport(attempt.context.journal, taken);
    const isBeside = mayCheckBeside(attempt, taken);
    if (!isBeside) toCheck.begin();
    const proving = toCheck.begun.then(prove).then((snapshot) => mapSeeded(attempt.context, attempt.address, snapshot));
    // A check that comes afterwards leaves all threads to the survey.
    const share = new ThreadShare(
      resources.threads,
      Math.max(1, threadCount(attempt.context.settings) - (isBeside ? 0 : 1)),
    );
    // Keys that are mapped are those of another file.
    const surveying = hasMatches(attempt.context)
      ? proving.then(({ path }) => survey(attempt, share, path))
      : survey(attempt, share, taken.path);
    const judging = proving.then(({ unchecked = [] }) => unchecked);
    judging.catch(() => {});
    proving.then(
      () => share.grow(),
      () => over.abort(),
    );
    if (isBeside) surveying.then(toCheck.begin, toCheck.begin);
    const first = isBeside ? taken.durable : proving;
    const ends = await Promise.allSettled([first, saving, surveying]);
    if (ends.some(({ status }) => status === 'rejected')) await proving;
    await saving;
    return { snapshot: await first, survey: await surveying, judging };
  } finally {
    // What waits for it ends with the threads.
    toCheck.begin();
    over.abort();
    await saving.catch(() => {});
  }
}

/** Whether the pages may still be checked while rows are copied: nothing that the target holds goes away for them. */
function mayCheckBeside({ context }: Attempt, { bytes }: Pick<Snapshot, 'bytes'>): boolean {
  const { resetSchema, truncateTarget } = context.settings;
  return bytes >= besideFromBytes && !hasMatches(context) && !resetSchema && !truncateTarget;
}

function laterStart(): { readonly begun: Promise<void>; readonly begin: () => void } {
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  return { begun, begin };
}

async function backUpTarget(attempt: Attempt, { folder }: BackupResources, over: AbortSignal): Promise<void> {
  const { address, context } = attempt;
  const { journal } = context;
  const path = folder.pathOf(dumpName);
  const saved = await journal.phase(
    'dump',
    () => withJoinedSignal([attempt.signal, over], (signal) => dumpTarget({ address, path, signal })),
    () => plainProgress('dump', 'bytes', statSync(path, { throwIfNoEntry: false })?.size ?? 0, null),
  );
  if (saved.tag === 'absent') journal.warn(`the target was not saved with pg_dump: ${saved.reason}`);
}

/**
 * While the check occupies a thread, the survey gets the others. Sharing that thread too would cost more CPU, since
 * the code that counts warms up in each thread anew.
 */
async function survey({ context }: Attempt, threads: Threads, snapshotPath: string): Promise<Survey> {
  const { journal, settings } = context;
  const counted = new CountedThreads(threads);
  return await journal.phase(
    'census',
    async () =>
      surveySource({
        snapshotPath,
        catalog: await readCatalog(snapshotPath, settings),
        threads: counted,
        chunkBytes: settings.chunkBytes,
        isChosen: chooseTables(choiceOf(settings)),
        countsPages: settings.reader !== 'rows',
        isForPlan: true,
      }),
    () => counted.progress('census', 'parts'),
  );
}
