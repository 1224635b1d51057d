import { rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { listCarriedCopies, unfinishedCopy } from '../../../cutover/carried-copies.js';
import type { Cutover, CutoverFacts } from '../../../model/cutover.js';
import type { Settings } from '../../../model/settings.js';
import { ReplacedCopy } from '../../../source/live/replaced-copy.js';
import { flushPath } from '../../../platform/flush.js';
import { copyPrivatelyAside } from '../../../source/snapshot/private-copy.js';
import { checkSpace } from '../../../source/snapshot/snapshot-space.js';
import { wayOfWrites } from '../carry-back.js';

/**
 * Copies that are made before writers are kept off: what is copied does not change any more, so that nobody has to wait
 * for that. One is made of the snapshot of each file into which a rollback may bring rows, and is of no use where there were
 * none; and one of each closed file, which the restore keeps. Whatever keeps one from being made is met again, and named,
 * where it is needed.
 */
export class CopiesAhead {
  readonly #copies = new Map<string, Promise<boolean>>();
  readonly #replaced: ReplacedCopy[] = [];

  /** Begins the copy for one file, if a rollback with these settings may need it. */
  begin(settings: Settings, { folder }: Pick<Cutover, 'folder'>, { snapshotPath, mapped }: CutoverFacts): void {
    // An attempt before has most likely made the very file.
    if (wayOfWrites(settings) !== 'carry' || listCarriedCopies(folder).length > 0) return;
    const from = mapped?.snapshot.path ?? settings.rollbackSnapshot ?? snapshotPath;
    const to = unfinishedCopy(folder);
    this.#copies.set(
      to,
      copyDurably(from, to).then(
        () => true,
        () => false,
      ),
    );
  }

  /** Whether there is a whole and durable copy for the rollback that uses this folder. */
  async has(folder: string): Promise<boolean> {
    return (await this.#copies.get(unfinishedCopy(folder))) === true;
  }

  /** Copies a closed file; null where that cannot be done now. */
  async keep(livePath: string, replacedPath: string): Promise<ReplacedCopy | null> {
    try {
      await checkSpace(dirname(replacedPath), statSync(livePath).size);
      const replacedCopy = await ReplacedCopy.make(livePath, replacedPath);
      this.#replaced.push(replacedCopy);
      return replacedCopy;
    } catch {
      return null;
    }
  }

  /** Removes what nobody has taken. */
  async clear(): Promise<void> {
    for (const replacedCopy of this.#replaced) await replacedCopy.release();
    for (const [path, copy] of this.#copies) {
      await copy;
      rmSync(path, { force: true });
    }
  }
}

async function copyDurably(from: string, to: string): Promise<void> {
  rmSync(to, { force: true });
  await checkSpace(dirname(to), statSync(from).size);
  await copyPrivatelyAside(from, to);
  await flushPath(to);
}
