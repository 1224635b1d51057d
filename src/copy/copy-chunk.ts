import { describeKey } from '../encode/value/describe.js';
import { explainRow } from '../encode/value/explain.js';
import type { ChunkResult } from '../model/copy.js';
import { CopierError, must } from '../model/error.js';
import { hasPolicies } from '../plan/rules/rules.js';
import type { TargetClient } from '../target/connection/client.js';
import { connectTarget } from '../target/connection/connect.js';
import { isRefusal, rejectionOf } from '../target/connection/errors.js';
import { lockWaitFor, nameLockHolders } from '../target/connection/lock-holders.js';
import { type ChunkName, withChunks, readChunk } from '../target/ledger/chunk.js';
import { detachIndexes } from '../target/constraints/constraints.js';
import { writerSetting } from '../target/schema/closed-tables.js';
import { type CarefulChunk, copyCarefully } from './careful-chunk.js';
import type { CopyBatch, CopyJob } from './copy-job.js';
import { rowsOf } from './feed.js';
import { keepConverted } from './keep-converted.js';
import { ThreadClient } from './thread-client.js';
import {
  withHeartbeat,
  heartbeat,
  counters,
  countSent,
  stopped,
  waitForRate,
  threadData,
  stopSignal,
} from './session.js';
import { streamChunks } from './stream-chunk.js';

/*
 * Thread entry: copies chunks in one transaction. The thread keeps its connection from one job to the
 * next.
 */
let target: ThreadClient | null = null;

declare module '../pool/threads.js' {
  interface ThreadJobs {
    copy: [CopyBatch, readonly ChunkResult[]];
  }
}

export async function runCopyJob({ jobs, slot }: CopyBatch): Promise<readonly ChunkResult[]> {
  return await withHeartbeat(slot, () => copyBatch(jobs));
}

/**
 * Copies the chunks together, in one transaction. Where a value or row of one is refused, copies each by itself: the
 * others are then in the target, and the error is that of its chunk.
 */
async function copyBatch(jobs: readonly CopyJob[]): Promise<readonly ChunkResult[]> {
  if (jobs.length > 1) {
    try {
      return await copyInTransaction(jobs, fast);
    } catch (error) {
      if (!isOfData(error) && !isRefusal(error)) throw error;
      heartbeat();
    }
  }
  const results: ChunkResult[] = [];
  for (const job of jobs) results.push(await copyChunk(job));
  return results;
}

/**
 * Copies the chunk the fast way. Where indexes were left in force and the server refuses a row, or a function that it
 * calls fails, goes on without the table's indexes: whether one of them was the reason shows without them, and what is
 * to become of such rows is decided when they are made again. Where a value or row is refused and the operator has a
 * policy for it, copies the chunk again row by row, and without these indexes too, which have no policy of their own.
 */
async function copyChunk(job: CopyJob): Promise<ChunkResult> {
  try {
    return await copyOne(job, fast);
  } catch (error) {
    if (job.hasIndexes && isRefusal(error) && (await withoutIndexes(job)))
      return await copyChunk({ ...job, hasIndexes: false });
    if (!isOfData(error) || !hasPolicies(job.table)) throw isRejected(error) ? explain(job, error) : error;
    heartbeat();
    if (job.hasIndexes) await withoutIndexes(job);
  }
  return await copyOne(job, async (_, client) => [await careful(job, client)]);
}

async function copyOne(job: CopyJob, way: CopyWay): Promise<ChunkResult> {
  return must((await copyInTransaction([job], way))[0], 'result of a chunk');
}

async function withoutIndexes({ runId, token, table }: CopyJob): Promise<boolean> {
  heartbeat();
  return await sessionClient(runId).lend((client) =>
    detachIndexes(client, { runId, token }, { schema: table.targetSchema, table: table.target }),
  );
}

type CopyWay = (jobs: readonly CopyJob[], client: TargetClient) => Promise<readonly ChunkResult[]>;

async function copyInTransaction(jobs: readonly CopyJob[], way: CopyWay): Promise<readonly ChunkResult[]> {
  const { runId, token } = must(jobs[0], 'job of a batch');
  const chunks = jobs.map(({ table, chunk }) => ({ table: table.source, index: chunk.index }));
  return await sessionClient(runId).lend(async (client) => {
    const copy = (todo: readonly ChunkName[]) =>
      way(
        jobs.filter((_, at) => todo.includes(must(chunks[at], 'chunk of a job'))),
        client,
      );
    try {
      const results = await withChunks(client, { runId, token }, { chunks, copy });
      const all: ChunkResult[] = [];
      for (const [at, result] of results.entries()) {
        const done = { runId, ...must(chunks[at], 'chunk of a job') };
        all.push(result === 'already done' ? must(await readChunk(client, done), 'committed chunk') : result);
      }
      return all;
    } catch (error) {
      throw await nameHolders(jobs, client, error);
    }
  });
}

/** Rows as the stream of COPY, whose values rules may change on the way; of the changed rows some are then kept whole. */
async function fast(jobs: readonly CopyJob[], client: TargetClient): Promise<readonly ChunkResult[]> {
  const results: ChunkResult[] = [];
  for (const [at, result] of (await streamChunks(jobs, client)).entries()) {
    const chunk = chunkOf(must(jobs[at], 'job of a chunk'), signHeartbeat);
    const isPlain = result.converted.length === 0;
    results.push(isPlain ? result : { ...result, converted: await keepConverted(client, chunk, result.converted) });
  }
  return results;
}

async function signHeartbeat(): Promise<void> {
  if (counters.isStopped) throw stopped();
  heartbeat();
}

function chunkOf(job: CopyJob, onProgress: CarefulChunk['onProgress']): CarefulChunk {
  return { ...job, index: job.chunk.index, rows: () => rowsOf(job), onProgress };
}

async function careful(job: CopyJob, client: TargetClient): Promise<ChunkResult> {
  const sent = { rows: 0, bytes: 0 };
  const onProgress = async (added: { readonly rows: number; readonly bytes: number }): Promise<void> => {
    if (counters.isStopped) throw stopped();
    heartbeat();
    countSent(added);
    sent.rows += added.rows;
    sent.bytes += added.bytes;
    await waitForRate();
  };
  try {
    return await copyCarefully(client, chunkOf(job, onProgress));
  } catch (error) {
    countSent({ rows: -sent.rows, bytes: -sent.bytes });
    throw error;
  }
}

/** The thread's connection; a thread works for one run only. */
function sessionClient(runId: string): ThreadClient {
  const { address, applicationName, stallTimeoutMs: limitMs } = threadData;
  const lockWait = lockWaitFor(limitMs);
  const settings = { lock_timeout: lockWait, [writerSetting]: runId };
  const locks = { firstCheckMs: Number(lockWait) / 2 };
  const options = { applicationName, settings, stallPolicy: { limitMs }, locks, signal: stopSignal };
  target ??= new ThreadClient(() => connectTarget(address, options));
  return target;
}

async function nameHolders(jobs: readonly CopyJob[], client: TargetClient, error: unknown): Promise<unknown> {
  const { targetSchema: schema } = must(jobs[0], 'job of a batch').table;
  const tables = jobs.map(({ table }) => table.target);
  return await nameLockHolders(client, { error, schema, tables, wanted: 'rows' });
}

function isOfData(error: unknown): boolean {
  return error instanceof CopierError && error.code.startsWith('data.');
}

function isRejected(error: unknown): boolean {
  return error instanceof CopierError && error.code === 'data.rejected';
}

/** Reads the chunk a second time, value by value, to name the value that PostgreSQL refused, or else the row. */
function explain(job: CopyJob, error: unknown): unknown {
  const line = rejectionOf(error)?.line ?? null;
  let row = 0;
  let named = error;
  for (const view of rowsOf(job)) {
    row += 1;
    const reason = explainRow(job.table, view);
    if (reason !== null) return reason;
    if (row === line) named = nameRow(job, error, describeKey(job.table, view));
  }
  return named;
}

/** The server's error with the key of the row that it is about. */
function nameRow({ table }: CopyJob, error: unknown, key: string): unknown {
  if (!(error instanceof CopierError)) return error;
  const { code, message, hint, column: target, foreignCode } = error;
  const column = table.columns.find((one) => one.target === target)?.source ?? null;
  const where = [`table ${table.source}`, ...(column === null ? [] : [`column ${column}`]), `key ${key}`].join(', ');
  return new CopierError(code, `${where}: ${message}`, {
    hint,
    table: table.source,
    column,
    key,
    foreignCode,
    cause: error.cause,
  });
}
