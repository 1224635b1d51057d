import { rmSync } from 'node:fs';
import type { Snapshot } from '../../../model/source.js';
import { pendingSha256 } from '../../../model/follow.js';
import { findOwners } from '../../../run/follow/find-changes.js';
import type { FollowSession } from '../../../run/follow/follow-session.js';
import type { NewerSnapshot, Shown } from '../../../run/follow/take-round.js';
import type { HeldReader } from '../../../source/live/held-reader.js';
import { statFile } from '../../../source/open.js';
import { readDatabaseHeader } from '../../../source/pages/header.js';
import { removeWithSidecars } from '../../../source/snapshot/snapshot.js';
import { copyForWal, foldWal } from '../../../source/snapshot/wal-snapshot.js';

/*
 * The last snapshot of a live cutover, made of the one before and the -wal. What costs the size of the file is done
 * before the fence: the copy, and to which leaf each overflow page belongs.
 */

export interface LastSnapshot {
  readonly path: string;
  /** Makes it, under the fence. */
  take(): Promise<NewerSnapshot>;
  /** Removes what only the making needs. */
  clear(): void;
}

/** Prepares the copy at `path`, which must not exist. */
export async function prepareLastSnapshot(
  follow: FollowSession,
  { base, catalog }: Shown,
  { path, held }: { readonly path: string; readonly held: HeldReader },
): Promise<LastSnapshot> {
  const { threads, plan, sourcePath } = follow;
  const ownersPath = `${path}.owners`;
  const snapshotPath = base.snapshot.path;
  const clear = () => rmSync(ownersPath, { force: true });
  try {
    const { pageCount } = readDatabaseHeader(snapshotPath);
    await findOwners({ threads, snapshotPath, pageCount, ownersPath, catalog, plan });
    copyForWal(snapshotPath, path);
  } catch (error) {
    clear();
    await removeWithSidecars(path);
    throw error;
  }
  const take = async (): Promise<NewerSnapshot> => {
    held.check();
    const takenAt = new Date().toISOString();
    const { pages } = foldWal({ path, livePath: sourcePath, frames: held.walFrames() });
    const snapshot: Snapshot = { path, sourcePath, bytes: statFile(path).size, sha256: pendingSha256, takenAt };
    return { ...snapshot, proof: Promise.resolve(snapshot), known: { pages, ownersPath } };
  };
  return { path, take, clear };
}
