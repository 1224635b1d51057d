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

/** An object that is missing, and how much of it is there already, since its steps are transactions of their own. */
export interface DroppedObject {
  readonly ordinal: number;
  readonly object: DetachableObject;
  /** The very same index, valid. Another one under that name makes our CREATE fail, which is what must happen. */
  readonly hasIndex: boolean;
  readonly hasConstraint: boolean;
}

/** Those of these objects that are still missing, in the order of their ordinals. */
export async function readDropped(
  client: TargetClient,
  runId: string,
  ordinals: readonly number[],
): Promise<DroppedObject[]> {
  const rows = await client.query<DetachableObject & Omit<DroppedObject, 'object'>>(
    `SELECT o.ordinal, o.kind, o.table_schema AS schema, o.table_name AS table, o.name, o.definition, o.tablespace,
            o.drop_sql AS "dropSql", o.index_sql AS "indexSql", o.constraint_sql AS "constraintSql", o.extra_sql AS "extraSql",
            EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                     WHERE i.indrelid = t.oid AND c.relname = o.name AND i.indisvalid
                       AND pg_get_indexdef(i.indexrelid) = o.index_sql) AS "hasIndex",
            EXISTS (SELECT FROM pg_constraint k
                     WHERE k.conrelid = t.oid AND k.conname = o.name
                       AND regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '') = regexp_replace(o.definition, ' NOT VALID$', ''))
              AS "hasConstraint"
       FROM ${client.ledger('object')} o,
            LATERAL (SELECT to_regclass(quote_ident(o.table_schema) || '.' || quote_ident(o.table_name)) AS oid) AS t
      WHERE o.run_id = $1 AND o.ordinal = ANY ($2) AND o.state = 'dropped' ORDER BY o.ordinal`,
    [runId, ordinals],
  );
  return rows.map(({ ordinal, hasIndex, hasConstraint, ...object }) => ({ ordinal, hasIndex, hasConstraint, object }));
}

/** Notes that objects are in force again; to be called in the transaction that made them. */
export async function markRestored(client: TargetClient, runId: string, ordinals: readonly number[]): Promise<void> {
  await client.query(
    `UPDATE ${client.ledger('object')} SET state = 'restored', restored_at = clock_timestamp() WHERE run_id = $1 AND ordinal = ANY ($2)`,
    [runId, ordinals],
  );
}
