import { copyCarefully } from './careful-chunk.js';
import type { RowEncoder } from '../encode/row/row-encoder.js';
import { explainRow } from '../encode/value/explain.js';
import { CopierError, must } from '../model/error.js';
import type { ChunkResult } from '../model/copy.js';
import type { Chunk, TablePlan } from '../model/plan.js';
import { hasPolicies } from '../plan/rules/rules.js';
import type { PageLayout } from '../source/pages/layout.js';
import { connectTarget, type TargetClient } from '../target/connection/connect.js';
import { copyIn } from '../target/copy/copy-in.js';
import { prepareFreeze } from '../target/copy/freeze.js';
import { lockWaitFor, nameLockHolders } from '../target/connection/backend.js';
import { readChunk, withChunk } from '../target/ledger/chunk.js';
import { checkStillTable } from '../target/schema/still-a-table.js';
import { createFeed, rowsOf } from './feed.js';
import { heartbeat, counters, stopped, stopSignal, threadData, waitForRate, withHeartbeat } from './session.js';

/** What a copy thread gets for one chunk. */
export interface CopyJob {
  readonly snapshotPath: string;
  readonly runId: string;
  /** Fencing token of this attempt: a chunk commits only while the ledger holds the same one. */
  readonly token: string;
  readonly table: Omit<TablePlan, 'chunks'>;
  /** Where the columns stand in a record, for the page reader; null for the row reader. */
  readonly layout: PageLayout | null;
  readonly chunk: Chunk;
  /** The chunk is the whole table and nothing refers to it: its rows may be frozen as they arrive. */
  readonly mayFreeze: boolean;
  readonly sentinel: string;
  readonly allowSentinel: boolean;
  readonly blockBytes: number;
  /** The slot of the shared counters that counts the heartbeats of this job. */
  readonly slot: number;
}

/*
 * Thread entry: copies one chunk in one transaction. The thread keeps its connection from one job to the
 * next; a connection that failed is dropped, so that the next job begins with a new one.
 */
let target: TargetClient | null = null;
let idle: NodeJS.Timeout | undefined;

/** A connection that nobody needs is closed after so long, so that others can have it where the server has few. */
const idleMs = 2000;

export async function runCopyJob(job: CopyJob): Promise<ChunkResult> {
  return await withHeartbeat(job.slot, () => copyChunk(job));
}

/** The fast way; the slow one where a value or row is refused and the operator has a policy for such. */
async function copyChunk(job: CopyJob): Promise<ChunkResult> {
  try {
    return await copyInTransaction(job, streamChunk);
  } catch (error) {
    if (!isOfData(error) || !hasPolicies(job.table)) throw isRejected(error) ? explain(job, error) : error;
    heartbeat();
  }
  return await copyInTransaction(job, careful);
}

type CopyWay = (job: CopyJob, client: TargetClient) => Promise<ChunkResult>;

async function copyInTransaction(job: CopyJob, way: CopyWay): Promise<ChunkResult> {
  const client = await sessionClient();
  const chunkRef = { runId: job.runId, token: job.token, table: job.table.source, index: job.chunk.index };
  try {
    const result = await withChunk(client, chunkRef, () => way(job, client));
    return result === 'already done' ? must(await readChunk(client, chunkRef), 'committed chunk') : result;
  } catch (error) {
    target = null;
    const named = await nameHolders(job, client, error);
    await client.close();
    throw named;
  } finally {
    idle = setTimeout(dropClient, idleMs).unref();
  }
}

/** Reads, encodes and sends; nothing it did lasts unless the caller's transaction commits. */
async function streamChunk(job: CopyJob, client: TargetClient): Promise<ChunkResult> {
  const startedAtMs = performance.now();
  const { encoder, fill, close } = await createFeed(job);
  const sent = { rows: 0, bytes: 0, waitedMs: 0 };
  const { table } = job;
  const columns = table.columns.map((column) => column.target);
  const freeze = job.mayFreeze && (await prepareFreeze(client, table.targetSchema, table.target));
  const into = {
    schema: table.targetSchema,
    table: table.target,
    columns,
    format: table.format,
    nullText: job.sentinel,
    freeze,
  };
  try {
    const taken = await copyIn(client, into, async (write) => {
      const beganAtMs = performance.now();
      while (fill()) await sendBlock(encoder, write, sent);
      counters.addFilling(performance.now() - beganAtMs - sent.waitedMs);
      await write(encoder.finish());
      countSent(encoder, sent);
      // A table may be smaller than one block, and a limit holds for many small ones too.
      await waitForRate();
    });
    const result = encoder.result();
    if (taken !== result.rows) throw miscounted(job, result.rows, taken);
    await checkStillTable(client, table.targetSchema, table.target);
    const durationMs = Math.round(performance.now() - startedAtMs);
    return { ...result, table: table.source, index: job.chunk.index, quarantined: 0, durationMs };
  } catch (error) {
    counters.add({ rows: -sent.rows, bytes: -sent.bytes });
    throw error;
  } finally {
    close();
  }
}

async function careful(job: CopyJob, client: TargetClient): Promise<ChunkResult> {
  const sent = { rows: 0, bytes: 0 };
  const onProgress = async (added: { readonly rows: number; readonly bytes: number }): Promise<void> => {
    if (counters.isStopped) throw stopped();
    heartbeat();
    counters.add(added);
    sent.rows += added.rows;
    sent.bytes += added.bytes;
    await waitForRate();
  };
  try {
    return await copyCarefully(client, { ...job, index: job.chunk.index, rows: () => rowsOf(job), onProgress });
  } catch (error) {
    counters.add({ rows: -sent.rows, bytes: -sent.bytes });
    throw error;
  }
}

async function sendBlock(
  encoder: RowEncoder,
  write: (block: Buffer) => Promise<void>,
  sent: { rows: number; bytes: number; waitedMs: number },
): Promise<void> {
  if (counters.isStopped) throw stopped();
  heartbeat();
  const beganAtMs = performance.now();
  await write(encoder.takeBlock());
  countSent(encoder, sent);
  await waitForRate();
  sent.waitedMs += performance.now() - beganAtMs;
}

function countSent(encoder: RowEncoder, sent: { rows: number; bytes: number }): void {
  const added = { rows: encoder.rows - sent.rows, bytes: encoder.bytes - sent.bytes };
  counters.add(added);
  sent.rows = encoder.rows;
  sent.bytes = encoder.bytes;
}

async function sessionClient(): Promise<TargetClient> {
  clearTimeout(idle);
  const { address, applicationName, stallTimeoutMs: limitMs } = threadData;
  const settings = { lock_timeout: lockWaitFor(limitMs) };
  target ??= await connectTarget(address, { applicationName, settings, stallPolicy: { limitMs }, signal: stopSignal });
  return target;
}

function dropClient(): void {
  void target?.close();
  target = null;
}

async function nameHolders({ table }: CopyJob, client: TargetClient, error: unknown): Promise<unknown> {
  return await nameLockHolders(client, { error, schema: table.targetSchema, tables: [table.target], wanted: 'rows' });
}

function isOfData(error: unknown): boolean {
  return error instanceof CopierError && error.code.startsWith('data.');
}

function isRejected(error: unknown): boolean {
  return error instanceof CopierError && error.code === 'data.rejected';
}

/** The slow second pass over one chunk: which value was it that Postgres would not take? */
function explain(job: CopyJob, error: unknown): unknown {
  for (const view of rowsOf(job)) {
    const reason = explainRow(job.table, view);
    if (reason !== null) return reason;
  }
  return error;
}

function miscounted(job: CopyJob, sentRows: number, takenRows: number): CopierError {
  return new CopierError(
    'target.row_count',
    `${job.table.source}: sent ${sentRows} rows, the server counted ${takenRows}`,
    {
      hint: 'a trigger or rule on the target may drop or add rows; disable it and run again',
      table: job.table.source,
    },
  );
}
