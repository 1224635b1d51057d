import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CopierError } from '../../../model/error.js';
import { readBase, findRunToFollow } from '../../../run/follow/base.js';
import type { FollowSession } from '../../../run/follow/follow-session.js';
import type { TargetClient } from '../../../target/connection/client.js';
import { lockWaitFor, nameLockHolders } from '../../../target/connection/lock-holders.js';
import { withTransaction } from '../../../target/connection/transaction.js';
import { hasLedger } from '../../../target/ledger/ledger.js';
import type { Run } from '../../../target/ledger/run.js';
import { closedMessage, closeToOthers } from '../../../target/schema/closed-tables.js';
import { lockForRun } from '../../../target/schema/table-locks.js';
import { runMigrate } from '../../migrate.js';
import { type CutoverSession, innerContext } from '../cutover-session.js';
import { attemptFolder, differs } from '../switch.js';

/**
 * Makes sure that the schema holds a finished run of this source that rounds can go on from: one that is there, else a
 * new one, or an unfinished one to its end. A load that was begun is never thrown away: rounds bring what it lacks.
 */
export async function loadForLive(session: CutoverSession, sourcePath: string, signal: AbortSignal): Promise<void> {
  const { context, client, address, cutover, folder } = session;
  const run = await findFollowable(client, address.schema, sourcePath);
  if (run !== null) {
    context.journal.note(`going on from run ${run.runId}, which was loaded from the source of ${run.snapshotTakenAt}`);
    return;
  }
  const settings = { ...context.settings, keepClosed: true, runFolder: attemptFolder(folder, 'migration', cutover) };
  const result = await runMigrate(innerContext(context, settings, signal));
  if (!result.ok) throw differs('after the copy', result);
}

/** The finished run of this source whose last snapshot is there; null where there is none, and all is loaded anew. */
async function findFollowable(client: TargetClient, schema: string, sourcePath: string): Promise<Run | null> {
  if (!(await hasLedger(client))) return null;
  try {
    const run = await findRunToFollow(client, schema);
    const { snapshot } = await readBase(client, run);
    return resolve(run.sourcePath) === sourcePath && existsSync(snapshot.path) ? run : null;
  } catch (error) {
    if (error instanceof CopierError && ['plan.no_base', 'target.run_unfinished'].includes(error.code)) return null;
    throw error;
  }
}

/** Closes the tables of the run to others, where its load has not done so. Error: `target.locked`. */
export async function closeForLive({ client, address, run, plan, context }: FollowSession): Promise<void> {
  const tables = plan.tables.map(({ target }) => target);
  const { schema } = address;
  const message = closedMessage(run.runId, true);
  try {
    await withTransaction(client, async () => {
      const wait = lockWaitFor(context.settings.stallTimeoutSeconds * 1000);
      await client.query(`SELECT set_config('lock_timeout', $1, true)`, [wait]);
      await lockForRun(client, { schema, tables, mode: 'SHARE ROW EXCLUSIVE' });
      await closeToOthers(client, { runId: run.runId, schema, tables, message });
    });
  } catch (error) {
    throw await nameLockHolders(client, { error, schema, tables, wanted: 'table' });
  }
}
