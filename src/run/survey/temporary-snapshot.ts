import { mkdirSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Snapshot, SourceCatalog } from '../../model/source.js';
import { sourceFile } from '../../source/live/file.js';
import { takeSnapshot } from '../../source/snapshot/snapshot.js';
import type { Context } from '../context.js';
import { readCatalog } from './survey.js';
import { warnOfUnchecked } from './unchecked.js';

/** Lends a private snapshot of the source and its catalog, and removes the snapshot afterwards. */
export async function withTemporarySnapshot<T>(
  context: Context,
  use: (found: { readonly snapshot: Snapshot; readonly catalog: SourceCatalog }) => Promise<T>,
): Promise<T> {
  const { settings, journal, signal } = context;
  const sourcePath = sourceFile(settings.sourcePath).path;
  const base = resolve(settings.backupFolder);
  mkdirSync(base, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(base, 'reading-'));
  try {
    const snapshot = await journal.phase('snapshot', () =>
      takeSnapshot({ sourcePath, snapshotPath: join(folder, 'snapshot.db'), signal }),
    );
    warnOfUnchecked(journal, snapshot);
    return await use({ snapshot, catalog: await readCatalog(snapshot.path) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
