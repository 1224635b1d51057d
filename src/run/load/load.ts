import { isWaived } from '../../plan/findings/waive.js';
import type { CopierError } from '../../model/error.js';
import { isRefusal } from '../../target/connection/errors.js';
import { waiverOf } from '../../plan/schema/compare-objects.js';
import { hasPolicies, leavesOrphans } from '../../plan/rules/rules.js';
import type { ChunkResult } from '../../model/copy.js';
import type { RunResult } from '../../model/result.js';
import { totalBytes } from '../../pool/tally.js';
import { listChunks } from '../../target/ledger/chunk.js';
import {
  forgetStep,
  listRestoreSteps,
  type RestoreStage,
  restoreStep,
  restoreTogether,
  type RestoreStep,
} from '../../target/constraints/constraints.js';
import { startFinishing } from '../../target/ledger/run.js';
import { joinRun, writerSetting } from '../../target/schema/closed-tables.js';
import { setSequences } from '../../target/schema/sequences.js';
import { prepareTarget } from './prepare-target.js';
import type { BuildCount } from './build-count.js';
import { watchBuilds } from './watch-builds.js';
import { concludeRun, type CopyOutcome, type Recorder } from './conclude.js';
import { copyChunks } from './copy-chunks.js';
import { CopyProgress } from './copy-progress.js';
import { StepCount } from './step-count.js';
import { streamCount } from './copy-threads.js';
import { TableFinish } from './finish-tables.js';
import { adaptLoad } from '../control/adapt-load.js';
import { driveLoad } from '../control/drive-load.js';
import type { Journal } from '../journal.js';
import { type ConnectionPool, withConnectionPool } from './connection-pool.js';
import { lockWaits } from '../lock-waits.js';
import { ConnectionSlots } from './connection-slots.js';
import { finishSettings, helpersFor } from './sessions.js';
import { inGroups, isSmallStep, togetherMax } from './small-tables.js';
import { settleTables } from './settle.js';
import { sequenceNeeds } from '../plan/schema-check.js';
import type { LoadRequest } from './load-request.js';

/*
 * From an accepted plan to a run that is concluded. What is done is in the ledger, so each step may be reached twice:
 * after a crash the same steps run again and find their work done.
 *   begun → detached, emptied, closed to others → chunk by chunk copied; a table that is whole is fingerprinted and
 *   indexed at once, while others are still copied → foreign keys, sequences, triggers → statistics → concluded
 */

/** Loads every table and concludes the run with what `record` makes of the outcome. */
export async function loadTables(request: LoadRequest, record: Recorder): Promise<RunResult> {
  const { context, plan, address, signal } = request;
  const { journal, settings } = context;
  await joinRun(request.client, request.ticket.runId);
  const isBarrier = await prepareTarget(request);
  const builders = `pgferry finish ${request.ticket.runId}`;
  const slots = new ConnectionSlots({ connections: settings.connections, streams: streamCount(settings) });
  const options = {
    address,
    connectionsMax: settings.connections,
    capacity: slots,
    applicationName: builders,
    settings: { ...finishSettings(settings), [writerSetting]: request.ticket.runId },
    // Builds and proofs are long, and each look takes a connection, of which the server may have few.
    locks: { ...lockWaits(context), firstCheckMs: (settings.stallTimeoutSeconds * 1000) / 2 },
    onFewer: () => releaseConnection(slots, journal),
    signal,
  };
  return await inHand(request, slots, () =>
    withConnectionPool(options, async (pool) => {
      const finish = await TableFinish.create(request, { pool, isBarrier });
      const copied = await copyAndCheck(request, { isBarrier, slots, finish });
      await request.judged();
      await startFinishing(request.client, request.ticket);
      await journal.phase(
        'indexes',
        () =>
          watchBuilds(request, { builders, count: finish.builds }, async () => {
            await finish.buildsSettled();
            await restoreStages(request, { pool, steps: finish.builds }, ['indexes']);
          }),
        () => finish.builds.progress('indexes'),
      );
      const steps = new StepCount();
      await journal.phase(
        'constraints',
        () => restoreStages(request, { pool, steps }, ['foreignKeys', 'validations', 'triggers']),
        () => steps.progress('constraints'),
      );
      await journal.phase('sequences', () =>
        setSequences(request.client, address.schema, sequenceNeeds(plan, request.catalog)),
      );
      await journal.phase(
        'analyze',
        async () => {
          for (const { table, warning } of await finish.statistics())
            journal.note(`statistics of ${table}: ${warning}`);
        },
        () => finish.analyzed.progress('analyze'),
      );
      return await concludeRun(request, { finish, outcome: copied, record });
    }),
  );
}

/** What is ordered while the load works holds for it, and what the server's load asks for. */
async function inHand<T>(request: LoadRequest, slots: ConnectionSlots, use: () => Promise<T>): Promise<T> {
  const { context, counters, address } = request;
  const letGo = driveLoad(context, { counters, slots });
  const stopAdapting = adaptLoad(context, address);
  try {
    return await use();
  } finally {
    letGo();
    await stopAdapting();
  }
}

function releaseConnection(slots: ConnectionSlots, journal: Journal): void {
  if (slots.shrinkLeft()) journal.warn('the server has no connection free: going on with fewer beside the copy');
}

interface CopyWork {
  readonly isBarrier: boolean;
  readonly slots: ConnectionSlots;
  readonly finish: TableFinish;
}

/**
 * Copies every chunk, and starts to finish each table as soon as it is whole. Resolves when all tables are proven;
 * index builds and statistics may still run.
 */
async function copyAndCheck(request: LoadRequest, work: CopyWork): Promise<CopyOutcome> {
  const { context, counters, plan, done } = request;
  const { journal } = context;
  const { finish } = work;
  const copied: ChunkResult[] = [];
  const progress = new CopyProgress(plan, done, counters);
  const copy = async () => {
    const onTable = (table: string, results: readonly ChunkResult[]) => {
      journal.emit({ tag: 'table-copied', table, rows: results.reduce((sum, { rows }) => sum + rows, 0) });
      finish.begin(table, results);
    };
    await copyChunks(request, { ...work, progress }, { onChunk: (result) => copied.push(result), onTable });
    for (const { table, results } of await settleAfterCopy(request, finish)) finish.begin(table, results);
    finish.endCopy();
  };
  await journal.phase('copy', copy, () => progress.now());
  await journal.phase(
    'verify',
    () => finish.proofs(),
    () => finish.proven.progress('verify'),
  );
  return {
    chunksCopied: copied.length,
    bytesCopied: totalBytes(copied),
    fillMs: Math.round(counters.fillingMs),
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

interface Restoring {
  readonly pool: ConnectionPool;
  readonly steps: StepCount | BuildCount;
}

/** Runs all missing steps of these stages: those of small tables, then the others, one stage after the other. */
async function restoreStages(request: LoadRequest, using: Restoring, stages: readonly RestoreStage[]): Promise<void> {
  const all = await listRestoreSteps(request.client, request.ticket.runId);
  const missing = all.filter(({ stage }) => stages.includes(stage));
  using.steps.expect(missing);
  const left = await restoreSmall(request, using, missing);
  for (const stage of stages)
    await restoreEach(
      request,
      using,
      left.filter((step) => step.stage === stage),
    );
}

/** Runs the steps, which are of one stage, the biggest tables first, on all connections of the pool. */
async function restoreEach(
  request: LoadRequest,
  { pool, steps }: Restoring,
  missing: readonly RestoreStep[],
): Promise<void> {
  const { ticket } = request;
  await Promise.all(
    missing.map((step) =>
      pool
        .run((pooled) => restoreStep(pooled, ticket, step.ordinal, helpersFor(pool, step)))
        .catch((error) => leaveOut(request, pool, step, error))
        .then(() => steps.noteDone(step)),
    ),
  );
}

/**
 * Makes what small tables lack, many steps to a transaction, one transaction after the other: two that lock the same
 * tables could wait for each other. A foreign key stands beside its validation, and triggers come last. Gives the steps
 * that are left: of other tables, and of groups that cannot be made together.
 */
async function restoreSmall(
  { ticket }: LoadRequest,
  { pool, steps }: Restoring,
  found: readonly RestoreStep[],
): Promise<RestoreStep[]> {
  const small = found.filter(isSmallStep).sort(byTriggerAndName);
  const left = found.filter((step) => !isSmallStep(step));
  for (const group of inGroups(small, 2 * togetherMax)) {
    const ordinals = group.map(({ ordinal }) => ordinal);
    const isAlone = group.length === 1;
    const isDone = !isAlone && (await pool.run((client) => restoreTogether(client, ticket, ordinals)).then(...settled));
    if (isDone) for (const step of group) steps.noteDone(step);
    else left.push(...group);
  }
  return left;
}

function byTriggerAndName(a: RestoreStep, b: RestoreStep): number {
  const isTrigger = ({ stage }: RestoreStep) => Number(stage === 'triggers');
  const nameOf = ({ schema, table, name }: RestoreStep) => [schema, table, name].join('\0');
  return isTrigger(a) - isTrigger(b) || (nameOf(a) < nameOf(b) ? -1 : 1);
}

const settled = [() => true, () => false] as const;

/**
 * Some rows may rightly violate an object for good: orphans where the policy for them says so, any rows where the
 * object is waived by name. Such an object is left out; any other failure is thrown.
 */
async function leaveOut(request: LoadRequest, pool: ConnectionPool, step: RestoreStep, error: unknown): Promise<void> {
  const words = isRefusal(error) ? wordsFor(request, step, error) : null;
  if (words === null) throw error;
  // Several steps may end so at the same time, and each needs a transaction of its own.
  await pool.run((pooled) => forgetStep(pooled, request.ticket, step.ordinal));
  request.context.journal.warn(words);
}

function wordsFor(
  { plan, context }: LoadRequest,
  { kind, table, name }: RestoreStep,
  { code, message }: CopierError,
): string | null {
  const isProof = kind === 'validation';
  const planned = plan.tables.find(({ target }) => target === table);
  if (isProof && code === 'data.orphan' && planned !== undefined && leavesOrphans(planned))
    return `foreign key ${name} of ${table} stays NOT VALID, as the policy for orphans says`;
  const waiver = waiverOf({ kind: isProof ? 'foreign_key' : kind, table, name });
  if (!isWaived(context.settings.waive, waiver)) return null;
  return isProof
    ? `foreign key ${name} of ${table} stays NOT VALID, as --waive says: ${message}`
    : `${kind.replace('_', ' ')} ${name} of ${table} is not made again, as --waive says: ${message}`;
}
