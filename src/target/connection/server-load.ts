import type { TargetClient } from './client.js';

/**
 * How long a commit takes, and how many statements other applications run. The transaction writes one message into the
 * server's log that nobody reads, so that its commit waits for the disk as others' do.
 */
export async function measureLoad(
  client: TargetClient,
): Promise<{ readonly commitMs: number; readonly othersRunning: number | null }> {
  const beganAtMs = performance.now();
  await client.query(`SELECT pg_logical_emit_message(true, 'pgferry', '')`);
  const commitMs = performance.now() - beganAtMs;
  // A role that may not look at other sessions sees them without their state.
  const [row] = await client.query<{ running: number; hidden: number }>(
    `SELECT count(*) FILTER (WHERE state = 'active')::int AS running,
            count(*) FILTER (WHERE state IS NULL)::int AS hidden
       FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND application_name NOT LIKE 'pgferry%' AND pid <> pg_backend_pid()`,
  );
  return { commitMs, othersRunning: row === undefined || row.hidden > 0 ? null : row.running };
}
