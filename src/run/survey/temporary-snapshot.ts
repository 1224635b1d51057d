import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeIgnoredFolder } from '../../lib/ignored-folder.js';
import type { Snapshot, SourceCatalog } from '../../model/source.js';
import { withThreads } from '../../pool/threads.js';
import { nameSource } from '../../source/import/named-source.js';
import type { Context } from '../context.js';
import { heapMbMax } from '../load/copy-threads.js';
import { readCatalog } from './survey.js';
import { beginWatchedSnapshot } from './watched-snapshot.js';
import { warnOfImport, warnOfUnchecked } from './warnings.js';

/** Lends a private snapshot of the source and its catalog, and removes the snapshot afterwards. */
export async function withTemporarySnapshot<T>(
  context: Context,
  use: (found: { readonly snapshot: Snapshot; readonly catalog: SourceCatalog }) => Promise<T>,
): Promise<T> {
  const { settings, journal, signal } = context;
  const source = nameSource(settings);
  const base = resolve(settings.backupFolder);
  makeIgnoredFolder(base);
  const folder = await mkdtemp(join(base, 'reading-'));
  try {
    const snapshotPath = join(folder, 'snapshot.db');
    const thread = { threads: 1, threadData: null, heapMbMax, signal };
    const snapshot = await withThreads(thread, async (threads) =>
      (await beginWatchedSnapshot(context, { source, snapshotPath, threads, signal })).prove(),
    );
    warnOfImport(journal, snapshot);
    warnOfUnchecked(journal, snapshot);
    return await use({ snapshot, catalog: await readCatalog(snapshot.path) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
