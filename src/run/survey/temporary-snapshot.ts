import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeIgnoredFolder } from '../../lib/ignored-folder.js';
import type { Snapshot, SourceCatalog } from '../../model/source.js';
import { nameSource } from '../../source/import/named-source.js';
import { takeSnapshot } from '../../source/snapshot/snapshot.js';
import type { Context } from '../context.js';
import { readCatalog } from './survey.js';
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
    const snapshot = await journal.phase('snapshot', () =>
      takeSnapshot({ ...source, snapshotPath: join(folder, 'snapshot.db'), signal }),
    );
    warnOfImport(journal, snapshot);
    warnOfUnchecked(journal, snapshot);
    return await use({ snapshot, catalog: await readCatalog(snapshot.path) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
