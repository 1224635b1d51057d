import { setTimeout as wait } from 'node:timers/promises';
import { CopierError, must } from '../../model/error.js';
import type { ChunkResult, ColumnResult, ConvertedCells } from '../../model/copy.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { chunkKey, endHolders, shareAttempt } from './lock.js';
import { type RunTicket, superseded } from './run.js';

export interface ChunkName {
  readonly table: string;
  readonly index: number;
}

/** Which chunk, and with what right. */
export interface ChunkTicket extends RunTicket, ChunkName {}

const columns = `table_name AS table, chunk_index AS index, rows::text AS rows, bytes::text AS bytes, keyset, receipt, columns,
  quarantined::text AS quarantined, converted, duration_ms AS "durationMs"`;

interface ChunkRow {
  readonly table: string;
  readonly index: number;
  readonly rows: string;
  readonly bytes: string;
  readonly keyset: string;
  readonly receipt: string;
  readonly quarantined: string;
  readonly columns: readonly ColumnResult[];
  readonly converted: readonly ConvertedCells[];
  readonly durationMs: number;
}

/** Runs `copy` for one chunk, as `withChunks` does for several. */
export async function withChunk(
  client: TargetClient,
  ticket: ChunkTicket,
  copy: () => Promise<ChunkResult>,
): Promise<ChunkResult | 'already done'> {
  const [result] = await withChunks(client, ticket, { chunks: [ticket], copy: async () => [await copy()] });
  return must(result, 'result of a chunk');
}

export interface ChunksToCopy {
  readonly chunks: readonly ChunkName[];
  /** Copies some of these chunks, and gives their results in the same order. */
  readonly copy: (todo: readonly ChunkName[]) => Promise<readonly ChunkResult[]>;
}

/**
 * Runs `copy` (on the same client) in one transaction with the chunks' ledger rows: afterwards all rows are there, or
 * none. `target.run_superseded` where the token is no longer the run's. Where the answer to COMMIT is lost, call it
 * again on a new connection: the ledger rows show whether the chunks committed. Gives one answer per chunk.
 */
export async function withChunks(
  client: TargetClient,
  ticket: RunTicket,
  { chunks, copy }: ChunksToCopy,
): Promise<readonly (ChunkResult | 'already done')[]> {
  return await withTransaction(client, async () => {
    await client.query('SET LOCAL synchronous_commit = on');
    await claimRun(client, ticket);
    await claimChunks(client, ticket, chunks);
    const todo = await insertChunks(client, ticket, chunks);
    const results = todo.length === 0 ? [] : await copy(todo);
    await recordChunks(client, ticket.runId, results);
    const byChunk = new Map(todo.map((chunk, at) => [chunk, must(results[at], `result of ${chunk.table}`)]));
    return chunks.map((chunk) => byChunk.get(chunk) ?? 'already done');
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
async function claimChunks(client: TargetClient, { runId }: RunTicket, chunks: readonly ChunkName[]): Promise<void> {
  let left = chunks;
  let holders: readonly number[] = [];
  for (let look = 1; look <= claimTriesMax; look++) {
    const keys = left.map(({ table, index }) => chunkKey(runId, table, index));
    const rows = await client.query<{ taken: boolean }>(
      'SELECT pg_try_advisory_xact_lock(k.key) AS taken FROM unnest($1::bigint[]) WITH ORDINALITY AS k(key, at) ORDER BY k.at',
      [keys],
    );
    left = left.filter((_, at) => rows[at]?.taken !== true);
    const [held] = left;
    if (held === undefined) return;
    if (look >= claimTriesBeforeEnding) holders = await endHolders(client, chunkKey(runId, held.table, held.index));
    await wait(claimPauseMs);
  }
  const { table, index } = must(left[0], 'chunk that is held');
  throw new CopierError('target.locked', `chunk ${index} of ${table} is still held by an earlier try at it`, {
    table,
    hint: `its session on the server (pid ${holders.join(', ')}) does not end when told to: stop it there, then run again`,
  });
}

/** Gives the chunks that the ledger did not hold yet. */
async function insertChunks(
  client: TargetClient,
  { runId }: RunTicket,
  chunks: readonly ChunkName[],
): Promise<ChunkName[]> {
  const rows = await client.query<{ table: string; index: number }>(
    `INSERT INTO ${client.ledger('chunk')} (run_id, table_name, chunk_index)
     SELECT $1, c.name, c.number FROM unnest($2::text[], $3::int[]) AS c(name, number)
     ON CONFLICT DO NOTHING RETURNING table_name AS table, chunk_index AS index`,
    [runId, chunks.map(({ table }) => table), chunks.map(({ index }) => index)],
  );
  return chunks.filter((chunk) => rows.some(({ table, index }) => table === chunk.table && index === chunk.index));
}

/** Records the result of a chunk, in the transaction that brings or changes its rows. */
export async function recordChunk(
  client: TargetClient,
  { runId, table, index }: Omit<ChunkTicket, 'token'>,
  result: ChunkResult,
): Promise<void> {
  await recordChunks(client, runId, [{ ...result, table, index }]);
}

async function recordChunks(client: TargetClient, runId: string, results: readonly ChunkResult[]): Promise<void> {
  if (results.length === 0) return;
  await client.query(
    `UPDATE ${client.ledger('chunk')} c SET rows = r.rows, bytes = r.bytes, keyset = r.keyset, receipt = r.receipt, columns = r.columns,
       duration_ms = r."durationMs", quarantined = r.quarantined, converted = r.converted, committed_at = clock_timestamp()
      FROM jsonb_to_recordset($2::jsonb) AS r("table" text, index int, rows bigint, bytes bigint, keyset text, receipt text,
             columns jsonb, "durationMs" double precision, quarantined bigint, converted jsonb)
     WHERE c.run_id = $1 AND c.table_name = r."table" AND c.chunk_index = r.index`,
    [runId, JSON.stringify(results)],
  );
}

function toResult(row: ChunkRow): ChunkResult {
  const { table, index, keyset, receipt, columns, converted, durationMs } = row;
  const [rows, bytes, quarantined] = [Number(row.rows), Number(row.bytes), Number(row.quarantined)];
  return { table, index, rows, bytes, keyset, receipt, columns, quarantined, converted, durationMs };
}
