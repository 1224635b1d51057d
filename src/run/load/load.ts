import { CopierError, must } from '../../model/error.js';
import { waiverOf } from '../../plan/schema/compare-objects.js';
import { hasPolicies, leavesOrphans } from '../../plan/rules/rules.js';
import type { ChunkResult } from '../../model/copy.js';
import type { Plan } from '../../model/plan.js';
import type { Difference, RunResult, TableReport } from '../../model/result.js';
import { totalBytes } from '../../pool/tally.js';
import { listChunks } from '../../target/ledger/chunk.js';
import { lockWaitFor, nameLockHolders } from '../../target/connection/lock-holders.js';
import { withTransaction } from '../../target/connection/transaction.js';
import {
  forgetStep,
  detach,
  listRestoreSteps,
  type RestoreStage,
  restoreStep,
  type RestoreStep,
} from '../../target/constraints/constraints.js';
import { readDetachable } from '../../target/constraints/detachable.js';
import { recordLoaded, withUnhashed } from '../../target/fingerprint/loaded.js';
import { finishRun, startFinishing } from '../../target/ledger/run.js';
import { setSequences } from '../../target/schema/sequences.js';
import { emptyTables } from '../../target/schema/truncate.js';
import { copyChunks } from './copy-chunks.js';
import { streamCount } from './copy-threads.js';
import { TableFinish } from './finish-tables.js';
import type { Journal } from '../journal.js';
import { type ConnectionPool, withConnectionPool } from './connection-pool.js';
import { stallPolicy } from './stall-policy.js';
import { ConnectionSlots } from './connection-slots.js';
import { finishSettings, helpersFor } from './sessions.js';
import { settleTables } from './settle.js';
import { sequenceNeeds } from '../plan/schema-check.js';
import type { LoadRequest } from './load-request.js';

export interface LoadOutcome {
  readonly tables: readonly TableReport[];
  readonly chunksCopied: number;
  readonly bytesCopied: number;
  readonly fillMs: number;
  readonly differences: readonly Difference[];
}

export async function loadTables(request: LoadRequest): Promise<LoadOutcome> {
  const { context, plan, address, signal } = request;
  const { journal, settings } = context;
  const isBarrier = await prepareTarget(request);
  const slots = new ConnectionSlots({ connections: settings.connections, streams: streamCount(settings) });
  const options = {
    address,
    connectionsMax: settings.connections,
    capacity: slots,
    applicationName: `pgferry finish ${request.ticket.runId}`,
    settings: finishSettings(settings),
    stallPolicy: stallPolicy(context, address),
    onFewer: () => releaseConnection(slots, journal),
    signal,
  };
  return await withConnectionPool(options, async (pool) => {
    const finish = await TableFinish.create(request, { pool, isBarrier });
    const copied = await copyAndCheck(request, { isBarrier, slots, finish });
    await startFinishing(request.client, request.ticket);
    await journal.phase('indexes', async () => {
      await finish.buildsSettled();
      await restoreStage(request, pool, 'indexes');
    });
    await journal.phase('constraints', async () => {
      await restoreStage(request, pool, 'foreignKeys');
      await restoreStage(request, pool, 'validations');
      await restoreStage(request, pool, 'triggers');
    });
    await journal.phase('sequences', () =>
      setSequences(request.client, address.schema, sequenceNeeds(plan, request.catalog)),
    );
    await journal.phase('analyze', async () => {
      for (const { table, warning } of await finish.statistics()) journal.note(`statistics of ${table}: ${warning}`);
    });
    return copied;
  });
}

function releaseConnection(slots: ConnectionSlots, journal: Journal): void {
  if (slots.shrinkLeft()) journal.warn('the server has no connection free: going on with fewer beside the copy');
}

/**
 * Before the first chunk: detaches what slows the load down, and empties the tables whose rows may be replaced. True
 * where foreign keys stay in force, so that layers must wait for each other.
 */
async function prepareTarget(request: LoadRequest): Promise<boolean> {
  const { plan, context } = request;
  const clear = () => detachAndEmpty(request);
  return plan.keepsConstraints ? await clear() : await context.journal.phase('detach', clear);
}

async function detachAndEmpty(request: LoadRequest): Promise<boolean> {
  const { client, plan, address, ticket, toEmpty, context, done } = request;
  const names = plan.tables.map((table) => table.target);
  const { objects, inForce } = await readDetachable(client, address.schema, names);
  for (const { kind, name, table, reason } of inForce) {
    const what = kind === 'table' ? `what constrains ${table}` : `${kind} ${name} of ${table}`;
    context.journal.note(`${what} stays in force: ${reason}`);
  }
  const isFirst = done.length === 0 && (await listRestoreSteps(client, ticket.runId)).length === 0;
  try {
    await withTransaction(client, async () => {
      // A statement that waits for a table lock blocks everybody who comes after it. So it gives up soon, and the error
      // names who holds the lock.
      const wait = lockWaitFor(context.settings.stallTimeoutSeconds * 1000);
      await client.query(`SELECT set_config('lock_timeout', $1, true)`, [wait]);
      if (isFirst && !plan.keepsConstraints) await detach(client, ticket.runId, objects);
      if (done.length === 0) {
        await emptyTables(
          client,
          toEmpty.map((name) => ({ schema: address.schema, name })),
        );
      }
    });
  } catch (error) {
    throw await nameLockHolders(client, { error, schema: address.schema, tables: names, wanted: 'table' });
  }
  return plan.keepsConstraints || inForce.some(({ kind }) => kind === 'foreign_key' || kind === 'table');
}

interface CopyResources {
  readonly isBarrier: boolean;
  readonly slots: ConnectionSlots;
  readonly finish: TableFinish;
}

/**
 * Copies every chunk, and starts to finish each table as soon as it is whole. Resolves when all tables are proven;
 * index builds and statistics may still run.
 */
async function copyAndCheck(request: LoadRequest, resources: CopyResources): Promise<LoadOutcome> {
  const { plan, context, counters } = request;
  const { journal } = context;
  const { finish } = resources;
  const copied: ChunkResult[] = [];
  await journal.phase('copy', async () => {
    const onTable = (table: string, results: readonly ChunkResult[]) => {
      journal.emit({ tag: 'table-copied', table, rows: results.reduce((sum, { rows }) => sum + rows, 0) });
      finish.begin(table, results);
    };
    await copyChunks(request, resources, { onChunk: (result) => copied.push(result), onTable });
    for (const { table, results } of await settleAfterCopy(request, finish)) finish.begin(table, results);
    finish.endCopy();
  });
  const checked = await journal.phase('verify', () => finish.proofs());
  return {
    tables: inPlanOrder(
      plan,
      checked.map(({ report }) => report),
    ),
    chunksCopied: copied.length,
    bytesCopied: totalBytes(copied),
    fillMs: Math.round(counters.fillingMs),
    differences: checked.flatMap(({ differences }) => differences),
  };
}

/**
 * Once all chunks are in the target, takes out the rows that cannot stay without others. Gives the tables whose rows
 * changed, which must be proven again.
 */
async function settleAfterCopy(
  request: LoadRequest,
  finish: TableFinish,
): Promise<{ readonly table: string; readonly results: readonly ChunkResult[] }[]> {
  const { plan, client, ticket } = request;
  if (!plan.tables.some(hasPolicies)) return [];
  // A proof that is running must not see rows disappear.
  const touched = await settleTables(request, () => finish.proofsSettled());
  if (touched.size === 0) return [];
  const all = await listChunks(client, ticket.runId);
  return [...touched].map((source) => ({ table: source, results: all.filter(({ table }) => table === source) }));
}

function inPlanOrder(plan: Plan, reports: readonly TableReport[]): TableReport[] {
  return plan.tables.flatMap(({ source }) => reports.filter(({ table }) => table === source));
}

/** Runs all missing steps of one stage, the biggest tables first, on all connections of the pool. */
async function restoreStage(request: LoadRequest, pool: ConnectionPool, stage: RestoreStage): Promise<void> {
  const { client, ticket } = request;
  const steps = (await listRestoreSteps(client, ticket.runId)).filter((step) => step.stage === stage);
  await Promise.all(
    steps.map((step) =>
      pool
        .run((pooled) => restoreStep(pooled, ticket, step.ordinal, helpersFor(pool, step)))
        .catch((error) => leaveOut(request, step, error)),
    ),
  );
}

/**
 * Some rows may rightly violate an object for good: orphans where the policy for them says so, any rows where the
 * object is waived by name. Such an object is left out; any other failure is thrown.
 */
async function leaveOut(request: LoadRequest, step: RestoreStep, error: unknown): Promise<void> {
  const isByRows =
    error instanceof CopierError && (error.code === 'data.orphan' || error.code === 'data.duplicate_key');
  const words = isByRows ? wordsFor(request, step) : null;
  if (words === null) throw error;
  await forgetStep(request.client, request.ticket, step.ordinal);
  request.context.journal.warn(words);
}

function wordsFor({ plan, context }: LoadRequest, { kind, table, name }: RestoreStep): string | null {
  const isProof = kind === 'validation';
  const planned = plan.tables.find(({ target }) => target === table);
  if (isProof && planned !== undefined && leavesOrphans(planned))
    return `foreign key ${name} of ${table} stays NOT VALID, as the policy for orphans says`;
  const waiver = waiverOf({ kind: isProof ? 'foreign_key' : kind, table, name });
  if (!context.settings.waive.includes(waiver)) return null;
  return isProof
    ? `foreign key ${name} of ${table} stays NOT VALID, as --waive says`
    : `${kind.replace('_', ' ')} ${name} of ${table} is not made again, as --waive says`;
}

/** Records what every table now holds and ends the run: as complete if both sides are equal, else as failed. */
export async function concludeRun(
  { client, ticket, plan, address }: Pick<LoadRequest, 'client' | 'ticket' | 'plan' | 'address'>,
  { tables, ok }: Pick<RunResult, 'tables' | 'ok'>,
): Promise<void> {
  for (const report of tables) {
    const table = must(
      plan.tables.find((table) => table.source === report.table),
      `plan of ${report.table}`,
    );
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
    const loaded = await withUnhashed(client, table, proven);
    await recordLoaded(client, { ...loaded, schema: address.schema, table: table.target, runId: ticket.runId });
  }
  await finishRun(client, ticket, ok ? 'complete' : 'failed');
}
