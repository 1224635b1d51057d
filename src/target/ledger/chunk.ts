import { setTimeout as wait } from 'node:timers/promises';
import { CopierError, must } from '../../model/error.js';
import type { ChunkResult, ColumnResult } from '../../model/copy.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { chunkKey, endHolders, shareAttempt } from './lock.js';
import { type RunTicket, superseded } from './run.js';

/** Which chunk, and with what right. */
export interface ChunkTicket extends RunTicket {
  readonly table: string;
  readonly index: number;
}

const columns = `table_name AS table, chunk_index AS index, rows::text AS rows, bytes::text AS bytes, keyset, receipt, columns,
  quarantined::text AS quarantined, duration_ms AS "durationMs"`;

interface ChunkRow {
  readonly table: string;
  readonly index: number;
  readonly rows: string;
  readonly bytes: string;
  readonly keyset: string;
  readonly receipt: string;
  readonly quarantined: string;
  readonly columns: readonly ColumnResult[];
  readonly durationMs: number;
}

/**
 * Runs `copy` (on the same client) in one transaction with the chunk's ledger row: either both are there afterwards, or
 * neither. `target.run_superseded` where the token is no longer the run's. Where the answer to COMMIT is lost, call
 * again on a new connection: the row tells.
 */
export async function withChunk(
  client: TargetClient,
  ticket: ChunkTicket,
  copy: () => Promise<ChunkResult>,
): Promise<ChunkResult | 'already done'> {
  return await withTransaction(client, async () => {
    await client.query('SET LOCAL synchronous_commit = on');
    await claimRun(client, ticket);
    await claimChunk(client, ticket);
    if (!(await insertChunk(client, ticket))) return 'already done';
    const result = await copy();
    await recordChunk(client, ticket, result);
    return result;
  });
}

/** What a chunk that is 'already done' left in the ledger. */
export async function readChunk(
  client: TargetClient,
  { runId, table, index }: Omit<ChunkTicket, 'token'>,
): Promise<ChunkResult> {
  const rows = await client.query<ChunkRow & Record<string, unknown>>(
    `SELECT ${columns} FROM pgferry.chunk WHERE run_id = $1 AND table_name = $2 AND chunk_index = $3`,
    [runId, table, index],
  );
  return toResult(must(rows[0], `chunk ${index} of ${table} in the ledger`));
}

/** Every committed chunk of a run, by table and index. */
export async function listChunks(client: TargetClient, runId: string): Promise<ChunkResult[]> {
  const rows = await client.query<ChunkRow & Record<string, unknown>>(
    `SELECT ${columns} FROM pgferry.chunk WHERE run_id = $1 ORDER BY table_name, chunk_index`,
    [runId],
  );
  return rows.map(toResult);
}

/** When each committed chunk of a run was at work, in milliseconds since 1970 by the server's clock. */
export async function listChunkTimes(
  client: TargetClient,
  runId: string,
): Promise<(Pick<ChunkResult, 'table' | 'index' | 'rows' | 'bytes'> & { startedAtMs: number; endedAtMs: number })[]> {
  const rows = await client.query<{
    table: string;
    index: number;
    rows: string;
    bytes: string;
    ms: number;
    end: number;
  }>(
    `SELECT table_name AS table, chunk_index AS index, rows::text AS rows, bytes::text AS bytes, duration_ms AS ms,
            extract(epoch FROM committed_at)::float8 * 1000 AS end
       FROM pgferry.chunk WHERE run_id = $1 AND committed_at IS NOT NULL ORDER BY committed_at`,
    [runId],
  );
  return rows.map(({ table, index, rows: count, bytes, ms, end }) => {
    return { table, index, rows: Number(count), bytes: Number(bytes), startedAtMs: end - ms, endedAtMs: end };
  });
}

/** Takes the chunks of a run and what its quarantine keeps out of the ledger; in the transaction that takes their rows out of the tables. */
export async function forgetChunks(client: TargetClient, runId: string): Promise<void> {
  await client.query('DELETE FROM pgferry.chunk WHERE run_id = $1', [runId]);
  await client.query('DELETE FROM pgferry.quarantine WHERE run_id = $1', [runId]);
}

/**
 * FOR SHARE makes a token and a commit exclude each other: who raises the token waits for us, or we see the new one.
 * The advisory lock lets that somebody find and end us, should we hang.
 */
export async function claimRun(client: TargetClient, { runId, token }: RunTicket): Promise<void> {
  await shareAttempt(client, runId);
  const rows = await client.query(
    `SELECT 1 FROM pgferry.run WHERE run_id = $1 AND token = $2::bigint AND state = 'copying' FOR SHARE`,
    [runId, token],
  );
  if (rows.length === 0) throw superseded(runId);
}

/** Looks for the lock of a chunk, and pauses between them. */
const claimTriesMax = 100;
const claimPauseMs = 100;
/** An earlier try that is about to end by itself has so many looks before we end it. */
const claimTriesBeforeEnding = 20;

/**
 * Nobody runs a chunk twice at once, so who holds its lock is an earlier try of this run whose connection we lost and
 * whose backend has not noticed: it is ended. (One of a later attempt it cannot be: our token is good and stays so.)
 */
async function claimChunk(client: TargetClient, { runId, table, index }: ChunkTicket): Promise<void> {
  const key = chunkKey(runId, table, index);
  let holders: readonly number[] = [];
  for (let look = 1; look <= claimTriesMax; look++) {
    const [row] = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_xact_lock($1::bigint) AS taken', [
      key,
    ]);
    if (row?.taken === true) return;
    if (look >= claimTriesBeforeEnding) holders = await endHolders(client, key);
    await wait(claimPauseMs);
  }
  throw new CopierError('target.locked', `chunk ${index} of ${table} is still held by an earlier try at it`, {
    table,
    hint: `its session on the server (pid ${holders.join(', ')}) does not end when told to: stop it there, then run again`,
  });
}

async function insertChunk(client: TargetClient, { runId, table, index }: ChunkTicket): Promise<boolean> {
  const rows = await client.query(
    `INSERT INTO pgferry.chunk (run_id, table_name, chunk_index) VALUES ($1, $2, $3)
     ON CONFLICT DO NOTHING RETURNING chunk_index`,
    [runId, table, index],
  );
  return rows.length === 1;
}

/** Enters what a chunk came to, in the transaction that brings or changes its rows. */
export async function recordChunk(
  client: TargetClient,
  ticket: Omit<ChunkTicket, 'token'>,
  result: ChunkResult,
): Promise<void> {
  await client.query(
    `UPDATE pgferry.chunk SET rows = $4, bytes = $5, keyset = $6, receipt = $7, columns = $8::jsonb, duration_ms = $9,
       quarantined = $10, committed_at = clock_timestamp() WHERE run_id = $1 AND table_name = $2 AND chunk_index = $3`,
    [
      ticket.runId,
      ticket.table,
      ticket.index,
      result.rows,
      result.bytes,
      result.keyset,
      result.receipt,
      JSON.stringify(result.columns),
      result.durationMs,
      result.quarantined,
    ],
  );
}

function toResult(row: ChunkRow): ChunkResult {
  const { table, index, keyset, receipt, columns, durationMs } = row;
  const [rows, bytes, quarantined] = [Number(row.rows), Number(row.bytes), Number(row.quarantined)];
  return { table, index, rows, bytes, keyset, receipt, columns, quarantined, durationMs };
}
