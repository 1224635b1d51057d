import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readProvider } from '../../../cutover/env-text.js';
import type { Cutover, CutoverResult } from '../../../model/cutover.js';
import { CopierError, must } from '../../../model/error.js';
import { makeRunFolder, openRunFolder, removeRunFolder } from '../../../report/files/run-folder.js';
import { type Context, whoWeAre } from '../../../run/context.js';
import { asMoved } from '../../../run/moved-settings.js';
import { beginCutover } from '../../../target/ledger/cutover.js';
import { openLedger } from '../../../target/ledger/ledger.js';
import { settleApplication } from '../application.js';
import { conclude } from '../conclude.js';
import {
  type CutoverMember,
  type CutoverMembers,
  type CutoverSession,
  type LockedTarget,
  openSession,
  type Preflight,
} from '../cutover-session.js';
import { checkDiskSpace } from '../preflight.js';
import { prepareAndSwitch, type Switched } from '../switch.js';
import { type CutoverProgress, undoCutover } from '../undo.js';

/* One attempt at a cutover, of one file or of several together: entered, made, or gone on with. */

export const cutoverFlags = { base: '--cutover-base-dir', folder: '--cutover-run-dir' };

/** What goes on goes by what it began with, but for what it is told itself. */
export function asBegun(context: Context, { cutoverId, facts }: Cutover): Context {
  return asMoved(context, facts?.moved, `cutover ${cutoverId}`);
}

export function unfinished({ cutoverId }: Cutover): CopierError {
  return new CopierError(
    'cutover.unfinished',
    `cutover ${cutoverId} has closed the SQLite database and is not finished`,
    {
      hint: 'there is nothing to rehearse: run `pgferry cutover` without --dry-run to go on, or `pgferry release` to go back',
    },
  );
}

export function refuseSwitched({ envFile }: Preflight): void {
  if (envFile === null || readProvider(envFile.text) !== 'postgres') return;
  throw new CopierError('cutover.env_switched', `${envFile.path} says VPS_DB_PROVIDER=postgres already`, {
    hint: 'the application is not on SQLite: name the env file of the one to be switched, or put sqlite there if it is',
  });
}

/** Enters the attempt in the ledger, with a folder of its own, or that of the attempt before. */
export async function enterAttempt(
  context: Context,
  preflight: Preflight,
  locked: LockedTarget,
  before: Cutover | null,
): Promise<CutoverSession> {
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
  return session;
}

/** Makes the attempt: the application is switched, or all is as it was. */
export async function makeAttempt(members: CutoverMembers, locked: LockedTarget): Promise<CutoverResult> {
  const progress: CutoverProgress = { step: 'fence', generated: 'no', closed: [], envSwitch: null, prepared: [] };
  let switched: Switched;
  try {
    switched = await prepareAndSwitch(members, locked, progress);
  } catch (error) {
    return await undoCutover(members, progress, error);
  }
  return await conclude(members, switched, () => settleApplication(members, switched.facts));
}

/** A file whose cutover goes on. */
export function knownMember(
  context: Context,
  preflight: Preflight,
  locked: LockedTarget,
  known: Cutover,
): CutoverMember {
  return { preflight, session: openSession(context, locked, known, openRunFolder(known.folder)) };
}

/** What was left after the switch: hooks and health checks. */
export async function settleSwitched(members: CutoverMembers): Promise<CutoverResult> {
  const [{ session }] = members;
  const { cutover, context } = session;
  context.journal.note(
    `going on with cutover ${cutover.cutoverId} of ${cutover.startedAt}: what follows the switch is left`,
  );
  const [first, ...others] = members.map((member) => must(member.session.cutover.facts, 'facts of a switched cutover'));
  const lead = must(first, 'facts of a switched cutover');
  await settleApplication(members, [lead, ...others]);
  const done = { after: 'done' as const };
  return await conclude(members, {
    facts: [{ ...lead, ...done }, ...others.map((facts) => ({ ...facts, ...done }))],
    downtimeMs: Date.now() - Date.parse(lead.fencedAt),
  });
}
