import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeIgnoredFolder } from '../../lib/ignored-folder.js';
import type { Snapshot, SourceCatalog } from '../../model/source.js';
import { type Threads, withThreads } from '../../pool/threads.js';
import { nameSource } from '../../source/import/named-source.js';
import type { TargetAddress } from '../../model/target.js';
import type { Context } from '../context.js';
import { heapMbMax } from '../load/copy-threads.js';
import type { CheckedSnapshot } from '../plan/stored-plan.js';
import { besideProof, type UnprovenSnapshot } from './beside-proof.js';
import { mapSeeded } from './map-seeded.js';
import { readCatalog } from './survey.js';
import { beginWatchedSnapshot, type WatchedSnapshot } from './watched-snapshot.js';
import { warnOfImport, warnOfUnchecked } from './warnings.js';

export interface TemporarySnapshotOptions {
  /** Keys of rows that the application seeds in this target are mapped to those of the target. */
  readonly address?: TargetAddress | null;
  /** Where the pages are checked; left out: on a thread that is started for it and ends with it. */
  readonly threads?: Threads;
  /** As in `SnapshotRequest`. */
  readonly sound?: CheckedSnapshot | null;
}

/** Lends a private snapshot of the source and its catalog, and removes the snapshot afterwards. */
export async function withTemporarySnapshot<T>(
  context: Context,
  use: (found: { readonly snapshot: Snapshot; readonly catalog: SourceCatalog }) => Promise<T>,
  options: TemporarySnapshotOptions = {},
): Promise<T> {
  const { address = null } = options;
  return await withTaken(context, options, async ({ taken, prove }) => {
    const snapshot = await prove();
    warnOfImport(context.journal, taken);
    warnOfUnchecked(context.journal, snapshot);
    const { unmapped: _, ...mapped } = address === null ? snapshot : await mapSeeded(context, address, snapshot);
    return await use({ snapshot: mapped, catalog: await readCatalog(mapped.path, context.settings) });
  });
}

/** The same, but lends the snapshot while it is still proven. */
export async function withUnprovenSnapshot<T>(
  context: Context,
  use: (snapshot: UnprovenSnapshot) => Promise<T>,
  { address = null, ...options }: TemporarySnapshotOptions = {},
): Promise<T> {
  return await withTaken(context, options, (watched) => besideProof(context, { watched, address }, use));
}

async function withTaken<T>(
  context: Context,
  { threads: given, sound = null }: TemporarySnapshotOptions,
  use: (watched: WatchedSnapshot) => Promise<T>,
): Promise<T> {
  const { settings, signal } = context;
  const source = nameSource(settings);
  const base = resolve(settings.backupFolder);
  makeIgnoredFolder(base);
  const folder = await mkdtemp(join(base, 'reading-'));
  try {
    const snapshotPath = join(folder, 'snapshot.db');
    const threads = given ?? threadsOfOneJob(signal);
    return await use(await beginWatchedSnapshot(context, { source, snapshotPath, threads, signal, sound }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A thread for each job, which ends with it and so holds no memory beside those that read the snapshot later. */
export function threadsOfOneJob(signal: AbortSignal): Threads {
  return { run: (entry, job, watch) => withReadingThread(signal, (threads) => threads.run(entry, job, watch)) };
}

/** Lends a thread for what only reads the source. */
export async function withReadingThread<T>(signal: AbortSignal, use: (threads: Threads) => Promise<T>): Promise<T> {
  return await withThreads({ threads: 1, threadData: null, heapMbMax, signal }, use);
}
