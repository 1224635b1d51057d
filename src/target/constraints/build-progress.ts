import type { TargetClient } from '../connection/client.js';

/** An index that a session builds now. */
export interface BuildAtWork {
  readonly table: string;
  /** How much of it is done, 0 to 1. */
  readonly share: number;
}

/**
 * How far the index builds are whose sessions bear this application name, as PostgreSQL tells it: a build first reads the
 * table's blocks, then most kinds sort and load what they found. (The index itself has no name yet that others could see.)
 */
export async function readBuilds(client: TargetClient, applicationName: string): Promise<BuildAtWork[]> {
  return await client.query<{ table: string; share: number }>(
    `SELECT c.relname AS table,
            CASE WHEN p.tuples_total > 0 THEN 0.5 + 0.5 * least(1, p.tuples_done::float8 / p.tuples_total)
                 WHEN p.blocks_total > 0 THEN 0.5 * least(1, p.blocks_done::float8 / p.blocks_total)
                 ELSE 0 END AS share
       FROM pg_stat_progress_create_index p
       JOIN pg_stat_activity a ON a.pid = p.pid
       JOIN pg_class c ON c.oid = p.relid
      WHERE a.application_name = $1`,
    [applicationName],
  );
}
