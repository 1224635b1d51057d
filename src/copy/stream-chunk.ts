import type { RowEncoder } from '../encode/row/row-encoder.js';
import type { ChunkResult } from '../model/copy.js';
import { CopierError } from '../model/error.js';
import type { TargetClient } from '../target/connection/client.js';
import { copyIn } from '../target/copy/copy-in.js';
import { copyTogether, type FilledCopy } from '../target/copy/copy-together.js';
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
  const outbox = new Outbox(client);
  try {
    for (const job of jobs) results.push(await streamRows(job, outbox, frozen.has(job.table.target)));
    await outbox.send();
    const tables = jobs.map(({ table }) => table.target);
    await checkStillTables(client, targetSchema, tables);
    return results;
  } catch (error) {
    for (const { rows, bytes } of results) countSent({ rows: -rows, bytes: -bytes });
    throw error;
  }
}

/** So many bytes of whole chunks wait for each other at most; a larger chunk is streamed. */
const waitingBytesMax = 256 * 1024;

/** Chunks that are encoded whole, and go out together. */
class Outbox {
  readonly client: TargetClient;
  #waiting: { readonly copy: FilledCopy; readonly result: ChunkResult }[] = [];
  #bytes = 0;

  constructor(client: TargetClient) {
    this.client = client;
  }

  async add(copy: FilledCopy, result: ChunkResult): Promise<void> {
    if (this.#bytes + copy.bytes.length > waitingBytesMax) await this.send();
    this.#waiting.push({ copy, result });
    this.#bytes += copy.bytes.length;
  }

  async send(): Promise<void> {
    const sent = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    const taken = await copyTogether(
      this.client,
      sent.map(({ copy }) => copy),
    );
    for (const [at, { result }] of sent.entries()) checkCount(result, taken[at] ?? 0);
  }
}

async function streamRows(job: CopyJob, outbox: Outbox, freeze: boolean): Promise<ChunkResult> {
  const startedAtMs = performance.now();
  const { encoder, fill, close } = await createFeed(job);
  const sent = { rows: 0, bytes: 0, waitedMs: 0 };
  const { table, chunk } = job;
  const columns = table.columns.map((column) => column.target);
  const { targetSchema: schema, target, format } = table;
  const into = { schema, table: target, columns, format, nullText: job.sentinel, freeze };
  const result = (): ChunkResult => {
    const durationMs = Math.round(performance.now() - startedAtMs);
    return { ...encoder.result(), table: table.source, index: chunk.index, quarantined: 0, durationMs };
  };
  try {
    if (counters.isStopped) throw stopped();
    const isFull = fill();
    counters.addFilling(performance.now() - startedAtMs);
    if (!isFull && encoder.bytes < waitingBytesMax) {
      const bytes = Buffer.from(encoder.finish());
      countNew(encoder, sent);
      // A rate limit also holds for many tables that are smaller than a block.
      await waitForRate();
      const whole = result();
      await outbox.add({ into, bytes }, whole);
      return whole;
    }
    await outbox.send();
    const taken = await copyIn(outbox.client, into, async (write) => {
      const beganAtMs = performance.now();
      if (isFull) {
        do await sendBlock(encoder, write, sent);
        while (fill());
      }
      counters.addFilling(performance.now() - beganAtMs - sent.waitedMs);
      await write(encoder.finish());
      countNew(encoder, sent);
      await waitForRate();
    });
    const streamed = result();
    checkCount(streamed, taken);
    return streamed;
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

function checkCount({ table, rows }: ChunkResult, taken: number): void {
  if (taken === rows) return;
  throw new CopierError('target.row_count', `${table}: sent ${rows} rows, the server counted ${taken}`, {
    hint: 'a trigger or rule on the target may drop or add rows; disable it and run again',
    table,
  });
}
