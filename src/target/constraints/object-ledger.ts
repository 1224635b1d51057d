import { must } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import type { DetachableObject } from './detachable-object.js';

/** Notes objects that are about to be dropped; to be called in the transaction that drops them. */
export async function recordObjects(
  client: TargetClient,
  runId: string,
  objects: readonly DetachableObject[],
): Promise<void> {
  // Ends a race with another session of this run: ordinals are given under the run's row lock.
  await client.query(`SELECT 1 FROM ${client.ledger('run')} WHERE run_id = $1 FOR UPDATE`, [runId]);
  await client.query(
    `INSERT INTO ${client.ledger('object')} (run_id, ordinal, kind, table_schema, table_name, name, definition, tablespace, drop_sql,
       index_sql, constraint_sql, extra_sql)
     SELECT $1, (SELECT coalesce(max(ordinal), 0) FROM ${client.ledger('object')} WHERE run_id = $1) + o.ordinality,
            o.value ->> 'kind', o.value ->> 'schema', o.value ->> 'table', o.value ->> 'name', o.value ->> 'definition',
            o.value ->> 'tablespace', o.value ->> 'dropSql', o.value ->> 'indexSql', o.value ->> 'constraintSql',
            o.value -> 'extraSql'
       FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS o`,
    [runId, JSON.stringify(objects)],
  );
}

/** An object that is still missing; null where it was restored. */
export async function readDropped(
  client: TargetClient,
  runId: string,
  ordinal: number,
): Promise<DetachableObject | null> {
  const rows = await client.query<DetachableObject & { state: string }>(
    `SELECT kind, table_schema AS schema, table_name AS table, name, definition, tablespace, drop_sql AS "dropSql",
            index_sql AS "indexSql", constraint_sql AS "constraintSql", extra_sql AS "extraSql", state
       FROM ${client.ledger('object')} WHERE run_id = $1 AND ordinal = $2`,
    [runId, ordinal],
  );
  const { state, ...object } = must(rows[0], `object ${ordinal} of run ${runId}`);
  return state === 'dropped' ? object : null;
}

/** Notes that an object is in force again; to be called in the transaction that made it. */
export async function markRestored(client: TargetClient, runId: string, ordinal: number): Promise<void> {
  await client.query(
    `UPDATE ${client.ledger('object')} SET state = 'restored', restored_at = clock_timestamp() WHERE run_id = $1 AND ordinal = $2`,
    [runId, ordinal],
  );
}
