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
 * Runs `copy` (on the same client) in one transaction with the chunk's ledger row: afterwards both are there, or
 * neither. `target.run_superseded` where the token is no longer the run's. Where the answer to COMMIT is lost, call it
 * again on a new connection: the ledger row shows whether the chunk committed.
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
    `SELECT ${columns} FROM ${client.ledger('chunk')} WHERE run_id = $1 AND table_name = $2 AND chunk_index = $3`,
    [runId, table, index],
  );
  return toResult(must(rows[0], `chunk ${index} of ${table} in the ledger`));
}

/** Every committed chunk of a run, by table and index. */
export async function listChunks(client: TargetClient, runId: string): Promise<ChunkResult[]> {
  const rows = await client.query<ChunkRow & Record<string, unknown>>(
    `SELECT ${columns} FROM ${client.ledger('chunk')} WHERE run_id = $1 ORDER BY table_name, chunk_index`,
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
       FROM ${client.ledger('chunk')} WHERE run_id = $1 AND committed_at IS NOT NULL ORDER BY committed_at`,
    [runId],
  );
  return rows.map(({ table, index, rows: count, bytes, ms, end }) => {
    return { table, index, rows: Number(count), bytes: Number(bytes), startedAtMs: end - ms, endedAtMs: end };
  });
}

/**
 * Deletes the chunks of a run and its quarantined rows from the ledger. Call it in the transaction that deletes their
 * rows from the tables.
 */
export async function forgetChunks(client: TargetClient, runId: string): Promise<void> {
  await client.query(`DELETE FROM ${client.ledger('chunk')} WHERE run_id = $1`, [runId]);
  await client.query(`DELETE FROM ${client.ledger('quarantine')} WHERE run_id = $1`, [runId]);
}

/**
 * FOR SHARE makes raising the token and committing a chunk exclude each other: the session that raises the token waits
 * for us, or we see the new token. The advisory lock lets that session find and end us, should we hang.
 */
export async function claimRun(client: TargetClient, { runId, token }: RunTicket): Promise<void> {
  await shareAttempt(client, runId);
  const rows = await client.query(
    `SELECT 1 FROM ${client.ledger('run')} WHERE run_id = $1 AND token = $2::bigint AND state = 'copying' FOR SHARE`,
    [runId, token],
  );
  if (rows.length === 0) throw superseded(runId);
}

/** How often the lock of a chunk is tried, and the pause between the tries. */
const claimTriesMax = 100;
const claimPauseMs = 100;
/** An earlier try at the chunk gets this many tries to end by itself before it is ended. */
const claimTriesBeforeEnding = 20;

/**
 * Only one try at a chunk runs at a time. So a session that holds its lock is an earlier try of this run whose
 * connection was lost and whose backend has not noticed: it is ended. (It cannot belong to a later attempt, since our
 * token is still valid.)
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
    `INSERT INTO ${client.ledger('chunk')} (run_id, table_name, chunk_index) VALUES ($1, $2, $3)
     ON CONFLICT DO NOTHING RETURNING chunk_index`,
    [runId, table, index],
  );
  return rows.length === 1;
}

/** Records the result of a chunk, in the transaction that brings or changes its rows. */
export async function recordChunk(
  client: TargetClient,
  ticket: Omit<ChunkTicket, 'token'>,
  result: ChunkResult,
): Promise<void> {
  await client.query(
    `UPDATE ${client.ledger('chunk')} SET rows = $4, bytes = $5, keyset = $6, receipt = $7, columns = $8::jsonb, duration_ms = $9,
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
