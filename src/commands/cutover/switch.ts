import { generateClient } from '../../cutover/prisma-client.js';
import { interruption } from '../../lib/interruption.js';
import type { Cutover, CutoverFacts, TableDigest } from '../../model/cutover.js';
import { CopierError, must } from '../../model/error.js';
import type { RunResult } from '../../model/result.js';
import type { Snapshot } from '../../model/source.js';
import { type RunFolder, writeArtefact } from '../../report/files/run-folder.js';
import type { Fence } from '../../source/live/fence.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTarget } from '../../target/connection/connect.js';
import { digestTables } from '../../target/fingerprint/digest.js';
import { lockTables, reopenTargetTables } from '../../target/schema/closing.js';
import { dropJournal } from '../../target/reverse/journal.js';
import { warnOfWayBack } from '../../run/carry/way-back-limits.js';
import { runAccept } from '../acceptance/accept.js';
import { runMigrate } from '../migrate.js';
import { applicationFacts, movedFacts, runHooks } from './application.js';
import {
  type CutoverMember,
  type CutoverMembers,
  type CutoverSession,
  type LockedTarget,
  type Preflight,
  groupFacts,
  innerContext,
  noteStep,
  runStep,
  stepsOf,
} from './cutover-session.js';
import type { Context } from '../../run/context.js';
import { sessionOptions } from './preflight.js';
import { type ClosingMember, closeSources } from './switch/close-sources.js';
import { findUnlocked, switchIfClosed, withFencePhase } from './guarded-switch.js';
import type { WrittenTable } from './target-writes.js';
import { keepJournal } from './way-back/reverse-journal.js';
import type { CutoverProgress } from './undo.js';

export interface Switched {
  /** Of each file, in order. */
  readonly facts: readonly [CutoverFacts, ...CutoverFacts[]];
  readonly downtimeMs: number;
  /** What others did to the target's tables at the switch, where the session that locked them was lost. */
  readonly written?: readonly WrittenTable[];
}

/**
 * Takes files from their fences to the switch of the application. All are fenced before the first is copied, and closed by
 * the ledger in one transaction before the first bears its triggers; the application is switched once.
 */
export async function prepareAndSwitch(
  members: CutoverMembers,
  locked: LockedTarget,
  progress: CutoverProgress,
): Promise<Switched> {
  const [lead] = members;
  const { context, client } = lead.session;
  const signal = AbortSignal.any([context.signal, locked.lost]);
  progress.step = 'hooks before-fence';
  await runHooks(lead.session, 'before-fence');
  progress.step = 'fence';
  return await withFences(members, async (fenced) => {
    for (const { fence } of fenced) fence.refuseClosed();
    const fencedAt = new Date().toISOString();
    for (const { session } of fenced) await noteStep(session, 'fence', () => undefined);
    // An earlier rollback may have closed the target's tables to writers. No application uses them now, so they are
    // opened.
    for (const { session } of fenced) await reopenTargetTables(client, session.address.schema);
    progress.step = 'hooks fenced';
    await runHooks(lead.session, 'fenced');
    for (const { session } of fenced) await dropJournal(client, session.address.schema);
    const migrated: MigratedMember[] = [];
    for (const member of fenced)
      migrated.push({
        ...member,
        run: await stepOf(members, member, progress)('migrate', () => migrate(member.session, signal)),
      });
    const step = stepsOf(lead.session, progress);
    return await withLockedTables(members, signal, async (holder) => {
      for (const member of migrated)
        await stepOf(members, member, progress)('accept', () => accept(member.session, signal));
      const digested = await step('digest', () => digestEach(holder, migrated));
      if (lead.preflight.clients !== null)
        await step('generate', () => generate(lead.session, lead.preflight, progress));
      progress.step = 'hooks before-switch';
      await runHooks(lead.session, 'before-switch', migrated[0]?.run.runId ?? null);
      if (signal.aborted) throw interruption(signal);
      const ready = await factsToClose(members, digested, { holder, fencedAt, progress });
      // A lock that went with its connection would let others write: asked once more before anything is closed.
      await holder.query('SELECT 1');
      const facts = await step('close', () => closeSources(ready, progress));
      const held = fenced.map(({ session, fence }) => ({ cutover: session.cutover, fence }));
      await step('switch', () => switchIfClosed(lead.session, progress, { facts: facts[0], held, holder }));
      const written = await findUnlocked(lead.session, holder, digested);
      return { facts, downtimeMs: performance.now() - (fenced[0]?.heldAtMs ?? 0), written };
    });
  });
}

/** Steps of one file; where there are several, failures say of which. */
function stepOf(
  members: CutoverMembers,
  { session }: CutoverMember,
  progress: CutoverProgress,
): (name: 'migrate' | 'accept', use: () => Promise<RunResult>) => Promise<RunResult> {
  return async (name, use) => {
    progress.step = members.length === 1 ? name : `${name} of ${session.cutover.sourcePath}`;
    return await runStep(session, name, use);
  };
}

interface FencedMember extends CutoverMember {
  readonly fence: Fence;
  readonly heldAtMs: number;
}

interface MigratedMember extends FencedMember {
  readonly run: RunResult;
}

interface DigestedMember extends MigratedMember {
  readonly digests: readonly TableDigest[];
}

/** Fences one file after the other, until all are held. */
async function withFences<T>(
  members: CutoverMembers,
  use: (fenced: readonly FencedMember[]) => Promise<T>,
  fenced: readonly FencedMember[] = [],
): Promise<T> {
  const next = members[fenced.length];
  if (next === undefined) return await use(fenced);
  return await withFencePhase(next.session.context, next.preflight.sourcePath, (fence) =>
    withFences(members, use, [...fenced, { ...next, fence, heldAtMs: performance.now() }]),
  );
}

async function digestEach(holder: TargetClient, members: readonly MigratedMember[]): Promise<DigestedMember[]> {
  const digested: DigestedMember[] = [];
  for (const member of members)
    digested.push({ ...member, digests: await digestTables(holder, member.session.address.schema) });
  return digested;
}

/** What the ledger is told of each file before it is closed. */
async function factsToClose(
  members: CutoverMembers,
  digested: readonly DigestedMember[],
  {
    holder,
    fencedAt,
    progress,
  }: { readonly holder: TargetClient; readonly fencedAt: string; readonly progress: CutoverProgress },
): Promise<ClosingMember[]> {
  const [lead] = members;
  const application = applicationFacts(lead.session, lead.preflight, progress);
  const ready: ClosingMember[] = [];
  for (const { session, fence, run, digests } of digested) {
    const runId = must(run.runId, 'run of the migration');
    const isWanted = session.context.settings.reverseJournal;
    const known = {
      runId,
      ...snapshotFacts(must(run.snapshot, 'snapshot of the migration')),
      journalMode: fence.journalMode,
      ...application,
      ...movedFacts(session.context),
      digests,
      fencedAt,
      ...groupFacts(members),
      ...(await keepJournal(session, holder, { runId, isWanted })),
    };
    ready.push({ session, fence, known });
  }
  return ready;
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
  members: readonly [Pick<CutoverMember, 'session'>, ...Pick<CutoverMember, 'session'>[]],
  signal: AbortSignal,
  use: (holder: TargetClient) => Promise<T>,
): Promise<T> {
  const [{ session: lead }] = members;
  const connecting = { ...sessionOptions(lead.context, 'cutover_fence'), signal };
  return await withTarget(lead.address, connecting, async (holder) => {
    await holder.run('BEGIN');
    for (const { session } of members) await lockTables(holder, session.address.schema);
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

async function accept(session: CutoverSession, signal: AbortSignal): Promise<RunResult> {
  const result = await runAccept(acceptanceContext(session, 'acceptance', signal));
  if (!result.ok) throw differs('at the acceptance', result);
  return result;
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
