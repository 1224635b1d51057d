import type { Cutover, CutoverFacts } from '../../../model/cutover.js';
import { must } from '../../../model/error.js';
import { pendingSha256 } from '../../../model/follow.js';
import { settleBase } from '../../../run/follow/base.js';
import { checkPages } from '../../../source/snapshot/snapshot-check.js';
import type { TargetClient } from '../../../target/connection/client.js';
import { moveCutover } from '../../../target/ledger/cutover.js';

/**
 * The facts of a cutover that has switched the application. Where the last proof of a live one was not made, its snapshot
 * is checked and hashed now, for going back rests on it.
 */
export async function settleFacts(client: TargetClient, cutover: Cutover): Promise<CutoverFacts> {
  const facts = must(cutover.facts, 'facts of a switched cutover');
  if (facts.snapshotSha256 !== pendingSha256) return facts;
  const known = {
    path: facts.snapshotPath,
    sourcePath: cutover.sourcePath,
    sha256: pendingSha256,
    takenAt: facts.fencedAt,
  };
  const { sha256 } = await settleBase(client, facts.runId, known, async (path) => checkPages(path));
  const settled = { ...facts, snapshotSha256: sha256 };
  await moveCutover(client, cutover.cutoverId, cutover.state, settled);
  return settled;
}
