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
import { mapSeeded } from './map-seeded.js';
import { readCatalog } from './survey.js';
import { beginWatchedSnapshot } from './watched-snapshot.js';
import { warnOfImport, warnOfUnchecked } from './warnings.js';

export interface TemporarySnapshotOptions {
  /** Keys of rows that the application seeds in this target are mapped to those of the target. */
  readonly address?: TargetAddress | null;
  /** Where the pages are checked; left out: on a thread that is started for it. */
  readonly threads?: Threads;
}

/** Lends a private snapshot of the source and its catalog, and removes the snapshot afterwards. */
export async function withTemporarySnapshot<T>(
  context: Context,
  use: (found: { readonly snapshot: Snapshot; readonly catalog: SourceCatalog }) => Promise<T>,
  { address = null, threads: given }: TemporarySnapshotOptions = {},
): Promise<T> {
  const { settings, journal, signal } = context;
  const source = nameSource(settings);
  const base = resolve(settings.backupFolder);
  makeIgnoredFolder(base);
  const folder = await mkdtemp(join(base, 'reading-'));
  try {
    const snapshotPath = join(folder, 'snapshot.db');
    const take = async (threads: Threads) =>
      (await beginWatchedSnapshot(context, { source, snapshotPath, threads, signal })).prove();
    const taken = await (given === undefined ? withReadingThread(signal, take) : take(given));
    warnOfImport(journal, taken);
    warnOfUnchecked(journal, taken);
    const { unmapped: _, ...snapshot } = address === null ? taken : await mapSeeded(context, address, taken);
    return await use({ snapshot, catalog: await readCatalog(snapshot.path, settings) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lends a thread for what only reads the source. */
export async function withReadingThread<T>(signal: AbortSignal, use: (threads: Threads) => Promise<T>): Promise<T> {
  return await withThreads({ threads: 1, threadData: null, heapMbMax, signal }, use);
}
