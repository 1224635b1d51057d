import type { Cutover, CutoverFacts, CutoverResult } from '../../../model/cutover.js';
import { CopierError, must, toWire } from '../../../model/error.js';
import { openRunFolder } from '../../../report/files/run-folder.js';
import type { Context } from '../../../run/context.js';
import { withRunThreads } from '../../../run/load/copy-threads.js';
import type { TargetClient } from '../../../target/connection/client.js';
import { moveCutover } from '../../../target/ledger/cutover.js';
import { openToOthers, readMarks } from '../../../target/schema/closed-tables.js';
import { showApplication } from '../application.js';
import { conclude } from '../conclude.js';
import { type CutoverSession, type LockedTarget, openSession, type Preflight, runStep } from '../cutover-session.js';
import { switchIfClosed, withClosedSource } from '../guarded-switch.js';
import { factsForResume } from '../switch/close-sources.js';
import { withLockedTables } from '../switch.js';
import type { CutoverProgress } from '../undo.js';
import { keepJournal } from '../way-back/reverse-journal.js';
import { type FrozenView, freeze, openViewer } from './frozen-view.js';
import { proveSwitched } from './prove-switched.js';

/**
 * Resumes a live cutover that crashed after the source was closed: switches the application where it is not switched
 * yet, opens the target, and makes the last proof. As long as the tables are closed, and by the very triggers of the
 * switch, the target holds what was brought there.
 */
export async function resumeLive(
  context: Context,
  preflight: Preflight,
  locked: LockedTarget,
  known: Cutover,
): Promise<CutoverResult> {
  const { address, client } = locked;
  const before = must(known.facts, 'facts of a closing cutover');
  const signal = AbortSignal.any([context.signal, locked.lost]);
  const session = openSession(context, locked, known, openRunFolder(known.folder));
  context.journal.note(
    `going on with cutover ${known.cutoverId} of ${known.startedAt}, which closed the SQLite database`,
  );
  const viewer = await openViewer(address, signal);
  try {
    const { facts, view } = await openSwitched(session, signal, { before, viewer });
    await moveCutover(client, known.cutoverId, 'proving', facts);
    const shown = await showApplication(session, facts);
    const proven = await runStep(session, 'prove-switch', () =>
      withRunThreads({ settings: context.settings, address, applicationName: 'pgferry cutover', signal }, (threads) =>
        proveSwitched(session, { facts: shown, threads, view, signal }),
      ),
    );
    const downtimeMs = Date.now() - Date.parse(facts.fencedAt);
    return await conclude([{ session, preflight }], { facts: [proven], downtimeMs });
  } finally {
    await viewer.close();
  }
}

/** Switches what is not switched, and opens the tables. `view` null: they were open before, so nobody knows who wrote. */
async function openSwitched(
  session: CutoverSession,
  signal: AbortSignal,
  { before, viewer }: { readonly before: CutoverFacts; readonly viewer: TargetClient },
): Promise<{ readonly facts: CutoverFacts; readonly view: FrozenView | null }> {
  const { cutover, client } = session;
  const { isSwitched, facts } =
    cutover.state === 'proving' ? { isSwitched: true, facts: before } : factsForResume(cutover);
  try {
    if (!isSwitched) await moveCutover(client, cutover.cutoverId, 'closing', facts);
    return await withLockedTables([{ session }], signal, async (holder) => {
      const isUntouched = await isAsSwitched(session, facts, holder);
      if (!isSwitched && !isUntouched) throw openedByOthers(session);
      // The journal of before went with its transaction, as the tables are still closed.
      const isWanted = isUntouched && facts.journal !== undefined;
      const known = { ...facts, ...(await keepJournal(session, holder, { runId: facts.runId, isWanted })) };
      if (isWanted) await moveCutover(client, cutover.cutoverId, cutover.state, known);
      const frozen = isUntouched ? await freeze(viewer) : null;
      if (!isSwitched)
        await runStep(session, 'switch', () =>
          withClosedSource(session, facts, (fence) => {
            const progress: CutoverProgress = {
              step: 'switch',
              generated: 'no',
              closed: [session.cutover.sourcePath],
              envSwitch: null,
              prepared: [],
            };
            const held = [{ cutover, fence }];
            return switchIfClosed(session, progress, { facts, held, holder, mayBeEdited: true });
          }),
        );
      await openToOthers(holder, facts.runId);
      await holder.run('COMMIT');
      return { facts: known, view: frozen };
    });
  } catch (error) {
    if (
      error instanceof CopierError &&
      ['cutover.target_changed', 'cutover.reopened', 'cutover.source_changed'].includes(error.code)
    )
      throw error;
    throw new CopierError(
      'stuck.switch',
      `cutover ${cutover.cutoverId} could not be gone on with: ${toWire(error).message}`,
      {
        hint: `${toWire(error).hint}; then run \`pgferry cutover\` again${isSwitched ? '' : ', or `pgferry release` to go back to SQLite'}`,
        cause: error,
      },
    );
  }
}

/** Whether every table has the mark that it had when it was accepted; one that cannot be closed never has. */
async function isAsSwitched(
  { address }: CutoverSession,
  { live, runId }: CutoverFacts,
  holder: TargetClient,
): Promise<boolean> {
  const { marks, isWhole } = must(live, 'facts of a live cutover');
  const tables = marks.map(({ table }) => table);
  const now = await readMarks(holder, { runId, schema: address.schema, tables });
  return isWhole && marks.every(({ table, mark }) => now.get(table) === mark);
}

function openedByOthers({ cutover }: CutoverSession): CopierError {
  return new CopierError(
    'cutover.target_changed',
    `the tables of PostgreSQL are not closed any more as cutover ${cutover.cutoverId} left them, and the application was not switched`,
    {
      hint: 'see who opened them; then `pgferry release` lets SQLite take writes again, and `pgferry cutover --live` begins anew',
    },
  );
}
