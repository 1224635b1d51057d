import { decideCutover } from '../../cutover/standing.js';
import type { Cutover, CutoverResult } from '../../model/cutover.js';
import { CopierError, toWire } from '../../model/error.js';
import { type Context, resolveTarget } from '../../run/context.js';
import { agreeToReset } from '../../run/schema/agree-to-reset.js';
import { refuseMatches } from '../../run/survey/map-seeded.js';
import { withTarget } from '../../target/connection/connect.js';
import { latestCutover } from '../../target/ledger/cutover.js';
import { hasLedger } from '../../target/ledger/ledger.js';
import { withCutoverLock } from '../../target/ledger/lock.js';
import { planSwitches } from '../../cutover/switches/switches.js';
import { targetWords } from './application.js';
import type { LockedTarget, Preflight } from './cutover-session.js';
import {
  asRefusal,
  checkBeforeCutover,
  readLocalFacts,
  refuseEmbedded,
  refuseStayingRows,
  refuseTenantTables,
  refuseUnconfirmed,
  sessionOptions,
} from './preflight.js';
import { cutOverLive } from './live/live-cutover.js';
import { resumeLive } from './live/resume-live.js';
import { rehearseCutover } from './rehearsal.js';
import { sayPrice } from './way-back/reverse-journal.js';
import { resumeCutover } from './resume.js';
import { runRollback } from './rollback.js';
import {
  asBegun,
  cutoverFlags,
  enterAttempt,
  knownMember,
  makeAttempt,
  refuseSwitched,
  settleSwitched,
  unfinished,
} from './switch/attempt.js';
import { cutOverGroup } from './group/group-cutover.js';
import { asLead, checkGroup, groupOf } from './group/group-members.js';

/*
 * The switch. A failure before the env file says postgres is undone, and a process that is killed before that leaves the
 * application where it was; see cutover/standing.ts for the states. The order of the last steps makes sure that no write
 * is lost:
 *   fence held → … → rollback.env → ledger: closing → triggers and fence committed in one → env file → ledger: switched
 * Between the fence and the triggers no writer can commit, and after the triggers none ever can.
 */

export async function runCutover(given: Context): Promise<CutoverResult> {
  const context = asLead(given);
  const { settings } = context;
  if (!settings.dryRun) refuseUnconfirmed(settings);
  refuseEmbedded(settings);
  if (settings.live) refuseMatches(context, 'a live cutover', 'cut over without --live');
  if (settings.exclude.length > 0)
    context.journal.warn(`these tables stay behind, as --exclude says: ${settings.exclude.join(', ')}`);
  try {
    checkGroup(settings);
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
  const group = await groupOf(context, known);
  if (group !== null) return await cutOverGroup(group, locked);
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
      return await resumeKnown(asBegun(context, move.cutover), preflight, locked, move.cutover);
    case 'settle':
      if (context.settings.dryRun) throw unfinished(move.cutover);
      return await settleSwitched([knownMember(asBegun(context, move.cutover), preflight, locked, move.cutover)]);
    case 'again':
    case 'begin': {
      await refuseStayingRows(client, address.schema);
      refuseSwitched(preflight);
      await refuseTenantTables(client, address.schema, preflight.sourcePath);
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

async function resumeKnown(context: Context, preflight: Preflight, locked: LockedTarget, known: Cutover) {
  if (known.facts?.live !== undefined) return await resumeLive(context, preflight, locked, known);
  return await resumeCutover([knownMember(context, preflight, locked, known)], locked);
}

/** Enters the attempt and makes it. */
async function begin(
  context: Context,
  preflight: Preflight,
  locked: LockedTarget,
  before: Cutover | null,
): Promise<CutoverResult> {
  const session = await enterAttempt(context, preflight, locked, before);
  if (context.settings.reverseJournal) await sayPrice(context, locked.client);
  if (context.settings.live) return await cutOverLive(session, preflight, locked);
  return await makeAttempt([{ session, preflight }], locked);
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
