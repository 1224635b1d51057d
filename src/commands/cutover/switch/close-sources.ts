import { planSwitch, readEnvFile } from '../../../cutover/env-file.js';
import {
  groupName,
  hasHooks,
  hooksName,
  type NotedMember,
  rollbackEnv,
  rollbackEnvName,
  switchesName,
} from '../../../cutover/rollback-env.js';
import type { Cutover, CutoverFacts } from '../../../model/cutover.js';
import { must } from '../../../model/error.js';
import { replaceArtefact } from '../../../report/files/run-folder.js';
import type { Fence } from '../../../source/live/fence.js';
import { describeTarget } from '../../../target/connection/address.js';
import { moveCutovers } from '../../../target/ledger/cutover.js';
import { providerHere } from '../application.js';
import { type CutoverSession, noteStep } from '../cutover-session.js';
import type { CutoverProgress } from '../undo.js';

/** A file that is about to be closed, and what the ledger is told of it. */
export interface ClosingMember {
  readonly session: CutoverSession;
  readonly fence: Fence;
  readonly known: Omit<CutoverFacts, 'schemaVersion'>;
}

/** Everything that the way back needs is durable before the first database is closed. */
export async function closeSources(
  members: readonly ClosingMember[],
  progress: CutoverProgress,
): Promise<readonly [CutoverFacts, ...CutoverFacts[]]> {
  const ready = members.map((member) => ({ ...member, facts: prepareToClose(member) }));
  const [first, ...others] = ready;
  const lead = must(first, 'a file to close');
  noteGroup(ready);
  const moved = ready.map(({ session, facts }) => ({ cutoverId: session.cutover.cutoverId, facts }));
  await moveCutovers(lead.session.client, 'closing', moved);
  for (const { fence } of ready) fence.check();
  for (const [at, { session, fence }] of ready.entries()) {
    const commit = () => {
      // Before the act: a commit that fails is undone like one that did not.
      progress.closed.push(session.cutover.sourcePath);
      fence.commitClosing();
    };
    // The step of the caller is noted with the first.
    if (at === 0) commit();
    else await noteStep(session, 'close', commit);
  }
  return [lead.facts, ...others.map(({ facts }) => facts)];
}

/** Notes all files in the folder of each: with any of these they all go back, also where the ledger is lost. */
function noteGroup(ready: readonly (ClosingMember & { readonly facts: CutoverFacts })[]): void {
  if (ready.length === 1) return;
  const noted = ready.map(({ session, facts }): NotedMember => {
    const { cutoverId, sourcePath } = session.cutover;
    return { cutoverId, sourcePath, snapshotPath: facts.snapshotPath, snapshotSha256: facts.snapshotSha256 };
  });
  for (const { session } of ready)
    replaceArtefact(session.folder.pathOf(groupName), `${JSON.stringify(noted, null, 1)}\n`);
}

function prepareToClose({ session, fence, known }: ClosingMember): CutoverFacts {
  const { cutover, folder, address, context } = session;
  fence.check();
  const facts = { ...known, schemaVersion: fence.prepareClosing(cutover.cutoverId, new Date()) };
  if (facts.switches !== undefined)
    replaceArtefact(folder.pathOf(switchesName), `${JSON.stringify(facts.switches, null, 1)}\n`);
  if (hasHooks(facts)) replaceArtefact(folder.pathOf(hooksName), `${JSON.stringify(facts.moved?.hooks, null, 1)}\n`);
  const target = { url: describeTarget(address), ledgerSchema: context.settings.ledgerSchema };
  replaceArtefact(folder.pathOf(rollbackEnvName), rollbackEnv(cutover, facts, target, context.own));
  return facts;
}

/**
 * What a cutover that closed the source goes on with: whether the application is switched already, and the facts with the
 * env file as it is now. That may have been edited since; it does no harm, as no other cutover is at work.
 */
export function factsForResume(known: Cutover): { readonly isSwitched: boolean; readonly facts: CutoverFacts } {
  const before = must(known.facts, 'facts of a closing cutover');
  const { env } = before;
  const isSwitched = providerHere({ ...known, envPath: env?.path ?? null }) === 'postgres';
  if (env === null || isSwitched) return { isSwitched, facts: before };
  return { isSwitched, facts: { ...before, env: planSwitch(readEnvFile(env.path), 'postgres') } };
}
