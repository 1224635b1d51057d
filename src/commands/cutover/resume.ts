import type { Cutover, CutoverFacts, CutoverResult } from '../../model/cutover.js';
import { CopierError, type ErrorCode, must, toWire } from '../../model/error.js';
import { openRunFolder } from '../../report/files/run-folder.js';
import type { Context } from '../../run/context.js';
import { digestTables } from '../../target/fingerprint/digest.js';
import { moveCutover } from '../../target/ledger/cutover.js';
import { settleApplication } from './application.js';
import { conclude } from './conclude.js';
import { resumeLive } from './live/resume-live.js';
import { type CutoverSession, type LockedTarget, openSession, type Preflight, runStep } from './cutover-session.js';
import { switchIfClosed, withClosedSource } from './guarded-switch.js';
import { factsForResume, withLockedTables } from './switch.js';
import { keepJournal } from './way-back/reverse-journal.js';
import { type WrittenTable, describeWritten, findWritten } from './target-writes.js';
import type { CutoverProgress } from './undo.js';

/** With these the application was not switched, and the message says what comes next. */
const refusals: ReadonlySet<string> = new Set<ErrorCode>([
  'cutover.target_changed',
  'cutover.reopened',
  'cutover.source_changed',
]);

/**
 * Resumes a cutover that crashed after the source was closed. The copy is still complete, since no writer could change
 * the source since.
 */
export async function resumeCutover(
  context: Context,
  preflight: Preflight,
  locked: LockedTarget,
  known: Cutover,
): Promise<CutoverResult> {
  const { client } = locked;
  const before = must(known.facts, 'facts of a closing cutover');
  if (before.live !== undefined) return await resumeLive(context, preflight, locked, known);
  const folder = openRunFolder(known.folder);
  const session = openSession(context, locked, known, folder);
  context.journal.note(
    `going on with cutover ${known.cutoverId} of ${known.startedAt}: the SQLite database is closed, the switch is left`,
  );
  const { isSwitched, facts } = factsForResume(known);
  const progress: CutoverProgress = { step: 'switch', generated: 'no', hasClosed: true, envSwitch: null, prepared: [] };
  let switched = facts;
  try {
    await moveCutover(client, known.cutoverId, 'closing', facts);
    if (!isSwitched)
      switched = await switchUnchanged(session, AbortSignal.any([context.signal, locked.lost]), progress, facts);
  } catch (error) {
    const isRefused = error instanceof CopierError && refusals.has(error.code);
    if (isRefused) throw error;
    // The source stays closed, and the Prisma client stays generated for PostgreSQL. The same command resumes; release
    // goes back.
    throw new CopierError(
      'stuck.switch',
      `cutover ${known.cutoverId} could not switch the application: ${toWire(error).message}`,
      {
        hint: `${toWire(error).hint}; then run \`pgferry cutover\` again, or \`pgferry release\` to go back to SQLite`,
        cause: error,
      },
    );
  }
  const downtimeMs = Date.now() - Date.parse(facts.fencedAt);
  const settle = () => settleApplication(session, switched);
  return await conclude(session, preflight, { facts: switched, downtimeMs }, settle);
}

/** Switches the application only to the very rows that were accepted: looked at under the lock that is held until then. */
async function switchUnchanged(
  session: CutoverSession,
  signal: AbortSignal,
  progress: CutoverProgress,
  facts: CutoverFacts,
): Promise<CutoverFacts> {
  const { address, cutover, client } = session;
  return await withLockedTables(session, signal, async (holder) => {
    const written = await runStep(session, 'look', async () =>
      findWritten(facts.digests, await digestTables(holder, address.schema)),
    );
    if (written.length > 0) throw targetChanged(cutover, written);
    // The journal of before went with its transaction.
    const isWanted = facts.journal !== undefined;
    const known = { ...facts, ...(await keepJournal(session, holder, { runId: facts.runId, isWanted })) };
    if (isWanted) await moveCutover(client, cutover.cutoverId, 'closing', known);
    await runStep(session, 'switch', () =>
      withClosedSource(session, known, (fence) =>
        switchIfClosed(session, progress, { facts: known, fence, holder, mayBeEdited: true }),
      ),
    );
    return known;
  });
}

export function targetChanged({ cutoverId }: Cutover, written: readonly WrittenTable[]): CopierError {
  return new CopierError(
    'cutover.target_changed',
    `PostgreSQL was changed since cutover ${cutoverId} accepted it, and the application was not switched: ${describeWritten(written)}`,
    {
      hint: 'see who writes there; then `pgferry release` lets SQLite take writes again, and `pgferry cutover` begins anew',
    },
  );
}
