import type { CutoverFacts, CutoverResult } from '../../../model/cutover.js';
import { toWire } from '../../../model/error.js';
import { formatDuration } from '../../../report/units.js';
import { warnOfWayBack } from '../../../run/carry/way-back-limits.js';
import { type FollowSession, withFollowSession } from '../../../run/follow/follow-session.js';
import { withControl } from '../../../run/control/with-control.js';
import { readJournalMode } from '../../../source/live/journal-mode.js';
import { moveCutover } from '../../../target/ledger/cutover.js';
import { dropJournal } from '../../../target/reverse/journal.js';
import { reopenTargetTables } from '../../../target/schema/closing.js';
import { acceptSnapshot } from '../../acceptance/accept.js';
import { runHooks, showApplication } from '../application.js';
import { conclude } from '../conclude.js';
import {
  type CutoverSession,
  innerContext,
  type LockedTarget,
  type Preflight,
  runStep,
  stepsOf,
} from '../cutover-session.js';
import { acceptanceContext, differs } from '../switch.js';
import { undoCutover } from '../undo.js';
import { type CaughtUp, catchUp, untilSwitch } from './catch-up.js';
import { openViewer } from './frozen-view.js';
import { type LiveProgress, type LiveSwitched, readTableMarks, switchLive } from './live-switch.js';
import { closeForLive, loadForLive } from './load-for-live.js';
import { proveSwitched } from './prove-switched.js';

/*
 * A cutover that makes writers wait for the last round alone:
 *   load · tables closed to others · rounds · accepted · rounds until the last is predicted to be short · switch
 *   (live-switch.ts) · ledger: proving · the last snapshot checked and hashed, the switch accepted on the frozen view ·
 *   ledger: switched
 * Up to the switch everything is undone as in any cutover, but what was loaded stays, closed to others: the next attempt
 * goes on from there.
 */
export async function cutOverLive(
  session: CutoverSession,
  preflight: Preflight,
  locked: LockedTarget,
): Promise<CutoverResult> {
  const { context, client, address } = session;
  const progress: LiveProgress = {
    step: 'load',
    generated: 'no',
    closed: [],
    envSwitch: null,
    prepared: [],
    isSwitched: false,
  };
  const signal = AbortSignal.any([context.signal, locked.lost]);
  try {
    // An earlier rollback may have closed the target's tables to writers. No application uses them now.
    await reopenTargetTables(client, address.schema);
    await dropJournal(client, address.schema);
    return await withControl(
      context,
      { command: 'cutover', folder: session.folder.path, hasSwitch: true },
      async () => {
        await runStep(session, 'load', () => loadForLive(session, preflight.sourcePath, signal));
        return await withFollowSession(innerContext(context, context.settings, signal), 'follow', async (follow) => {
          const viewer = await openViewer(address, signal);
          try {
            const switched = await prepareAndSwitch({ session, preflight, progress, signal }, follow, viewer);
            return await concludeLive({ session, preflight, follow, signal }, switched);
          } finally {
            await viewer.close();
          }
        });
      },
    );
  } catch (error) {
    if (progress.isSwitched) throw error;
    return await undoCutover([{ session, preflight }], progress, error);
  }
}

interface Live {
  readonly session: CutoverSession;
  readonly preflight: Preflight;
  readonly progress: LiveProgress;
  readonly signal: AbortSignal;
}

async function prepareAndSwitch(
  { session, preflight, progress, signal }: Live,
  follow: FollowSession,
  viewer: Parameters<typeof switchLive>[0]['viewer'],
): Promise<LiveSwitched> {
  const { client } = follow;
  const step = stepsOf(session, progress);
  await warnOfWayBack(session.context, client, { runId: follow.run.runId, snapshot: follow.base.snapshot });
  await closeForLive(follow);
  const isWal = (await readJournalMode(preflight.sourcePath)) === 'wal';
  const near = await step('follow', () => catchUp(follow, follow, isWal));
  const marks = await readTableMarks(follow, client);
  await step('accept', () => accept(session, near, signal));
  // The acceptance took its time, in which the application wrote on.
  const caughtUp = await step('follow', () => untilSwitch(follow, near.shown, isWal));
  progress.step = 'hooks before-fence';
  await runHooks(session, 'before-fence', follow.run.runId);
  return await switchLive({ session, preflight, follow, progress, signal, isWal, viewer, marks }, caughtUp);
}

/** The full acceptance, of the snapshot that the target shows now; nobody else can change its tables. */
async function accept(session: CutoverSession, { shown }: CaughtUp, signal: AbortSignal): Promise<void> {
  const inner = acceptanceContext(session, 'acceptance', signal);
  const result = await acceptSnapshot(inner, { address: session.address, snapshot: shown.base.snapshot });
  if (!result.ok) throw differs('at the acceptance', result);
}

async function concludeLive(
  { session, preflight, follow, signal }: Omit<Live, 'progress'> & { readonly follow: FollowSession },
  { facts, downtimeMs, view }: LiveSwitched,
): Promise<CutoverResult> {
  const { context, client, cutover } = session;
  context.journal.note(`the application is on PostgreSQL; writers waited ${formatDuration(downtimeMs)}`);
  // Where the ledger cannot be told, `cutover` finds it out from the env file.
  await moveCutover(client, cutover.cutoverId, 'proving', facts).catch((error: unknown) =>
    context.journal.warn(`the ledger could not be told of the switch yet: ${toWire(error).message}`),
  );
  const shown = await showApplication(session, facts);
  const proven: CutoverFacts = await runStep(session, 'prove-switch', () =>
    proveSwitched(session, { facts: shown, threads: follow.threads, view, signal }),
  );
  return await conclude([{ session, preflight }], { facts: [proven], downtimeMs });
}
