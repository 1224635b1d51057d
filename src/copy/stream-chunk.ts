import type { RowEncoder } from '../encode/row/row-encoder.js';
import type { ChunkResult } from '../model/copy.js';
import { CopierError } from '../model/error.js';
import type { TargetClient } from '../target/connection/client.js';
import { copyIn } from '../target/copy/copy-in.js';
import { prepareFreeze } from '../target/copy/freeze.js';
import { checkStillTables } from '../target/schema/still-a-table.js';
import type { CopyJob } from './copy-job.js';
import { createFeed } from './feed.js';
import { heartbeat, counters, countSent, stopped, waitForRate } from './session.js';

/**
 * Reads, encodes and sends chunks of different tables, one after the other. All of it is rolled back unless the caller's
 * transaction commits.
 */
export async function streamChunks(jobs: readonly CopyJob[], client: TargetClient): Promise<ChunkResult[]> {
  const [first] = jobs;
  if (first === undefined) return [];
  const { targetSchema } = first.table;
  const freezable = jobs.filter(({ mayFreeze }) => mayFreeze).map(({ table }) => table.target);
  const frozen = await prepareFreeze(client, targetSchema, freezable);
  const results: ChunkResult[] = [];
  try {
    for (const job of jobs) results.push(await streamRows(job, client, frozen.has(job.table.target)));
    const tables = jobs.map(({ table }) => table.target);
    await checkStillTables(client, targetSchema, tables);
    return results;
  } catch (error) {
    for (const { rows, bytes } of results) countSent({ rows: -rows, bytes: -bytes });
    throw error;
  }
}

async function streamRows(job: CopyJob, client: TargetClient, freeze: boolean): Promise<ChunkResult> {
  const startedAtMs = performance.now();
  const { encoder, fill, close } = await createFeed(job);
  const sent = { rows: 0, bytes: 0, waitedMs: 0 };
  const { table } = job;
  const columns = table.columns.map((column) => column.target);
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
      countNew(encoder, sent);
      // Waits even if not one block was full: a rate limit also holds for many tables that are smaller than a block.
      await waitForRate();
    });
    const result = encoder.result();
    if (taken !== result.rows) throw miscounted(job, result.rows, taken);
    const durationMs = Math.round(performance.now() - startedAtMs);
    return { ...result, table: table.source, index: job.chunk.index, quarantined: 0, durationMs };
  } catch (error) {
    countSent({ rows: -sent.rows, bytes: -sent.bytes });
    throw error;
  } finally {
    close();
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
  countNew(encoder, sent);
  await waitForRate();
  sent.waitedMs += performance.now() - beganAtMs;
}

function countNew(encoder: RowEncoder, sent: { rows: number; bytes: number }): void {
  const added = { rows: encoder.rows - sent.rows, bytes: encoder.bytes - sent.bytes };
  countSent(added);
  sent.rows = encoder.rows;
  sent.bytes = encoder.bytes;
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
