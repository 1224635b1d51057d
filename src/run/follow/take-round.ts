import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RoundJob } from '../../jobs/follow/round-job.js';
import { plainProgress } from '../../model/event.js';
import type { RoundReport } from '../../model/follow.js';
import type { Snapshot, SourceCatalog } from '../../model/source.js';
import type { KnownPages } from '../../jobs/follow/changes-job.js';
import { CountedThreads } from '../../pool/counted-threads.js';
import type { SnapshotProgress } from '../../source/snapshot/back-up.js';
import { beginSnapshot } from '../../source/snapshot/snapshot.js';
import { keepMax } from '../load/copy-chunks.js';
import { threadCount } from '../load/copy-threads.js';
import { sequenceNeeds } from '../plan/schema-check.js';
import { carriedIn, readCatalog } from '../survey/survey.js';
import { type Base, removeOldSnapshots, roundSnapshotName } from './base.js';
import { type FoundChanges, findChanges } from './find-changes.js';
import type { FollowSession } from './follow-session.js';

/** The state of the target: a snapshot, and the snapshot's catalog. */
export interface Shown {
  readonly base: Base;
  readonly catalog: SourceCatalog;
}

export interface TakenRound {
  readonly report: RoundReport;
  /** The state of the target after the round; after a rehearsal, the one before it. */
  readonly shown: Shown;
}

/** A newer snapshot that may be read already. */
export interface NewerSnapshot extends Omit<Snapshot, 'sha256'> {
  readonly proof: Promise<Snapshot>;
  /** Where it is known which pages can differ from the base. */
  readonly known?: KnownPages;
}

export interface RoundOptions {
  /** Takes the round back at its end. */
  readonly isRehearsal: boolean;
  /** Makes the newer snapshot at this path; the standard way is a backup of the source. */
  readonly take?: (path: string, onProgress: (progress: SnapshotProgress) => void) => Promise<NewerSnapshot>;
  /**
   * Where the newer snapshot is put; the standard is the run's folder, where later rounds remove it. With a path of its
   * own it is the last one, and the caller removes those before it: while writers wait there is no time for it, since
   * removing a file of 3.6 GB took 0.6 s (ext4).
   */
  readonly path?: string;
}

/**
 * One round: takes a newer snapshot, finds what changed, and brings and proves it in one transaction. It can be
 * interrupted until the transaction begins, and then runs to its end. The pages of the snapshot are not checked as a
 * whole again: those that are read are checked.
 */
export async function takeRound(
  session: FollowSession,
  { base, catalog }: Shown,
  options: RoundOptions,
): Promise<TakenRound> {
  const { context, plan, run, threads, signal } = session;
  const { isRehearsal } = options;
  const { journal } = context;
  const number = base.rounds + 1;
  const startedAtMs = performance.now();
  const path = options.path ?? join(dirname(run.snapshotPath), roundSnapshotName(number));
  const take = options.take ?? backUp(session);
  try {
    let copied = plainProgress('snapshot', 'bytes', 0, null);
    const onProgress = ({ doneBytes, totalBytes }: SnapshotProgress) => {
      copied = plainProgress('snapshot', 'bytes', doneBytes, totalBytes);
    };
    const taken: NewerSnapshot = await journal.phase(
      'snapshot',
      () => take(path, onProgress),
      () => copied,
    );
    // It may fail while the files are still compared; the comparison then does not matter.
    taken.proof.catch(() => undefined);
    const takenAtMs = performance.now();
    const now = await readCatalog(path, { virtualTables: carriedIn(catalog) });
    const counted = new CountedThreads(threads);
    const found = await journal.phase(
      'compare',
      () =>
        findChanges({
          threads: counted,
          parts: threadCount(context.settings),
          paths: { old: base.snapshot.path, now: path },
          catalogs: { old: catalog, now },
          plan,
          ...(taken.known === undefined ? {} : { known: taken.known }),
        }),
      () => counted.progress('compare', 'parts'),
    );
    const snapshot = await taken.proof;
    const comparedAtMs = performance.now();
    signal.throwIfAborted();
    const job = jobOf(session, { base, snapshot, number, now, isRehearsal }, found);
    const result = await journal.phase('copy', () => threads.run('round', job));
    const endedAtMs = performance.now();
    for (const name of result.leftOpen) journal.warn(leftOpenWords(name));
    const report: RoundReport = {
      number,
      snapshotTakenAt: snapshot.takenAt,
      snapshotBytes: snapshot.bytes,
      pagesChanged: found.pagesChanged,
      pages: found.pages,
      changes: result.changes,
      rows: result.changes.reduce((sum, { deleted, updated, inserted }) => sum + deleted + updated + inserted, 0),
      bytes: result.bytes,
      snapshotMs: Math.round(takenAtMs - startedAtMs),
      compareMs: Math.round(comparedAtMs - takenAtMs),
      leavesMs: Math.round(found.leavesMs),
      applyMs: Math.round(endedAtMs - comparedAtMs),
      durationMs: Math.round(endedAtMs - startedAtMs),
    };
    if (isRehearsal) return { report, shown: { base, catalog } };
    if (options.path === undefined) removeOldSnapshots(run, snapshot);
    return { report, shown: { base: { snapshot, rounds: number }, catalog: now } };
  } finally {
    if (isRehearsal) rmSync(path, { force: true });
  }
}

function leftOpenWords(waiver: string): string {
  return `${waiver} is NOT VALID from this round on: rows of the source refer to rows that are not there (PRAGMA foreign_key_check lists them)`;
}

/** A backup of the source as it is now. */
function backUp({ sourcePath, signal }: FollowSession): NonNullable<RoundOptions['take']> {
  return (snapshotPath, onProgress) =>
    beginSnapshot({ sourcePath, mustBeLive: true, snapshotPath, signal, onProgress, checkPages: async () => [] });
}

function jobOf(
  session: FollowSession,
  round: {
    readonly base: Base;
    readonly snapshot: Snapshot;
    readonly number: number;
    readonly now: SourceCatalog;
    readonly isRehearsal: boolean;
  },
  { tables, pagesChanged, pages }: FoundChanges,
): RoundJob {
  const { run, address, plan, choices, context } = session;
  const { base, snapshot, number } = round;
  return {
    runId: run.runId,
    snapshotSha256: run.snapshotSha256,
    number,
    schema: address.schema,
    paths: { old: base.snapshot.path, now: snapshot.path },
    round: {
      number,
      baseSha256: base.snapshot.sha256,
      snapshotPath: snapshot.path,
      snapshotSha256: snapshot.sha256,
      snapshotTakenAt: snapshot.takenAt,
      snapshotBytes: snapshot.bytes,
    },
    tables,
    sequences: pages > 0 && pagesChanged === 0 ? [] : sequenceNeeds(plan, round.now),
    sentinel: choices.nullSentinel,
    allowSentinel: choices.allowSentinel,
    blockBytes: context.settings.blockBytes,
    keepConverted: keepMax(context.settings.keepConverted),
    mayHoldOrphans: session.mayHoldOrphans,
    hasFingerprints: session.hasFingerprints,
    isRehearsal: round.isRehearsal,
  };
}
