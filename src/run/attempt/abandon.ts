import { CopierError } from '../../model/error.js';
import type { ChunkResult } from '../../model/copy.js';
import type { TablePlan } from '../../model/plan.js';
import { addUp, isSameContent } from '../../pool/tally.js';
import { forgetChunks, listChunks } from '../../target/ledger/chunk.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTransaction } from '../../target/connection/transaction.js';
import { nameLockHolders } from '../../target/connection/lock-holders.js';
import { forgetStep, listRestoreSteps, restoreStep } from '../../target/constraints/constraints.js';
import { fingerprintTable } from '../../target/fingerprint/fingerprint.js';
import { abandonRun, fenceRun, type Run, type RunTicket } from '../../target/ledger/run.js';
import { joinRun, openToOthers } from '../../target/schema/closed-tables.js';
import { lockForRun } from '../../target/schema/table-locks.js';
import { emptyTables } from '../../target/schema/truncate.js';
import type { StoredPlan } from '../plan/stored-plan.js';

/**
 * Abandons an unfinished run: makes older attempts void, empties its tables (only where they hold exactly what its
 * chunks brought, or nothing, unless `mayEmpty`; the check and the emptying are one transaction that keeps writers
 * out), makes the indexes and constraints again that it detached, opens the tables that it closed, and ends it in the
 * ledger. Tables that were dropped meanwhile have no rows and need no indexes. A crash may come between any two steps:
 * tables and ledger agree after each. `plan.foreign_rows` where rows of somebody else are in one of the tables.
 */
export async function abandon(request: {
  readonly client: TargetClient;
  readonly run: Run;
  readonly stored: StoredPlan;
  readonly schema: string;
  /** The operator asked to empty the tables, whatever rows they hold. */
  readonly mayEmpty: boolean;
  /** How long to wait for a table that other sessions have locked, as PostgreSQL writes it. */
  readonly lockWait: string;
}): Promise<void> {
  const { client, run, stored, schema, mayEmpty, lockWait } = request;
  const { runId, token } = await fenceRun(client, run.runId);
  await joinRun(client, runId);
  const tables = stored.plan.tables.map(({ target }) => target);
  const locked = async <T>(use: () => Promise<T>): Promise<T> => {
    try {
      return await withTransaction(client, async () => {
        await client.query(`SELECT set_config('lock_timeout', $1, true)`, [lockWait]);
        return await use();
      });
    } catch (error) {
      throw await nameLockHolders(client, { error, schema, tables, wanted: 'table' });
    }
  };
  const missing = await locked(async () => {
    const missing = await lockForRun(client, { schema, tables, mode: 'SHARE ROW EXCLUSIVE' });
    const chunks = await listChunks(client, runId);
    const touched = stored.plan.tables.filter(
      ({ source, target }) => !missing.includes(target) && chunks.some(({ table }) => table === source),
    );
    if (!mayEmpty) await refuseForeign(client, run, touched, chunks);
    await forgetChunks(client, runId);
    await emptyTables(
      client,
      touched.map(({ target, staying }) => ({ schema, name: target, staying })),
    );
    return missing;
  });
  await restoreWhatCanBe(client, { runId, token }, missing);
  await locked(async () => {
    await openToOthers(client, runId);
    await abandonRun(client, runId);
  });
}

/** Objects of a table that was dropped meanwhile, or that refer to one, are gone for good. */
async function restoreWhatCanBe(client: TargetClient, ticket: RunTicket, missing: readonly string[]): Promise<void> {
  for (const { ordinal, table } of await listRestoreSteps(client, ticket.runId)) {
    if (missing.includes(table)) {
      await forgetStep(client, ticket, ordinal);
      continue;
    }
    try {
      await restoreStep(client, ticket, ordinal);
    } catch (error) {
      if (error instanceof CopierError && error.code === 'data.orphan') throw rowsElsewhere(error, ticket.runId);
      const isOfMissing = error instanceof CopierError && error.foreignCode === undefinedTable;
      if (missing.length === 0 || !isOfMissing) throw error;
      await forgetStep(client, ticket, ordinal);
    }
  }
}

/** Rows of a table that is not loaded refer to rows that were there before the run: only rows that come anew end that. */
function rowsElsewhere(error: CopierError, runId: string): CopierError {
  const { code, message, table, key } = error;
  return new CopierError(code, `run ${runId} cannot be given up: ${message}`, {
    ...(table === null ? {} : { table }),
    ...(key === null ? {} : { key }),
    hint: 'go on with that run: the same command without --fresh brings the rows that these refer to',
  });
}

/** SQLSTATE: undefined_table. */
const undefinedTable = '42P01';

async function refuseForeign(
  client: TargetClient,
  run: Run,
  touched: readonly TablePlan[],
  chunks: readonly ChunkResult[],
): Promise<void> {
  const foreign: string[] = [];
  for (const table of touched) {
    const ours = chunks.filter((chunk) => chunk.table === table.source);
    if (!(await isOurs(client, table, ours))) foreign.push(table.target);
  }
  if (foreign.length === 0) return;
  throw new CopierError(
    'plan.foreign_rows',
    `run ${run.runId} cannot be given up: ${foreign.join(', ')} hold rows that it did not load; nothing was deleted`,
    {
      hint: 'look at these rows; where they are not wanted, empty the tables, or run again with --fresh --truncate-target',
    },
  );
}

async function isOurs(client: TargetClient, table: TablePlan, chunks: readonly ChunkResult[]): Promise<boolean> {
  const now = await fingerprintTable(client, table);
  const columns = table.columns.map((column) => column.target);
  return now.rows === 0 || isSameContent(now, addUp(columns, chunks));
}
