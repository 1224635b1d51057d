import { existsSync } from 'node:fs';
import { findPrisma, generateClient } from '../../cutover/prisma-client.js';
import { forgetSwitches } from '../../cutover/switches/switches.js';
import { CopierError, toWire } from '../../model/error.js';
import type { Cutover, CutoverResult, GroupMember } from '../../model/cutover.js';
import { readClosing, reopenSourceTables } from '../../source/live/closing.js';
import { liveFile } from '../../source/import/named-source.js';
import type { Settings } from '../../model/settings.js';
import type { TargetAddress } from '../../model/target.js';
import { describeTarget } from '../../target/connection/address.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTarget } from '../../target/connection/connect.js';
import { withTransaction } from '../../target/connection/transaction.js';
import { openEndedRuns } from '../../target/schema/closed-tables.js';
import { latestCutover, moveCutovers } from '../../target/ledger/cutover.js';
import { hasLedger } from '../../target/ledger/ledger.js';
import { withCutoverLock, withRunLock } from '../../target/ledger/lock.js';
import { type Context, resolveTarget } from '../../run/context.js';
import { providerHere } from './application.js';
import { cutoverResult } from './cutover-result.js';
import type { LockedTarget } from './cutover-session.js';
import { asLead, withGroupLocks } from './group/group-members.js';
import { sessionOptions } from './preflight.js';
import { endJournal } from './way-back/reverse-journal.js';

/**
 * The release command: lets a SQLite database that a cutover closed accept writes again, and those that went over with it. An application that was not
 * switched yet is then where it was before; one that is on PostgreSQL stays there. The database is opened even where
 * the target cannot be reached, so that the application can work. Tables of the target that a load kept closed for its
 * rounds are opened too: the move is given up.
 */
export async function runRelease(given: Context): Promise<CutoverResult> {
  const context = asLead(given);
  const { settings, journal } = context;
  const path = liveFile(settings);
  const closing = await readClosing(path);
  if (closing === null) return await releaseTarget(context, path);
  const result = cutoverResult({ command: 'release', cutoverId: closing.cutoverId, state: null, source: path });
  if (settings.targetUrl === null) {
    reopenEach(settings, path);
    journal.warn('no target is named, so the ledger does not know of the release');
    return result;
  }
  try {
    return await releaseWithLedger(context, path, result);
  } catch (error) {
    const { code } = toWire(error);
    if (code === 'target.run_active' || code === 'cutover.partly_switched' || code.startsWith('interrupted.'))
      throw error;
    reopenEach(settings, path);
    journal.warn(`the ledger could not be told of the release: ${toWire(error).message}`);
    return result;
  }
}

/** Without the ledger the config alone says which files went over together. */
function reopenEach({ group }: Settings, path: string): void {
  const paths = group.map(({ source }) => liveFile({ sourcePath: source, sourceCommand: null }));
  for (const one of new Set([path, ...paths])) reopenSourceTables(one);
}

/** Opens what a load has kept closed in the target. Error: `cutover.not_closed` where there is no such table. */
async function releaseTarget(context: Context, path: string): Promise<CutoverResult> {
  const nothing = new CopierError('cutover.not_closed', `${path} is not closed: it takes writes`, {
    hint: 'there is nothing to release; `pgferry status` shows where the cutover stands',
  });
  if (context.settings.targetUrl === null) throw nothing;
  const { address } = await resolveTarget(context);
  return await withReleasing(context, address, async (client) => {
    if (!(await hasLedger(client))) throw nothing;
    const known = await latestCutover(client, address.schema);
    if (known !== null && (await closedOf(known.facts?.group ?? [])).length > 0)
      return await releaseKnown(context, { client, address }, known);
    if ((await withRunLock(client, address.schema, () => openTarget(context, client, address.schema))) === 0)
      throw nothing;
    const cutoverId = known?.cutoverId ?? null;
    return cutoverResult({
      command: 'release',
      cutoverId,
      state: null,
      source: path,
      target: describeTarget(address),
    });
  });
}

async function openTarget({ journal }: Context, client: TargetClient, schema: string): Promise<number> {
  const runs = await withTransaction(client, () => openEndedRuns(client, schema));
  if (runs > 0) journal.note(`the tables of schema ${schema} take writes of others again`);
  return runs;
}

async function withReleasing<T>(
  context: Context,
  address: TargetAddress,
  use: (client: TargetClient) => Promise<T>,
): Promise<T> {
  const connecting = { ...sessionOptions(context, 'release'), signal: context.signal };
  return await withTarget(address, connecting, (client) => withCutoverLock(client, address.schema, () => use(client)));
}

async function releaseWithLedger(context: Context, path: string, result: CutoverResult): Promise<CutoverResult> {
  const { address } = await resolveTarget(context);
  return await withReleasing(context, address, async (client) => {
    const cutover = (await hasLedger(client)) ? await latestCutover(client, address.schema) : null;
    if (cutover === null || cutover.cutoverId !== result.cutoverId) {
      reopenSourceTables(path);
      return { ...result, target: describeTarget(address) };
    }
    return await releaseKnown(context, { client, address }, cutover);
  });
}

/** Opens the SQLite file that this cutover closed, and those that went over with it. */
async function releaseKnown(
  context: Context,
  { client, address }: Pick<LockedTarget, 'client' | 'address'>,
  cutover: Cutover,
): Promise<CutoverResult> {
  const { cutoverId, facts } = cutover;
  // A crash may have come between the switch and its note in the ledger.
  const provider = providerHere({ ...cutover, envPath: facts?.env?.path ?? null });
  if (cutover.state === 'closing' && provider === 'mixed') throw partlySwitched(cutover);
  const isSwitched = cutover.state !== 'closing' || provider === 'postgres';
  const others = (facts?.group ?? []).filter((member) => member.cutoverId !== cutoverId);
  const schemas = [address.schema, ...others.map(({ schema }) => schema)];
  return await withGroupLocks({ client, address, lost: context.signal }, schemas, async () => {
    for (const { sourcePath } of [cutover, ...(await closedOf(others))]) {
      if (isSwitched) reopenSourceTables(sourcePath);
      else await reopenSource(context, { sourcePath, facts });
    }
    for (const schema of schemas) await openTarget(context, client, schema);
    const ids = [{ cutoverId }, ...others.map((member) => ({ cutoverId: member.cutoverId }))];
    const [moved] = await moveCutovers(client, isSwitched ? 'released' : 'undone', ids);
    for (const schema of schemas) await endJournal(context, client, schema);
    return cutoverResult({
      ...{ command: 'release', cutoverId, state: moved?.state ?? null, source: cutover.sourcePath },
      ...{ target: describeTarget(address), runDir: cutover.folder },
    });
  });
}

/** Those of a group whose SQLite file is closed by its cutover. */
async function closedOf(members: readonly GroupMember[]): Promise<GroupMember[]> {
  const closed: GroupMember[] = [];
  for (const member of members)
    if ((await readClosing(member.sourcePath))?.cutoverId === member.cutoverId) closed.push(member);
  return closed;
}

function partlySwitched({ cutoverId }: Cutover): CopierError {
  return new CopierError(
    'cutover.partly_switched',
    `some switches of cutover ${cutoverId} are done and others are not: parts of the application may write to PostgreSQL`,
    { hint: '`pgferry cutover` does the rest; `pgferry rollback` goes back, with what PostgreSQL took' },
  );
}

/** Takes a cutover back that has closed the database and not switched the application: writes first, then the client. */
export async function reopenSource(
  { journal }: Context,
  { sourcePath, facts }: Pick<Cutover, 'sourcePath' | 'facts'>,
): Promise<void> {
  reopenSourceTables(sourcePath);
  forgetSwitches(facts?.switches ?? []);
  const schema = facts?.prismaSchemas?.sqlite;
  if (schema === undefined || !existsSync(schema)) return;
  try {
    await generateClient(findPrisma(schema), () => {});
  } catch (error) {
    journal.warn(`generate the Prisma client for SQLite by hand: ${toWire(error).message}`);
  }
}
