import { once } from '../../lib/once.js';
import { removeCarriedCopies } from '../../cutover/carried-copies.js';
import { type LocalFacts, decideRollback } from '../../cutover/standing.js';
import type { Cutover, CutoverFacts, CutoverResult, TableDigest } from '../../model/cutover.js';
import { CopierError, toWire } from '../../model/error.js';
import { type RunFolder, makeRunFolder, writeArtefact, writeManifest } from '../../report/files/run-folder.js';
import { jsonText } from '../../report/units.js';
import { type Context, resolveTarget } from '../../run/context.js';
import { readClosing } from '../../source/live/closing.js';
import { describeTarget } from '../../target/connection/address.js';
import { withTarget } from '../../target/connection/connect.js';
import { latestCutover, moveCutover } from '../../target/ledger/cutover.js';
import { hasLedger } from '../../target/ledger/ledger.js';
import { withCutoverLock, withRunLock } from '../../target/ledger/lock.js';
import { forgetSwitches } from '../../cutover/switches/switches.js';
import { providerHere, runHooks } from './application.js';
import { contentsOf, refuseLeftBehind, rehearseCarry, wayOfWrites } from './carry-back.js';
import { cutoverResult } from './cutover-result.js';
import { type CutoverSession, type LockedTarget, keepLog, noteStep } from './cutover-session.js';
import { settleFacts } from './live/settle-facts.js';
import { asRefusal, sessionOptions } from './preflight.js';
import { asMoved } from '../../run/moved-settings.js';
import { reopenSource } from './release.js';
import { acceptRestored } from './way-back/accept-restored.js';
import { endJournal } from './way-back/reverse-journal.js';
import { isLeft, type RollbackProgress, refuseWritten, restoreAndSwitch } from './restore-and-switch.js';
import {
  type RollbackPreflight,
  firstStepName,
  checkBeforeRollback,
  checkIdentity,
  planRestore,
  replacedPathOf,
} from './rollback-preflight.js';
import { rollBackWithoutTarget } from './rollback-without-target.js';
import { readWritten } from './way-back/target-state.js';
import { describeWritten, type WrittenTable } from './target-writes.js';
import { undoRollback } from './undo-rollback.js';
import { existsSync } from 'node:fs';

/*
 * The way back. PostgreSQL is checked for writes since the switch, then locked and checked again, so that no row can come
 * between the check and the switch. At the end the very transaction that holds the locks closes its tables to writers.
 *   checked → ledger: rolling_back → locked, checked, saved → generated → restored → closed and unlocked → env file → ledger: rolled_back
 * The env file decides which database the application uses, and it is switched last; until then everything can be repeated.
 */

export async function runRollback(context: Context): Promise<CutoverResult> {
  const { settings } = context;
  if (settings.withoutTarget) return await rollBackWithoutTarget(context);
  if (settings.targetUrl === null) {
    throw new CopierError(
      'rollback.no_target',
      'no target is named, so nobody can tell what PostgreSQL took since the switch',
      {
        hint: 'source the rollback.env of the cutover, or name the target with --target; where it is lost: --without-target',
      },
    );
  }
  try {
    const { address } = await resolveTarget(context);
    // Without the run's signal: an interrupted rollback must still record in the ledger that it was undone.
    return await withTarget(address, sessionOptions(context, 'rollback'), (client) =>
      withCutoverLock(client, address.schema, (lost) =>
        withRunLock(client, address.schema, () => decideAndDo(context, { address, client, lost })),
      ),
    );
  } catch (error) {
    throw asRefusal(error, 'rollback');
  }
}

async function decideAndDo(context: Context, locked: LockedTarget): Promise<CutoverResult> {
  const { client, address } = locked;
  const known = (await hasLedger(client)) ? await latestCutover(client, address.schema) : null;
  if (known !== null) checkIdentity(context.settings, known);
  const local = known === null ? nothingKnown : await readLocalState(context, known);
  const move = decideRollback(known, local);
  if (context.settings.rollbackDryRun && (move.tag === 'reopen' || move.tag === 'conclude')) {
    const would = move.tag === 'reopen' ? 'the SQLite database would take writes again' : 'only the ledger is behind';
    context.journal.note(`nothing has to be brought back: ${would}`);
    return resultOf(move.cutover, locked, { state: 'rehearsed' });
  }
  switch (move.tag) {
    case 'refuse':
      throw new CopierError('rollback.nothing', move.message, { hint: move.hint });
    case 'reopen':
      await reopenSource(context, move.cutover);
      await moveCutover(client, move.cutover.cutoverId, 'undone');
      return resultOf(move.cutover, locked, { state: 'undone' });
    case 'conclude':
      await moveCutover(client, move.cutover.cutoverId, 'rolled_back');
      removeCarriedCopies(move.cutover.folder);
      forgetSwitches(move.cutover.facts?.switches ?? []);
      await endJournal(context, client, address.schema);
      return resultOf(move.cutover, locked, { state: 'rolled_back', replacedPath: replacedPathOf(move.cutover) });
    case 'roll-back':
      return await rollBack(asMoved(context, move.cutover.facts?.moved, nameOf(move.cutover)), locked, move.cutover);
  }
}

function nameOf({ cutoverId }: Cutover): string {
  return `cutover ${cutoverId}`;
}

const nothingKnown: LocalFacts = { provider: null, closedBy: null };

/**
 * Reads what can be read about the old database and the env file. The database may be in any state, which must not
 * prevent going back.
 */
async function readLocalState({ journal }: Context, cutover: Cutover): Promise<LocalFacts> {
  const provider = providerHere(cutover);
  try {
    return { provider, closedBy: (await readClosing(cutover.sourcePath))?.cutoverId ?? null };
  } catch (error) {
    journal.warn(`the database that will be replaced cannot be read: ${toWire(error).message}`);
    return { provider, closedBy: null };
  }
}

async function rollBack(context: Context, locked: LockedTarget, cutover: Cutover): Promise<CutoverResult> {
  const { settings, journal } = context;
  const { client, address } = locked;
  const facts = await settleFacts(client, cutover);
  const preflight = checkBeforeRollback(context, cutover, facts);
  const { snapshotPath } = preflight;
  const look = once(() => journal.phase('look', () => readWritten(context, client, { address, facts, snapshotPath })));
  // What was written is read again under the lock; a look before is worth its time only where something rests on it.
  if (settings.rollbackDryRun || wayOfWrites(settings) === 'refuse') refuseWritten(settings, (await look()).written);
  const contents = contentsOf(context, cutover, { snapshotPath, look });
  const restore = await planRestore(context, locked, cutover, { facts, snapshotPath, contents });
  if (isLeft(restore)) await refuseLeftBehind(contents, look);
  if (settings.rollbackDryRun)
    return await rehearse(context, locked, cutover, { facts, snapshotPath, ...(await look()) });
  const seen = isLeft(restore) ? (await look()).digests : null;
  const folder = makeRunFolder({ baseFolder: cutover.folder, runFolder: null, now: new Date(), prefix: 'rollback-' });
  const checkLog = keepLog(journal, folder.pathOf('rollback.log'));
  const session: CutoverSession = { context, client, address, cutover, folder, checkLog };
  await runHooks(session, 'before-rollback');
  if (cutover.state !== 'rolling_back') await noteStep(session, firstStepName, () => undefined);
  await moveCutover(client, cutover.cutoverId, 'rolling_back');
  const progress: RollbackProgress = {
    hasGenerated: false,
    hasClosed: false,
    hasSwitched: false,
    replacedPath: null,
    step: 'look',
  };
  let rows: Pick<CutoverResult, 'savedWrites' | 'carried'>;
  try {
    rows = await restoreAndSwitch(session, locked, { facts, preflight, restore, seen, progress });
  } catch (error) {
    return await undoRollback(session, preflight, progress, error);
  }
  return await conclude(session, locked, preflight, {
    ...rows,
    replacedPath: progress.replacedPath,
    restored: isLeft(restore) ? null : { ...facts, snapshotPath },
  });
}

/** What a rollback would bring back now; nothing is locked or changed. */
async function rehearse(
  context: Context,
  locked: LockedTarget,
  cutover: Cutover,
  request: {
    readonly facts: CutoverFacts;
    readonly snapshotPath: string;
    readonly written: readonly WrittenTable[];
    readonly digests: readonly TableDigest[];
  },
): Promise<CutoverResult> {
  const { facts, snapshotPath, written, digests } = request;
  const { journal, signal } = context;
  const isCarried = written.length > 0 && wayOfWrites(context.settings) === 'carry';
  const carried = isCarried
    ? await journal.phase('carry', () =>
        rehearseCarry(context, locked, cutover, { facts, snapshotPath, written, digests, signal }),
      )
    : [];
  if (written.length > 0 && !isCarried) journal.note(`would be saved to a file: ${describeWritten(written)}`);
  return resultOf(cutover, locked, { state: 'rehearsed', carried, phases: journal.phases });
}

async function conclude(
  session: CutoverSession,
  locked: LockedTarget,
  preflight: RollbackPreflight,
  {
    restored,
    ...rows
  }: Pick<CutoverResult, 'savedWrites' | 'carried' | 'replacedPath'> & {
    /** The snapshot that was restored, if no copy of it was; null where the file was left. */
    readonly restored: Pick<CutoverFacts, 'snapshotPath' | 'snapshotSha256' | 'mapped'> | null;
  },
): Promise<CutoverResult> {
  const { context, client, cutover, folder } = session;
  try {
    await moveCutover(client, cutover.cutoverId, 'rolled_back');
  } catch (error) {
    throw new CopierError(
      'stuck.not_recorded',
      `the application is on SQLite again, but the ledger could not be told: ${toWire(error).message}`,
      { hint: 'run `pgferry rollback` again when the target can be reached: it only concludes', cause: error },
    );
  }
  if (preflight.env === null && preflight.switches.length === 0)
    context.journal.warn('the env file was left alone: switch the application to SQLite by hand now');
  const result = resultOf(cutover, locked, {
    state: 'rolled_back',
    runDir: folder.path,
    // An attempt that was killed may have kept it.
    replacedPath: [rows.replacedPath, preflight.replacedPath].find((path) => path !== null && existsSync(path)) ?? null,
    savedWrites: rows.savedWrites,
    carried: rows.carried,
    phases: context.journal.phases,
  });
  writeRecord(context, folder, result);
  const known = restored !== null && context.settings.rollbackAccept ? await acceptRestored(session, restored) : [];
  removeCarriedCopies(cutover.folder);
  // Those that are left to hands still need their copies.
  forgetSwitches(preflight.switches);
  await endJournal(context, client, session.address.schema);
  try {
    await runHooks(session, 'after-rollback');
  } catch (error) {
    const { message, hint } = toWire(error);
    throw new CopierError('stuck.hook', `the application is on SQLite again, and its hook failed: ${message}`, {
      hint,
      cause: error,
    });
  } finally {
    await writeManifest(folder, { known }).catch((error: unknown) => context.journal.warn(toWire(error).message));
  }
  return result;
}

function writeRecord({ journal }: Context, folder: RunFolder, result: CutoverResult): void {
  try {
    writeArtefact(folder.pathOf('rollback.json'), `${jsonText(result, 1)}\n`);
  } catch (error) {
    journal.warn(`the application is on SQLite again, but its record is not whole: ${toWire(error).message}`);
  }
}

function resultOf(
  cutover: Cutover,
  { address }: LockedTarget,
  more: Pick<CutoverResult, 'state'> & Partial<CutoverResult>,
): CutoverResult {
  return cutoverResult({
    command: 'rollback',
    cutoverId: cutover.cutoverId,
    runId: cutover.facts?.runId ?? null,
    runDir: cutover.folder,
    source: cutover.sourcePath,
    target: describeTarget(address),
    ...more,
  });
}
