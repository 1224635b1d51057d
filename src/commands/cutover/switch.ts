import { planSwitch, readEnvFile } from '../../cutover/env-file.js';
import { generateClient } from '../../cutover/prisma-client.js';
import { hasHooks, hooksName, rollbackEnv, rollbackEnvName, switchesName } from '../../cutover/rollback-env.js';
import { interruption } from '../../lib/interruption.js';
import type { Cutover, CutoverFacts } from '../../model/cutover.js';
import { CopierError, must } from '../../model/error.js';
import type { RunResult } from '../../model/result.js';
import type { Snapshot } from '../../model/source.js';
import { type RunFolder, replaceArtefact, writeArtefact } from '../../report/files/run-folder.js';
import type { Fence } from '../../source/live/fence.js';
import { describeTarget } from '../../target/connection/address.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTarget } from '../../target/connection/connect.js';
import { digestTables } from '../../target/fingerprint/digest.js';
import { moveCutover } from '../../target/ledger/cutover.js';
import { lockTables, reopenTargetTables } from '../../target/schema/closing.js';
import { dropJournal } from '../../target/reverse/journal.js';
import { warnOfWayBack } from '../../run/carry/way-back-limits.js';
import { runAccept } from '../acceptance/accept.js';
import { runMigrate } from '../migrate.js';
import { applicationFacts, providerHere, runHooks } from './application.js';
import {
  type CutoverSession,
  type LockedTarget,
  type Preflight,
  innerContext,
  noteStep,
  stepsOf,
} from './cutover-session.js';
import type { Context } from '../../run/context.js';
import { sessionOptions } from './preflight.js';
import { findUnlocked, switchIfClosed, withFencePhase } from './guarded-switch.js';
import type { WrittenTable } from './target-writes.js';
import { keepJournal } from './way-back/reverse-journal.js';
import type { CutoverProgress } from './undo.js';

export interface Switched {
  readonly facts: CutoverFacts;
  readonly downtimeMs: number;
  /** What others did to the target's tables at the switch, where the session that locked them was lost. */
  readonly written?: readonly WrittenTable[];
}

export async function prepareAndSwitch(
  session: CutoverSession,
  preflight: Preflight,
  locked: LockedTarget,
  progress: CutoverProgress,
): Promise<Switched> {
  const { context, client, address } = session;
  const signal = AbortSignal.any([context.signal, locked.lost]);
  progress.step = 'hooks before-fence';
  await runHooks(session, 'before-fence');
  progress.step = 'fence';
  const isWanted = context.settings.reverseJournal;
  return await withFencePhase(context, preflight.sourcePath, async (held) => {
    held.refuseClosed();
    const heldAtMs = performance.now();
    const fencedAt = new Date().toISOString();
    await noteStep(session, 'fence', () => undefined);
    // An earlier rollback may have closed the target's tables to writers. No application uses them now, so they are
    // opened.
    await reopenTargetTables(client, address.schema);
    progress.step = 'hooks fenced';
    await runHooks(session, 'fenced');
    await dropJournal(client, address.schema);
    const step = stepsOf(session, progress);
    const migrated = await step('migrate', () => migrate(session, signal));
    return await withLockedTables(session, signal, async (holder) => {
      await step('accept', () => accept(session, signal));
      const digests = await step('digest', () => digestTables(holder, address.schema));
      if (preflight.clients !== null) await step('generate', () => generate(session, preflight, progress));
      progress.step = 'hooks before-switch';
      await runHooks(session, 'before-switch', migrated.runId);
      if (signal.aborted) throw interruption(signal);
      const facts = {
        runId: must(migrated.runId, 'run of the migration'),
        ...snapshotFacts(must(migrated.snapshot, 'snapshot of the migration')),
        journalMode: held.journalMode,
        ...applicationFacts(session, preflight, progress),
        digests,
        fencedAt,
        ...(await keepJournal(session, holder, { runId: must(migrated.runId, 'run'), isWanted })),
      };
      // A lock that went with its connection would let others write: asked once more before anything is closed.
      await holder.query('SELECT 1');
      const closed = await step('close', () => close(session, held, progress, facts));
      await step('switch', () => switchIfClosed(session, progress, { facts: closed, fence: held, holder }));
      const written = await findUnlocked(session, holder, digests);
      return { facts: closed, downtimeMs: performance.now() - heldAtMs, written };
    });
  });
}

/** The snapshot that a rollback restores, and the one with the target's keys where that is another. */
function snapshotFacts(loaded: Snapshot): Pick<CutoverFacts, 'snapshotPath' | 'snapshotSha256' | 'mapped'> {
  const { unmapped, path, sha256 } = loaded;
  if (unmapped === undefined) return { snapshotPath: path, snapshotSha256: sha256 };
  const { snapshot, keys } = unmapped;
  return {
    snapshotPath: snapshot.path,
    snapshotSha256: snapshot.sha256,
    mapped: { snapshot: { path, sha256 }, keys },
  };
}

/** Keeps others from writing to the target while it is accepted and the application switched to it; they wait until then. */
export async function withLockedTables<T>(
  { address, context }: CutoverSession,
  signal: AbortSignal,
  use: (holder: TargetClient) => Promise<T>,
): Promise<T> {
  const connecting = { ...sessionOptions(context, 'cutover_fence'), signal };
  return await withTarget(address, connecting, async (holder) => {
    await holder.run('BEGIN');
    await lockTables(holder, address.schema);
    const result = await use(holder);
    // The application is switched: its writes wait for nothing that could still fail.
    await holder.run('COMMIT').catch(() => undefined);
    return result;
  });
}

async function migrate(session: CutoverSession, signal: AbortSignal): Promise<RunResult> {
  const { context, cutover, folder } = session;
  // An earlier attempt has lost its fence, so its snapshot may be out of date. A run of that attempt is never resumed.
  const settings = { ...context.settings, fresh: true, runFolder: attemptFolder(folder, 'migration', cutover) };
  const result = await runMigrate(innerContext(context, settings, signal));
  if (!result.ok) throw differs('after the copy', result);
  await warnOfWayBack(context, session.client, result);
  return result;
}

async function accept(session: CutoverSession, signal: AbortSignal): Promise<void> {
  const result = await runAccept(acceptanceContext(session, 'acceptance', signal));
  if (!result.ok) throw differs('at the acceptance', result);
}

/** The context of an acceptance that keeps its record in this folder of the attempt. */
export function acceptanceContext(
  { context, cutover, folder }: CutoverSession,
  name: string,
  signal: AbortSignal,
): Context {
  const settings = { ...context.settings, acceptanceRunFolder: attemptFolder(folder, name, cutover) };
  return innerContext(context, settings, signal);
}

/** migration, migration-2 and so on, one for each attempt. */
export function attemptFolder(folder: RunFolder, name: string, { attempt }: Cutover): string {
  return folder.pathOf(attempt === 1 ? name : `${name}-${attempt}`);
}

export function differs(when: string, { runDir, findings }: Pick<RunResult, 'runDir' | 'findings'>): CopierError {
  return new CopierError('cutover.differs', `the two sides differ ${when}`, {
    hint: `see ${runDir ?? 'the run folder'}; \`pgferry verify\` names the rows`,
    findings,
  });
}

export async function generate(
  session: CutoverSession,
  preflight: Preflight,
  progress: CutoverProgress,
): Promise<void> {
  const { folder, cutover } = session;
  const clients = must(preflight.clients, 'Prisma clients');
  progress.generated = 'tried';
  await generateClient(clients.postgres, (output) => {
    const name = cutover.attempt === 1 ? 'generate.log' : `generate-${cutover.attempt}.log`;
    writeArtefact(folder.pathOf(name), output);
  });
  progress.generated = 'yes';
}

/** Everything that the way back needs is durable before the database is closed. */
export async function close(
  session: CutoverSession,
  fence: Fence,
  progress: CutoverProgress,
  known: Omit<CutoverFacts, 'schemaVersion'>,
): Promise<CutoverFacts> {
  const { client, cutover, folder, address, context } = session;
  fence.check();
  const facts = { ...known, schemaVersion: fence.prepareClosing(cutover.cutoverId, new Date()) };
  if (facts.switches !== undefined)
    replaceArtefact(folder.pathOf(switchesName), `${JSON.stringify(facts.switches, null, 1)}\n`);
  if (hasHooks(facts)) replaceArtefact(folder.pathOf(hooksName), `${JSON.stringify(facts.moved?.hooks, null, 1)}\n`);
  const target = { url: describeTarget(address), ledgerSchema: context.settings.ledgerSchema };
  replaceArtefact(folder.pathOf(rollbackEnvName), rollbackEnv(cutover, facts, target, context.own));
  await moveCutover(client, cutover.cutoverId, 'closing', facts);
  fence.check();
  // Before the act: a commit that fails is undone like one that did not.
  progress.hasClosed = true;
  fence.commitClosing();
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
