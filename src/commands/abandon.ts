import { CopierError } from '../errors.js';
import type { TablePlan } from '../model.js';
import { addUp, isSameContent } from '../pool/tally.js';
import { listChunks } from '../target/chunk.js';
import type { TargetClient } from '../target/connect.js';
import { restoreAll } from '../target/constraints.js';
import { fingerprintTable } from '../target/fingerprint.js';
import { abandonRun, type Run } from '../target/run.js';
import { emptyTables } from '../target/truncate.js';
import type { StoredPlan } from './stored-plan.js';

/**
 * Gives an unfinished run up: empties its tables (only where they hold exactly what its chunks brought, or nothing),
 * makes the indexes and constraints again that it took away, and ends it in the ledger. Each step may be repeated
 * after a crash. `plan.foreign_rows` where somebody else's rows are in one of its tables.
 */
export async function giveUp(request: {
  readonly client: TargetClient;
  readonly run: Run;
  readonly stored: StoredPlan;
  readonly schema: string;
}): Promise<void> {
  const { client, run, stored, schema } = request;
  const chunks = await listChunks(client, run.runId);
  const touched = stored.plan.tables.filter((table) => chunks.some((chunk) => chunk.table === table.source));
  const foreign: string[] = [];
  for (const table of touched) {
    if (
      !(await isOurs(
        client,
        table,
        chunks.filter((chunk) => chunk.table === table.source),
      ))
    )
      foreign.push(table.target);
  }
  if (foreign.length > 0) throw foreignRows(run, foreign);
  await emptyTables(
    client,
    touched.map(({ target }) => ({ schema, name: target })),
  );
  await restoreAll(client, run.runId);
  await abandonRun(client, run.runId);
}

async function isOurs(client: TargetClient, table: TablePlan, chunks: Parameters<typeof addUp>[1]): Promise<boolean> {
  const now = await fingerprintTable(client, table);
  if (now.rows === 0) return true;
  return isSameContent(
    now,
    addUp(
      table.columns.map((column) => column.target),
      chunks,
    ),
  );
}

function foreignRows(run: Run, tables: readonly string[]): CopierError {
  return new CopierError(
    'plan.foreign_rows',
    `run ${run.runId} cannot be given up: ${tables.join(', ')} hold rows that it did not load`,
    {
      hint: 'look at these rows; empty the tables yourself if they are not wanted, then run again',
    },
  );
}
