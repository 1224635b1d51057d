import { switchEnvFile, undoSwitch } from '../../cutover/env-file.js';
import type { Programs } from '../../cutover/programs.js';
import { doSwitches, undoSwitches } from '../../cutover/switches/switches.js';
import type { Cutover, CutoverFacts, TableDigest } from '../../model/cutover.js';
import { CopierError } from '../../model/error.js';
import type { Settings } from '../../model/settings.js';
import { readClosing } from '../../source/live/closing.js';
import { type Fence, type FenceOptions, withFence } from '../../source/live/fence.js';
import { findSourceWrites } from '../../source/live/source-writes.js';
import { busyTimeoutMs } from '../../source/open.js';
import type { TargetClient } from '../../target/connection/client.js';
import { digestTables } from '../../target/fingerprint/digest.js';
import { programsOf } from './application.js';
import type { CutoverSession } from './cutover-session.js';
import { describeWrites } from './source-state.js';
import { findWritten, type WrittenTable } from './target-writes.js';
import type { Context } from '../../run/context.js';
import type { CutoverProgress } from './undo.js';

/* The one moment at which an application is switched: what must hold right before and right after it. */

/** Lends the fence of the source, whose phase is the wait for the application's writers. */
export async function withFencePhase<T>(
  { settings, journal }: Context,
  path: string,
  use: (fence: Fence) => Promise<T>,
): Promise<T> {
  const end = journal.begin('fence');
  try {
    return await withFence(path, fenceOptions(settings), async (fence) => {
      end();
      return await use(fence);
    });
  } finally {
    end();
  }
}

/** Around the file that was named, for a switch. */
function fenceOptions({ sourcePath }: Settings): FenceOptions {
  return { timeoutMs: busyTimeoutMs, named: sourcePath };
}

export interface Guards {
  readonly facts: CutoverFacts;
  /** Each SQLite file, and what keeps writers off it, also those whom its triggers do not stop. */
  readonly held: readonly { readonly cutover: Cutover; readonly fence: Fence }[];
  /** The session that keeps writers off the target. */
  readonly holder: TargetClient;
  /** Where a cutover goes on: files of the application may have been edited since. */
  readonly mayBeEdited?: boolean;
}

/**
 * Switches the application, while the SQLite files that it uses are closed and fenced, and the target locked. All is looked
 * at once more after the env file was replaced, and where it is not so any more, that is taken back. Errors:
 * `cutover.reopened`, `source.fence_broken`, `target.connection_lost`.
 */
export async function switchIfClosed(
  session: CutoverSession,
  progress: CutoverProgress,
  { facts, held, holder, mayBeEdited = false }: Guards,
): Promise<void> {
  const check = async () => {
    for (const { cutover, fence } of held) {
      fence.check();
      await refuseReopened(cutover);
    }
  };
  await check();
  await holder.query('SELECT 1');
  const programs = await programsOf({ ...session, runId: facts.runId });
  await switchApplication(progress, facts, programs, { mayBeEdited });
  try {
    await check();
  } catch (error) {
    if (progress.envSwitch !== null) undoSwitch(progress.envSwitch);
    progress.envSwitch = null;
    const [left] = await undoSwitches(facts.switches ?? [], programs);
    if (left !== undefined) throw left.error;
    throw error;
  }
}

async function switchApplication(
  progress: CutoverProgress,
  { env, switches = [] }: CutoverFacts,
  programs: Programs,
  going: { readonly mayBeEdited?: boolean },
): Promise<void> {
  progress.prepared = switches;
  await doSwitches(switches, programs, going);
  if (env === null) return;
  progress.envSwitch = env;
  switchEnvFile(env);
}

async function refuseReopened({ sourcePath, cutoverId }: Cutover): Promise<void> {
  const closing = await readClosing(sourcePath);
  if (closing?.cutoverId === cutoverId && closing.isWhole) return;
  throw new CopierError(
    'cutover.reopened',
    `${sourcePath} was opened to writers again before the application was switched to PostgreSQL, which has not what it took since`,
    {
      hint: 'the application stays on SQLite; see who ran `pgferry release` there, then run `pgferry cutover` again: it begins anew',
    },
  );
}

/**
 * What others did to the target between its acceptance and the switch. Nobody could, where the session that locked its
 * tables is still there afterwards; else the tables are read once more, with all that the application wrote since.
 */
export async function findUnlocked(
  { client }: CutoverSession,
  holder: TargetClient,
  accepted: readonly { readonly session: CutoverSession; readonly digests: readonly TableDigest[] }[],
): Promise<readonly WrittenTable[]> {
  try {
    await holder.query('SELECT 1');
    return [];
  } catch {
    const written: WrittenTable[] = [];
    for (const { session, digests } of accepted)
      written.push(...findWritten(digests, await digestTables(client, session.address.schema)));
    return written;
  }
}

/**
 * Fences a file that an attempt before has closed, once it is sure that it holds what was copied: nobody dropped a trigger
 * or wrote past it since. Errors: `cutover.reopened`, `cutover.source_changed`.
 */
export async function withClosedSource<T>(
  { context, cutover }: CutoverSession,
  { snapshotPath }: CutoverFacts,
  use: (fence: Fence) => Promise<T>,
): Promise<T> {
  return await withFence(cutover.sourcePath, fenceOptions(context.settings), async (fence) => {
    await refuseReopened(cutover);
    const writes = await findSourceWrites(cutover.sourcePath, snapshotPath);
    if (writes.tables.length > 0 || writes.hasOtherSchema) throw sourceChanged(cutover, describeWrites(writes));
    return await use(fence);
  });
}

function sourceChanged({ sourcePath, cutoverId }: Cutover, writes: string): CopierError {
  return new CopierError(
    'cutover.source_changed',
    `${sourcePath} took writes after cutover ${cutoverId} had closed it, which PostgreSQL has not: ${writes}`,
    {
      hint: 'the application stays on SQLite: `pgferry release` lets it write there again, and `pgferry cutover` begins anew with these rows',
    },
  );
}
