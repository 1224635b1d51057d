import { existsSync } from 'node:fs';
import { findPrisma, generateClient } from '../../cutover/prisma-client.js';
import { forgetSwitches } from '../../cutover/switches/switches.js';
import { CopierError, toWire } from '../../model/error.js';
import type { Cutover, CutoverResult } from '../../model/cutover.js';
import { readClosing, reopenSourceTables } from '../../source/live/closing.js';
import { liveFile } from '../../source/import/named-source.js';
import type { TargetAddress } from '../../model/target.js';
import { describeTarget } from '../../target/connection/address.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTarget } from '../../target/connection/connect.js';
import { withTransaction } from '../../target/connection/transaction.js';
import { openEndedRuns } from '../../target/schema/closed-tables.js';
import { latestCutover, moveCutover } from '../../target/ledger/cutover.js';
import { hasLedger } from '../../target/ledger/ledger.js';
import { withCutoverLock, withRunLock } from '../../target/ledger/lock.js';
import { type Context, resolveTarget } from '../../run/context.js';
import { providerHere } from './application.js';
import { cutoverResult } from './cutover-result.js';
import { sessionOptions } from './preflight.js';
import { endJournal } from './way-back/reverse-journal.js';

/**
 * The release command: lets a SQLite database that a cutover closed accept writes again. An application that was not
 * switched yet is then where it was before; one that is on PostgreSQL stays there. The database is opened even where
 * the target cannot be reached, so that the application can work. Tables of the target that a load kept closed for its
 * rounds are opened too: the move is given up.
 */
export async function runRelease(context: Context): Promise<CutoverResult> {
  const { settings, journal } = context;
  const path = liveFile(settings);
  const closing = await readClosing(path);
  if (closing === null) return await releaseTarget(context, path);
  const result = cutoverResult({ command: 'release', cutoverId: closing.cutoverId, state: null, source: path });
  if (settings.targetUrl === null) {
    reopenSourceTables(path);
    journal.warn('no target is named, so the ledger does not know of the release');
    return result;
  }
  try {
    return await releaseWithLedger(context, path, result);
  } catch (error) {
    const { code } = toWire(error);
    if (code === 'target.run_active' || code === 'cutover.partly_switched' || code.startsWith('interrupted.'))
      throw error;
    reopenSourceTables(path);
    journal.warn(`the ledger could not be told of the release: ${toWire(error).message}`);
    return result;
  }
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
    if ((await withRunLock(client, address.schema, () => openTarget(context, client, address.schema))) === 0)
      throw nothing;
    const cutoverId = (await latestCutover(client, address.schema))?.cutoverId ?? null;
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
    const target = describeTarget(address);
    if (cutover === null || cutover.cutoverId !== result.cutoverId) {
      reopenSourceTables(path);
      return { ...result, target };
    }
    const env = cutover.facts?.env ?? null;
    // A crash may have come between the switch and its note in the ledger.
    const provider = providerHere({ ...cutover, envPath: env?.path ?? null });
    if (cutover.state === 'closing' && provider === 'mixed') throw partlySwitched(cutover);
    const isSwitched = cutover.state !== 'closing' || provider === 'postgres';
    if (isSwitched) reopenSourceTables(path);
    else await reopenSource(context, cutover);
    await openTarget(context, client, address.schema);
    const { state, folder } = await moveCutover(client, cutover.cutoverId, isSwitched ? 'released' : 'undone');
    await endJournal(context, client, address.schema);
    return { ...result, state, target, runDir: folder };
  });
}

function partlySwitched({ cutoverId }: Cutover): CopierError {
  return new CopierError(
    'cutover.partly_switched',
    `some switches of cutover ${cutoverId} are done and others are not: parts of the application may write to PostgreSQL`,
    { hint: '`pgferry cutover` does the rest; `pgferry rollback` goes back, with what PostgreSQL took' },
  );
}

/** Takes a cutover back that has closed the database and not switched the application: writes first, then the client. */
export async function reopenSource({ journal }: Context, { sourcePath, facts }: Cutover): Promise<void> {
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
