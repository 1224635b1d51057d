import { chmodSync, renameSync } from 'node:fs';
import { lastRestored, listCarriedCopies } from '../../../cutover/carried-copies.js';
import { hashFileSync } from '../../../cutover/restored-file.js';
import type { CutoverFacts } from '../../../model/cutover.js';
import { toWire } from '../../../model/error.js';
import { readKeys } from '../../../source/snapshot/mapped-keys.js';
import { mapAgain } from '../../../source/snapshot/unmap.js';
import { statFile } from '../../../source/open.js';
import { acceptSnapshot } from '../../acceptance/accept.js';
import { type CutoverSession, innerContext } from '../cutover-session.js';

/** The name of what was restored, where it is kept for an acceptance. */
const restoredName = 'sqlite-restored.db';

/**
 * Accepts the way back: what was restored against PostgreSQL, whose tables are closed, with the artefacts of `accept` in the
 * folder of the rollback. The application is on SQLite already, so that a difference is only reported. What was restored is
 * kept, since the artefacts are audited by it, under the keys of PostgreSQL where these are others; gives its name and hash
 * where it is in the folder.
 */
export async function acceptRestored(
  { context, cutover, folder, address }: CutoverSession,
  { snapshotPath, snapshotSha256, mapped }: Pick<CutoverFacts, 'snapshotPath' | 'snapshotSha256' | 'mapped'>,
): Promise<readonly { readonly name: string; readonly sha256: string }[]> {
  const { journal, settings } = context;
  const copy = lastRestored(cutover.folder, listCarriedCopies(cutover.folder));
  const loaded = mapped?.snapshot ?? { path: snapshotPath, sha256: snapshotSha256 };
  const path = copy === null ? loaded.path : folder.pathOf(restoredName);
  let sha256 = copy?.sha256 ?? loaded.sha256;
  try {
    if (copy !== null) {
      renameSync(copy.path, path);
      if (mapped !== undefined) {
        mapAgain(path, readKeys(mapped.keys.path));
        sha256 = hashFileSync(path);
      }
      chmodSync(path, 0o400);
    }
    const inner = innerContext(
      context,
      { ...settings, acceptanceRunFolder: folder.pathOf('acceptance') },
      context.signal,
    );
    const takenAt = new Date().toISOString();
    const snapshot = { path, sourcePath: cutover.sourcePath, bytes: statFile(path).size, sha256, takenAt };
    const { ok, runDir } = await journal.phase('accept', () => acceptSnapshot(inner, { address, snapshot }));
    if (!ok)
      journal.warn(
        `what SQLite holds differs from PostgreSQL, which is as it was asked for where something was left behind: see ${runDir ?? folder.path}`,
      );
  } catch (error) {
    journal.warn(`the application is on SQLite again, and its acceptance was not made: ${toWire(error).message}`);
  }
  return copy === null ? [] : [{ name: restoredName, sha256 }];
}
