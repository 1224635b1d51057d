import { CopierError, must } from '../../model/error.js';
import type { TablePlan } from '../../model/plan.js';
import type { Difference, RunResult, TableReport } from '../../model/result.js';
import { lockWaitFor, nameLockHolders } from '../../target/connection/lock-holders.js';
import { withTransaction } from '../../target/connection/transaction.js';
import {
  type LoadedTable,
  readUnplanned,
  recordLoaded,
  type UnplannedColumns,
  withUnhashed,
} from '../../target/fingerprint/loaded.js';
import { finishRun } from '../../target/ledger/run.js';
import { openToOthers } from '../../target/schema/closed-tables.js';
import { lockForRun } from '../../target/schema/table-locks.js';
import { attachPartitions } from '../../target/tenant/partitions.js';
import type { TableFinish } from './finish-tables.js';
import type { LoadRequest } from './load-request.js';
import { readPresentMarks, type ProvenTable } from './proof.js';

/*
 * The end of a run, in one transaction that keeps writers out: every table is still what was proven (its mark is the
 * same), or is proven again; the record is written; the content of each table is recorded; the tables are opened, unless
 * they are to stay closed for rounds and a switch; those of a tenant become partitions; the run is complete, or failed. A table that could not be closed is always read again here. Readers are kept out only at
 * the end, since dropping a trigger needs a lock against them.
 */

export interface CopyOutcome {
  readonly chunksCopied: number;
  readonly bytesCopied: number;
  readonly fillMs: number;
}

export interface LoadOutcome extends CopyOutcome {
  readonly tables: readonly TableReport[];
  readonly differences: readonly Difference[];
}

/** Compares the schemas and writes the record of the run. Called while no other session can change the tables. */
export type Recorder = (outcome: LoadOutcome) => Promise<RunResult>;

interface Ending {
  readonly finish: TableFinish;
  readonly outcome: CopyOutcome;
  readonly record: Recorder;
}

/**
 * Makes sure that what was proven is still true, and ends the run: as complete if both sides are equal, else as failed.
 * Where other sessions have locked the tables it tries again until the stall timeout: `target.locked`, and the run can
 * be resumed.
 */
export async function concludeRun(request: LoadRequest, ending: Ending): Promise<RunResult> {
  const { context, client, address, plan, signal } = request;
  const { schema } = address;
  const tables = plan.tables.map(({ target }) => target);
  const endAtMs = performance.now() + context.settings.stallTimeoutSeconds * 1000;
  for (;;) {
    try {
      return await withTransaction(client, () => conclude(request, ending, tables));
    } catch (error) {
      const named = await nameLockHolders(client, { error, schema, tables, wanted: 'table' });
      if (!isBusy(error) || client.isBroken || signal.aborted || performance.now() > endAtMs) throw named;
      context.journal.warn(`the run cannot end yet: ${(named as CopierError).message}`);
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof CopierError && (error.code === 'target.locked' || error.code === 'target.deadlock');
}

async function conclude(
  request: LoadRequest,
  { finish, outcome, record }: Ending,
  tables: readonly string[],
): Promise<RunResult> {
  const { client, address, ticket, plan, context } = request;
  const { schema } = address;
  const wait = lockWaitFor(context.settings.stallTimeoutSeconds * 1000);
  await client.query(`SELECT set_config('lock_timeout', $1, true)`, [wait]);
  const missing = await lockForRun(client, { schema, tables, mode: 'SHARE' });
  if (missing.length > 0) throw dropped(request, missing);
  const proven: ProvenTable[] = [];
  const marks = await readPresentMarks(request, client, plan.tables);
  for (const table of plan.tables)
    proven.push(await proofOf(request, finish, { table, mark: marks.get(table.target) ?? null }));
  const unplanned = await readUnplanned(client, plan.tables);
  const loaded: LoadedTable[] = [];
  for (const [index, table] of plan.tables.entries()) {
    const { report } = must(proven[index], 'proof');
    loaded.push(await loadedOf(request, { table, report, unplanned }));
  }
  await lockForRun(client, { schema, tables, mode: 'ACCESS EXCLUSIVE' });
  const result = await record({
    ...outcome,
    tables: proven.map(({ report }) => report),
    differences: proven.flatMap(({ differences }) => differences),
  });
  await recordLoaded(client, loaded);
  // What differs is opened, so that it can be mended; what is followed stays closed until the switch.
  if (!context.settings.keepClosed || !result.ok) await openToOthers(client, ticket.runId);
  const { tenant } = context.settings;
  if (tenant !== undefined && result.ok) await attachPartitions(client, schema, tenant);
  await finishRun(client, ticket, result.ok ? 'complete' : 'failed');
  return result;
}

async function proofOf(
  { client, context }: LoadRequest,
  finish: TableFinish,
  now: { readonly table: TablePlan; readonly mark: string | null },
): Promise<ProvenTable> {
  const { table } = now;
  const { proven, isNew } = await finish.proofNow(now, client);
  if (isNew)
    context.journal.note(`${table.target} was read once more at the end: others could have changed it meanwhile`);
  return proven;
}

interface TableAtEnd {
  readonly table: TablePlan;
  readonly report: TableReport;
  readonly unplanned: UnplannedColumns;
}

async function loadedOf(
  { client, address, ticket }: LoadRequest,
  { table, report, unplanned }: TableAtEnd,
): Promise<LoadedTable> {
  const proven = {
    rows: report.targetRows,
    keyset: report.keyset.target,
    columns: report.columns.map(({ column, nulls, empty, fingerprint }) => ({
      column,
      nulls: nulls.target,
      empties: empty.target,
      fingerprint: fingerprint.target,
    })),
  };
  const now = await withUnhashed(client, table, proven, unplanned);
  return { ...now, schema: address.schema, table: table.target, runId: ticket.runId };
}

function dropped({ ticket }: LoadRequest, tables: readonly string[]): CopierError {
  return new CopierError(
    'target.table_dropped',
    `run ${ticket.runId} cannot end: ${tables.join(', ')} was dropped or renamed by somebody else since it was loaded`,
    { hint: 'find out who did it; then give the run up and begin anew with --fresh', table: tables[0] ?? null },
  );
}
