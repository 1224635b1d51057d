import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readProvider } from '../../cutover/env-text.js';
import { decideCutover } from '../../cutover/standing.js';
import type { Cutover, CutoverResult } from '../../model/cutover.js';
import { CopierError, must, toWire } from '../../model/error.js';
import { makeRunFolder, openRunFolder, removeRunFolder } from '../../report/files/run-folder.js';
import { type Context, resolveTarget, whoWeAre } from '../../run/context.js';
import { agreeToReset } from '../../run/schema/agree-to-reset.js';
import { refuseMatches } from '../../run/survey/map-seeded.js';
import { refuseStaying } from '../../run/plan/staying-rows.js';
import { readStoredPlan } from '../../run/plan/stored-plan.js';
import { asMoved } from '../../run/moved-settings.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTarget } from '../../target/connection/connect.js';
import { beginCutover, latestCutover } from '../../target/ledger/cutover.js';
import { hasLedger, openLedger } from '../../target/ledger/ledger.js';
import { latestRun } from '../../target/ledger/run.js';
import { withCutoverLock } from '../../target/ledger/lock.js';
import { planSwitches } from '../../cutover/switches/switches.js';
import { settleApplication, targetWords } from './application.js';
import { conclude } from './conclude.js';
import { type LockedTarget, openSession, type Preflight } from './cutover-session.js';
import {
  asRefusal,
  checkBeforeCutover,
  checkDiskSpace,
  readLocalFacts,
  refuseEmbedded,
  refuseUnconfirmed,
  sessionOptions,
} from './preflight.js';
import { cutOverLive } from './live/live-cutover.js';
import { resumeLive } from './live/resume-live.js';
import { rehearseCutover } from './rehearsal.js';
import { sayPrice } from './way-back/reverse-journal.js';
import { resumeCutover } from './resume.js';
import { runRollback } from './rollback.js';
import { type Switched, prepareAndSwitch } from './switch.js';
import { type CutoverProgress, undoCutover } from './undo.js';

/*
 * The switch. A failure before the env file says postgres is undone, and a process that is killed before that leaves the
 * application where it was; see cutover/standing.ts for the states. The order of the last steps makes sure that no write
 * is lost:
 *   fence held → … → rollback.env → ledger: closing → triggers and fence committed in one → env file → ledger: switched
 * Between the fence and the triggers no writer can commit, and after the triggers none ever can.
 */

const cutoverFlags = { base: '--cutover-base-dir', folder: '--cutover-run-dir' };

export async function runCutover(context: Context): Promise<CutoverResult> {
  const { settings } = context;
  if (!settings.dryRun) refuseUnconfirmed(settings);
  refuseEmbedded(settings);
  if (settings.live) refuseMatches(context, 'a live cutover', 'cut over without --live');
  if (settings.exclude.length > 0)
    context.journal.warn(`these tables stay behind, as --exclude says: ${settings.exclude.join(', ')}`);
  try {
    const preflight = await checkBeforeCutover(settings);
    const { address } = await resolveTarget(context);
    // Without the run's signal: an interrupted cutover must still record in the ledger that it was undone.
    // Awaited before a failure is looked at: going back takes the same lock.
    return await withTarget(address, sessionOptions(context, 'cutover'), (client) =>
      withCutoverLock(client, address.schema, (lost) => decideAndDo(context, preflight, { address, client, lost })),
    ).catch((error: unknown) => goBackIfUnhealthy(context, error));
  } catch (error) {
    throw asRefusal(error, 'cutover');
  }
}

async function decideAndDo(context: Context, preflight: Preflight, locked: LockedTarget): Promise<CutoverResult> {
  const { client, address } = locked;
  const known = (await hasLedger(client)) ? await latestCutover(client, address.schema) : null;
  const local = await readLocalFacts(preflight.sourcePath, preflight.envFile?.path ?? null, known);
  const move = decideCutover(known, local, preflight.sourcePath);
  switch (move.tag) {
    case 'refuse':
      throw new CopierError(move.code, move.message, { hint: move.hint });
    case 'prove':
      if (context.settings.dryRun) throw unfinished(move.cutover);
      return await resumeLive(asBegun(context, move.cutover), preflight, locked, move.cutover);
    case 'go-on':
      if (context.settings.dryRun) throw unfinished(move.cutover);
      return await resumeCutover(asBegun(context, move.cutover), preflight, locked, move.cutover);
    case 'settle':
      if (context.settings.dryRun) throw unfinished(move.cutover);
      return await settle(asBegun(context, move.cutover), preflight, locked, move.cutover);
    case 'again':
    case 'begin': {
      await refuseStayingRows(client, address.schema);
      refuseSwitched(preflight);
      const rules = context.settings.cutoverSwitchEnv ? (context.settings.switch ?? []) : [];
      const switchPlan = planSwitches(rules, await targetWords(address, preflight.sourcePath));
      const ready = { ...preflight, switchPlan };
      if (context.settings.dryRun) return await rehearseCutover(context, ready, { ...locked, flags: cutoverFlags });
      // Before writers wait: the load in the midst of it must not ask.
      await agreeToReset(context, client, address.schema);
      const asked = { ...context, settings: { ...context.settings, yes: true } };
      return await begin(asked, ready, locked, move.tag === 'again' ? move.cutover : null);
    }
  }
}

/** The way back would take rows of the target's own along. */
async function refuseStayingRows(client: TargetClient, schema: string): Promise<void> {
  if (!(await hasLedger(client))) return;
  const run = await latestRun(client, schema);
  if (run !== null)
    refuseStaying((await readStoredPlan(client, run.runId)).plan, 'a cutover, whose way back takes rows along,');
}

/** What goes on goes by what it began with, but for what it is told itself. */
function asBegun(context: Context, { cutoverId, facts }: Cutover): Context {
  return asMoved(context, facts?.moved, `cutover ${cutoverId}`);
}

function unfinished({ cutoverId }: Cutover): CopierError {
  return new CopierError(
    'cutover.unfinished',
    `cutover ${cutoverId} has closed the SQLite database and is not finished`,
    {
      hint: 'there is nothing to rehearse: run `pgferry cutover` without --dry-run to go on, or `pgferry release` to go back',
    },
  );
}

function refuseSwitched({ envFile }: Preflight): void {
  if (envFile === null || readProvider(envFile.text) !== 'postgres') return;
  throw new CopierError('cutover.env_switched', `${envFile.path} says VPS_DB_PROVIDER=postgres already`, {
    hint: 'the application is not on SQLite: name the env file of the one to be switched, or put sqlite there if it is',
  });
}

/** Enters the attempt in the ledger, with a folder of its own, or that of the attempt before. */
async function begin(
  context: Context,
  preflight: Preflight,
  locked: LockedTarget,
  before: Cutover | null,
): Promise<CutoverResult> {
  const { settings } = context;
  const { client, address } = locked;
  const again = before !== null && existsSync(before.folder) ? before : null;
  const options = {
    baseFolder: settings.cutoverBaseFolder,
    runFolder: settings.cutoverRunFolder,
    now: new Date(),
    flags: cutoverFlags,
  };
  const folder = again === null ? makeRunFolder(options) : openRunFolder(again.folder);
  try {
    await checkDiskSpace(folder.path, preflight.sourcePath);
  } catch (error) {
    if (again === null) removeRunFolder(folder);
    throw error;
  }
  await openLedger(client);
  if (settings.reverseJournal) await sayPrice(context, client);
  const cutover = await beginCutover(client, {
    ...whoWeAre(context),
    cutoverId: again?.cutoverId ?? randomBytes(6).toString('hex'),
    schema: address.schema,
    folder: folder.path,
    sourcePath: preflight.sourcePath,
    envPath: preflight.envFile?.path ?? null,
  });
  const session = openSession(context, locked, cutover, folder);
  if (again !== null) {
    context.journal.note(
      `cutover ${cutover.cutoverId} of ${cutover.startedAt}, attempt ${cutover.attempt}, in ${folder.path}`,
    );
  }
  if (settings.live) return await cutOverLive(session, preflight, locked);
  const progress: CutoverProgress = { step: 'fence', generated: 'no', hasClosed: false, envSwitch: null, prepared: [] };
  let switched: Switched;
  try {
    switched = await prepareAndSwitch(session, preflight, locked, progress);
  } catch (error) {
    return await undoCutover(session, preflight, progress, error);
  }
  return await conclude(session, preflight, switched, async () => {
    await settleApplication(session, switched.facts);
  });
}

/** What was left after the switch: hooks and health checks. */
async function settle(
  context: Context,
  preflight: Preflight,
  locked: LockedTarget,
  known: Cutover,
): Promise<CutoverResult> {
  const facts = must(known.facts, 'facts of a switched cutover');
  const session = openSession(context, locked, known, openRunFolder(known.folder));
  context.journal.note(
    `going on with cutover ${known.cutoverId} of ${known.startedAt}: what follows the switch is left`,
  );
  await settleApplication(session, facts);
  return await conclude(session, preflight, {
    facts: { ...facts, after: 'done' },
    downtimeMs: Date.now() - Date.parse(facts.fencedAt),
  });
}

/** Goes back by itself where what followed the switch failed, and the operator did not say that it stays. */
async function goBackIfUnhealthy(context: Context, error: unknown): Promise<never> {
  const isUnhealthy = error instanceof CopierError && error.code === 'stuck.unhealthy';
  if (!isUnhealthy || context.settings.onUnhealthy === 'stay') throw error;
  const { message } = error;
  context.journal.warn(`${message}: going back`);
  try {
    await runRollback(context);
  } catch (failure) {
    throw new CopierError('stuck.rollback', `${message}; and it could not go back: ${toWire(failure).message}`, {
      hint: `${toWire(failure).hint}; then run \`pgferry rollback\``,
      cause: failure,
    });
  }
  throw new CopierError('cutover.went_back', `${message}; it was rolled back, and the application is on SQLite`, {
    hint: 'mend the reason, then run `pgferry cutover` again: it begins anew',
    cause: error,
  });
}
