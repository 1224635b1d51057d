import type { TargetClient } from '../connection/client.js';

/* What the operator of a run gave up by name (`--waive`), or what its policies left out of force in a round. It belongs to the run: later comparisons go by it too. */

/** Enters names that are not entered yet, and gives these. */
export async function addWaivers(client: TargetClient, runId: string, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const rows = await client.query<{ name: string }>(
    `INSERT INTO ${client.ledger('waiver')} (run_id, name) SELECT $1, name FROM unnest($2::text[]) AS given(name)
     ON CONFLICT DO NOTHING RETURNING name`,
    [runId, names],
  );
  return rows.map(({ name }) => name);
}

export async function listWaivers(client: TargetClient, runId: string): Promise<string[]> {
  const rows = await client.query<{ name: string }>(
    `SELECT name FROM ${client.ledger('waiver')} WHERE run_id = $1 ORDER BY name`,
    [runId],
  );
  return rows.map(({ name }) => name);
}
