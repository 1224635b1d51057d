import { CopierError } from '../../model/error.js';
import type { ChunkResult } from '../../model/copy.js';
import type { TablePlan } from '../../model/plan.js';
import { addUp, isSameContent } from '../../pool/tally.js';
import { forgetChunks, listChunks } from '../../target/ledger/chunk.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTransaction } from '../../target/connection/transaction.js';
import { restoreAll } from '../../target/constraints/constraints.js';
import { fingerprintTable } from '../../target/fingerprint/fingerprint.js';
import { abandonRun, fenceRun, type Run } from '../../target/ledger/run.js';
import { emptyTables } from '../../target/schema/truncate.js';
import type { StoredPlan } from '../plan/stored-plan.js';

/**
 * Abandons an unfinished run: makes older attempts void, empties the run's tables (only where they hold exactly what
 * its chunks brought, or nothing, unless `mayEmpty`), makes the indexes and constraints again that the run detached,
 * and ends it in the ledger. A crash may come between any two steps: tables and ledger agree after each, so that a
 * later call can resume or abandon. `plan.foreign_rows` where rows of somebody else are in one of the tables.
 */
export async function abandon(request: {
  readonly client: TargetClient;
  readonly run: Run;
  readonly stored: StoredPlan;
  readonly schema: string;
  /** The operator asked to empty the tables, whatever rows they hold. */
  readonly mayEmpty: boolean;
}): Promise<void> {
  const { client, run, stored, schema, mayEmpty } = request;
  const { runId, token } = await fenceRun(client, run.runId);
  const chunks = await listChunks(client, runId);
  const touched = stored.plan.tables.filter((table) => chunks.some((chunk) => chunk.table === table.source));
  if (!mayEmpty) await refuseForeign(client, run, touched, chunks);
  await withTransaction(client, async () => {
    await forgetChunks(client, runId);
    await emptyTables(
      client,
      touched.map(({ target }) => ({ schema, name: target })),
    );
  });
  await restoreAll(client, { runId, token });
  await abandonRun(client, runId);
}

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
