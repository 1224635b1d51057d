import { once } from '../../lib/once.js';
import { removeCarriedCopies } from '../../cutover/carried-copies.js';
import type { LocalFacts } from '../../cutover/standing.js';
import type { CarriedTable } from '../../model/carry.js';
import type { Cutover, CutoverFacts, CutoverResult, TableDigest } from '../../model/cutover.js';
import { CopierError, must, toWire } from '../../model/error.js';
import { makeRunFolder } from '../../report/files/run-folder.js';
import { type Context, resolveTarget } from '../../run/context.js';
import { TableCount } from '../../run/table-count.js';
import { readClosing } from '../../source/live/closing.js';
import { withTarget } from '../../target/connection/connect.js';
import { latestCutover, moveCutovers } from '../../target/ledger/cutover.js';
import { hasLedger } from '../../target/ledger/ledger.js';
import { withCutoverLock, withRunLock } from '../../target/ledger/lock.js';
import { forgetSwitches } from '../../cutover/switches/switches.js';
import { providerHere, runHooks } from './application.js';
import { contentsOf, refuseLeftBehind, rehearseCarry, wayOfWrites } from './carry-back.js';
import { type CutoverSession, idsOf, type LockedTarget, keepLog, noteStep } from './cutover-session.js';
import { settleFacts } from './live/settle-facts.js';
import { asRefusal, sessionOptions } from './preflight.js';
import {
  asMovedEach,
  closedOf,
  decideReturn,
  type Returning,
  type ReturningFiles,
  withReturning,
} from './group/group-rollback.js';
import { asLead } from './group/group-members.js';
import { CopiesAhead } from './way-back/copies-ahead.js';
import { predictWait } from './way-back/predict-wait.js';
import { reopenSource } from './release.js';
import { concludeRollback, rollbackResult } from './way-back/conclude-rollback.js';
import { endJournal } from './way-back/reverse-journal.js';
import { type BackFile, isLeft, type RollbackProgress, restoreAndSwitch } from './restore-and-switch.js';
import {
  type PlannedRestore,
  type RollbackPreflight,
  firstStepName,
  checkBeforeRollback,
  checkIdentity,
  planRestore,
  replacedPathOf,
} from './rollback-preflight.js';
import { rollBackWithoutTarget } from './rollback-without-target.js';
import { type RollbackMember, refuseWritten } from './way-back/bring-back.js';
import { readWritten } from './way-back/target-state.js';
import { describeWritten, type WrittenTable } from './target-writes.js';
import { undoRollback } from './undo-rollback.js';

/*
 * The way back. PostgreSQL is checked for writes since the switch, then locked and checked again, so that no row can come
 * between the check and the switch. At the end the very transaction that holds the locks closes its tables to writers.
 *   checked → ledger: rolling_back → locked, checked, saved → generated → restored → closed and unlocked → env file → ledger: rolled_back
 * The env file decides which database the application uses, and it is switched last; until then everything can be repeated.
 */

export async function runRollback(given: Context): Promise<CutoverResult> {
  const context = asLead(given);
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
  if (known === null) {
    const { message, hint } = noCutover;
    throw new CopierError('rollback.nothing', message, { hint });
  }
  checkIdentity(context.settings, known);
  return await withReturning(context, locked, known, { read: readLocalState, use: returnAll });
}

const noCutover = {
  message: 'no cutover is recorded in the target',
  hint: 'there is nothing to take back; `pgferry status` shows where it stands',
};

async function returnAll(files: ReturningFiles): Promise<CutoverResult> {
  const move = decideReturn(files);
  const [{ context, locked }] = files;
  const { client } = locked;
  if (context.settings.rollbackDryRun && (move === 'reopen' || move === 'conclude')) {
    const would = move === 'reopen' ? 'the SQLite database would take writes again' : 'only the ledger is behind';
    context.journal.note(`nothing has to be brought back: ${would}`);
    return rollbackResult(files, { state: 'rehearsed' });
  }
  const known = files.map(({ cutover }) => cutover);
  switch (move) {
    case 'refuse':
    case 'roll-back':
      return await rollBack(asMovedEach(files));
    case 'reopen':
      for (const cutover of closedOf(files)) await reopenSource(context, cutover);
      await moveCutovers(client, 'undone', idsOnly(known));
      return rollbackResult(files, { state: 'undone' });
    case 'conclude':
      await moveCutovers(client, 'rolled_back', idsOnly(known));
      for (const { folder, facts, schema } of known) {
        removeCarriedCopies(folder);
        forgetSwitches(facts?.switches ?? []);
        await endJournal(context, client, schema);
      }
      return rollbackResult(files, { state: 'rolled_back', replacedPath: replacedPathOf(files[0].cutover) });
  }
}

function idsOnly(cutovers: readonly Cutover[]): { readonly cutoverId: string }[] {
  return cutovers.map(({ cutoverId }) => ({ cutoverId }));
}

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

/** One file that may go back, looked at without a lock. */
interface LookedAt extends Returning, PlannedRestore {
  readonly facts: CutoverFacts;
  readonly preflight: RollbackPreflight;
  readonly look: () => Promise<{ readonly written: readonly WrittenTable[]; readonly digests: readonly TableDigest[] }>;
}

async function lookAt(file: Returning, copies: CopiesAhead): Promise<LookedAt> {
  const { context, locked, cutover } = file;
  const { settings, journal } = context;
  const { client, address } = locked;
  const facts = await settleFacts(client, cutover);
  if (!settings.rollbackDryRun) copies.begin(settings, cutover, facts);
  const preflight = checkBeforeRollback(context, cutover, facts);
  const { snapshotPath } = preflight;
  const count = new TableCount();
  const request = { address, facts, snapshotPath, onTable: count.note };
  const look = once(() =>
    journal.phase(
      'look',
      () => readWritten(context, client, request),
      () => count.progress('look'),
    ),
  );
  // What was written is read again under the lock; a look before is worth its time only where something rests on it.
  if (settings.rollbackDryRun || wayOfWrites(settings) === 'refuse') refuseWritten(settings, (await look()).written);
  const contents = contentsOf(context, cutover, { snapshotPath, look });
  const keep = async () =>
    settings.rollbackDryRun ? null : await copies.keep(cutover.sourcePath, preflight.replacedPath);
  const planned = await planRestore(context, locked, cutover, { facts, snapshotPath, contents, keep });
  if (isLeft(planned.restore)) await refuseLeftBehind(contents, look);
  return { ...file, facts, preflight, ...planned, look };
}

async function rollBack(files: ReturningFiles): Promise<CutoverResult> {
  const copies = new CopiesAhead();
  try {
    return await rollBackWith(files, copies);
  } finally {
    await copies.clear();
  }
}

async function rollBackWith(files: ReturningFiles, copies: CopiesAhead): Promise<CutoverResult> {
  const found: LookedAt[] = [];
  for (const file of files) found.push(await lookAt(file, copies));
  const [{ context, locked, cutover }] = files;
  if (context.settings.rollbackDryRun) return await rehearse(files, found);
  const begun: RollbackMember[] = [];
  for (const file of found) begun.push(await beginMember(file, copies));
  const [first, ...others] = begun;
  const members = [must(first, 'a file that goes back'), ...others] as const;
  await runHooks(members[0].session, 'before-rollback');
  if (cutover.state !== 'rolling_back')
    for (const { session } of members) await noteStep(session, firstStepName, () => undefined);
  await moveCutovers(locked.client, 'rolling_back', idsOf(members));
  const progress: RollbackProgress = { hasGenerated: false, hasClosed: false, hasSwitched: false, step: 'look' };
  let back: readonly BackFile[];
  try {
    back = await restoreAndSwitch(members, progress);
  } catch (error) {
    return await undoRollback(members, progress, error);
  }
  return await concludeRollback(files, members, back);
}

async function beginMember(
  { context, locked, cutover, look, ...file }: LookedAt,
  copies: CopiesAhead,
): Promise<RollbackMember> {
  const { client, address } = locked;
  const seen = isLeft(file.restore) ? (await look()).digests : null;
  const folder = makeRunFolder({ baseFolder: cutover.folder, runFolder: null, now: new Date(), prefix: 'rollback-' });
  const checkLog = keepLog(context.journal, folder.pathOf('rollback.log'));
  const session: CutoverSession = { context, client, address, cutover, folder, checkLog };
  const { facts, preflight, restore, replacedCopy } = file;
  const isCopied = await copies.has(cutover.folder);
  return { session, locked, facts, preflight, restore, replacedCopy, seen, isCopied };
}

/** What a rollback would bring back now; nothing is locked or changed. */
async function rehearse(files: ReturningFiles, found: readonly LookedAt[]): Promise<CutoverResult> {
  const [{ context }] = files;
  const carried: CarriedTable[][] = [];
  for (const file of found) carried.push([...(await rehearseOne(file))]);
  const parts = carried.map((tables) => ({ carried: tables }));
  const { phases } = context.journal;
  const downtimeMs = predictWait(
    phases,
    found.map(({ cutover }) => cutover),
  );
  return rollbackResult(files, { state: 'rehearsed', ...parts[0], downtimeMs, phases }, parts);
}

async function rehearseOne({ context, locked, cutover, facts, preflight, look }: LookedAt) {
  const { written, digests } = await look();
  const { journal, signal } = context;
  const isCarried = written.length > 0 && wayOfWrites(context.settings) === 'carry';
  if (written.length > 0 && !isCarried) journal.note(`would be saved to a file: ${describeWritten(written)}`);
  if (!isCarried) return [];
  const { snapshotPath } = preflight;
  const request = { facts, snapshotPath, written, digests, signal };
  return await journal.phase('carry', () => rehearseCarry(context, locked, cutover, request));
}
