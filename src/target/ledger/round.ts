import { outdateComparison } from './comparison.js';
import { CopierError } from '../../model/error.js';
import type { ChunkResult } from '../../model/copy.js';
import { pendingSha256, type RoundChange } from '../../model/follow.js';
import type { TargetClient } from '../connection/client.js';
import { recordChunk } from './chunk.js';
import type { Run } from './run.js';

/*
 * A round brings the target from one snapshot to a newer one, in one transaction with its row here. What it changed in a
 * table is a chunk of that table, whose index is the round's number, negative: so the chunks of a table always add up to
 * what the target holds of it.
 */

/** A round as the ledger stores it. */
export interface Round {
  readonly number: number;
  /** The SHA-256 of the snapshot that the target showed before; lower-case hex. */
  readonly baseSha256: string;
  readonly snapshotPath: string;
  readonly snapshotSha256: string;
  /** ISO 8601, UTC. */
  readonly snapshotTakenAt: string;
  readonly snapshotBytes: number;
  readonly changes: readonly RoundChange[];
  readonly durationMs: number;
}

const columns = `number, base_sha256 AS "baseSha256", snapshot_path AS "snapshotPath", snapshot_sha256 AS "snapshotSha256",
  snapshot_taken_at AS "snapshotTakenAt", snapshot_bytes::text AS "snapshotBytes", changes, duration_ms AS "durationMs"`;

/** All rounds of a run, in order. */
export async function listRounds(client: TargetClient, runId: string): Promise<Round[]> {
  const rows = await client.query<Omit<Round, 'snapshotBytes'> & { snapshotBytes: string }>(
    `SELECT ${columns} FROM ${client.ledger('round')} WHERE run_id = $1 ORDER BY number`,
    [runId],
  );
  return rows.map((row) => ({ ...row, snapshotBytes: Number(row.snapshotBytes) }));
}

/** The last round of a run, null before the first. */
export async function latestRound(client: TargetClient, runId: string): Promise<Round | null> {
  const rows = await client.query<Omit<Round, 'snapshotBytes'> & { snapshotBytes: string }>(
    `SELECT ${columns} FROM ${client.ledger('round')} WHERE run_id = $1 ORDER BY number DESC LIMIT 1`,
    [runId],
  );
  const row = rows[0];
  return row === undefined ? null : { ...row, snapshotBytes: Number(row.snapshotBytes) };
}

/**
 * Waits until no round of the run is under way: one whose session was lost, or whose process was killed, may still be
 * committed by the server, and only then the ledger says what the target shows. See `claimRound`.
 */
export async function awaitRounds(client: TargetClient, runId: string): Promise<void> {
  await client.query(`SELECT 1 FROM ${client.ledger('run')} WHERE run_id = $1 FOR UPDATE`, [runId]);
}

/** Enters the SHA-256 of a snapshot that a round has brought before its bytes were read. */
export async function settleRound(
  client: TargetClient,
  runId: string,
  { path, sha256 }: { readonly path: string; readonly sha256: string },
): Promise<void> {
  await client.query(
    `UPDATE ${client.ledger('round')} SET snapshot_sha256 = $3 WHERE run_id = $1 AND snapshot_path = $2 AND snapshot_sha256 = $4`,
    [runId, path, sha256, pendingSha256],
  );
}

/**
 * Makes sure, until the transaction ends, that the target is in the state that the round starts from: the run is
 * complete, and its last round, or the load, brought the base. Another round that begins meanwhile waits, and then sees
 * ours. Error: `target.round_superseded`.
 */
export async function claimRound(
  client: TargetClient,
  { runId, snapshotSha256 }: Pick<Run, 'runId' | 'snapshotSha256'>,
  { number, baseSha256 }: Pick<Round, 'number' | 'baseSha256'>,
): Promise<void> {
  const runs = await client.query(
    `SELECT 1 FROM ${client.ledger('run')} WHERE run_id = $1 AND state = 'complete' FOR UPDATE`,
    [runId],
  );
  const last = await latestRound(client, runId);
  const isNext = number === (last?.number ?? 0) + 1 && baseSha256 === (last?.snapshotSha256 ?? snapshotSha256);
  if (runs.length === 1 && isNext) return;
  throw new CopierError('target.round_superseded', `run ${runId} is not where round ${number} began any more`, {
    hint: 'another pgferry has followed, or migrated anew: run the same command again',
  });
}

/** Records the round and what it changed in each table, in the transaction that brings its rows. */
export async function recordRound(
  client: TargetClient,
  runId: string,
  round: Round,
  results: readonly ChunkResult[],
): Promise<void> {
  await client.query(
    `INSERT INTO ${client.ledger('round')} (run_id, number, base_sha256, snapshot_path, snapshot_sha256, snapshot_taken_at,
       snapshot_bytes, changes, duration_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9)`,
    [
      runId,
      round.number,
      round.baseSha256,
      round.snapshotPath,
      round.snapshotSha256,
      round.snapshotTakenAt,
      round.snapshotBytes,
      JSON.stringify(round.changes),
      round.durationMs,
    ],
  );
  if (round.changes.length > 0) await outdateComparison(client, runId);
  for (const result of results) {
    const location = { runId, table: result.table, index: -round.number };
    await client.query(`INSERT INTO ${client.ledger('chunk')} (run_id, table_name, chunk_index) VALUES ($1, $2, $3)`, [
      runId,
      location.table,
      location.index,
    ]);
    await recordChunk(client, location, result);
  }
}
