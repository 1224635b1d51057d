import type { LastComparison } from '../../model/status.js';
import type { TargetClient } from '../connection/client.js';

/* What the last comparison of both sides found after a run: of verify or accept. */

/** Replaces what the comparison before it found. */
export async function noteComparison(
  client: TargetClient,
  runId: string,
  { command, ok, differences }: Omit<LastComparison, 'at' | 'isOutdated'>,
): Promise<void> {
  await client.query(
    `INSERT INTO ${client.ledger('comparison')} (run_id, command, ok, differences) VALUES ($1, $2, $3, $4)
     ON CONFLICT (run_id) DO UPDATE SET command = $2, ok = $3, differences = $4, is_outdated = false,
       compared_at = clock_timestamp()`,
    [runId, command, ok, differences],
  );
}

/** A round or a repair has changed the target: what was found before is out of date. */
export async function outdateComparison(client: TargetClient, runId: string): Promise<void> {
  await client.query(`UPDATE ${client.ledger('comparison')} SET is_outdated = true WHERE run_id = $1`, [runId]);
}

/** Null where nothing was compared since the run. */
export async function lastComparison(client: TargetClient, runId: string): Promise<LastComparison | null> {
  const rows = await client.query<{
    command: string;
    ok: boolean;
    differences: string;
    at: string;
    isOutdated: boolean;
  }>(
    `SELECT command, ok, differences::text AS differences,
       to_char(compared_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at,
       is_outdated AS "isOutdated"
     FROM ${client.ledger('comparison')} WHERE run_id = $1`,
    [runId],
  );
  const [row] = rows;
  return row === undefined ? null : { ...row, differences: Number(row.differences) };
}
