import { CopierError, must } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import type { DetachableObject, ObjectKind } from './detachable-object.js';
import { shareAttempt } from '../ledger/lock.js';
import { quoteTable } from '../../lib/quote.js';
import { checkToken, type RunTicket } from '../ledger/run.js';

/*
 * The life of a detached object: in force → dropped (ledger row and DROP in one transaction) → restored (its statements
 * and the ledger's mark in one transaction). An index is built in a transaction before that, because the build takes
 * long and locks little, while ADD CONSTRAINT locks the table; the catalog tells after a crash whether it was built.
 */

/** 1 indexes and their constraints, 2 foreign keys, 3 their validation, 4 triggers. Stages go one after the other. */
export type RestoreStage = 1 | 2 | 3 | 4;

/** One independent step; those of stages 1 and 3 may run on several connections at once, the others are short. */
export interface RestoreStep {
  readonly ordinal: number;
  readonly stage: RestoreStage;
  readonly kind: ObjectKind;
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  /** Whether it has no index over an expression; false where that is not sure. */
  readonly isPlain: boolean;
  /** Size of the table now: begin with the biggest. */
  readonly tableBytes: number;
}

const stages: Readonly<Record<ObjectKind, RestoreStage>> = {
  primary_key: 1,
  unique: 1,
  exclusion: 1,
  index: 1,
  foreign_key: 2,
  validation: 3,
  trigger: 4,
};

/** Session settings for a connection that restores: `memory` as Postgres writes it ('256MB'), extra build processes. */
export function restoreSettings(options: { memory: string; parallelWorkers: number }): Record<string, string> {
  return {
    maintenance_work_mem: options.memory,
    max_parallel_maintenance_workers: String(options.parallelWorkers),
  };
}

/** Takes the objects away: the ledger's rows first, then the drops, all in one transaction, so no crash can lose one. */
export async function detach(client: TargetClient, runId: string, objects: readonly DetachableObject[]): Promise<void> {
  await withTransaction(client, async () => {
    await recordObjects(client, runId, objects);
    for (const { dropSql, table, kind, name } of objects) {
      if (dropSql !== null) await client.run(dropSql, [], { table, doing: `take away ${kind} ${name}` });
    }
  });
}

/** What is still missing, by stage, biggest table first. */
export async function listRestoreSteps(client: TargetClient, runId: string): Promise<RestoreStep[]> {
  const rows = await client.query<Omit<RestoreStep, 'stage' | 'tableBytes'> & { bytes: string }>(
    `SELECT o.ordinal, o.kind, o.table_schema AS schema, o.table_name AS table, o.name,
            coalesce(length(o.index_sql) - length(replace(o.index_sql, '(', '')) = 1, false) AS "isPlain",
            coalesce(pg_table_size(c.oid), 0)::text AS bytes
       FROM pgferry.object o
       LEFT JOIN pg_namespace n ON n.nspname = o.table_schema
       LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = o.table_name
      WHERE o.run_id = $1 AND o.state = 'dropped' ORDER BY o.ordinal`,
    [runId],
  );
  const steps = rows.map(({ bytes, ...row }) => ({ ...row, stage: stages[row.kind], tableBytes: Number(bytes) }));
  return steps.sort((a, b) => a.stage - b.stage || b.tableBytes - a.tableBytes || a.ordinal - b.ordinal);
}

/**
 * Makes one object again; a step that was done already does nothing. An index build uses at most `helpers` parallel
 * workers beside its own backend, or as many as the session allows where that is undefined. `target.run_superseded`
 * where the ticket is void; `data.duplicate_key` and `data.orphan` name the table, the index or foreign key, its
 * columns, and one key of the rows that violate it.
 */
export async function restoreStep(
  client: TargetClient,
  ticket: RunTicket,
  ordinal: number,
  helpers?: number,
): Promise<void> {
  const object = await readDropped(client, ticket.runId, ordinal);
  if (object === null) return;
  try {
    await buildIndex(client, ticket, object, helpers);
    await putInForce(client, ticket, { object, ordinal });
  } catch (error) {
    throw explain(error, object);
  }
}

/**
 * The part of `restoreStep` that other index builds on the same table can run beside. True where the step is then
 * complete. Otherwise `restoreStep` must do the rest, which locks the table for a moment, and so waits for such builds.
 */
export async function buildStep(
  client: TargetClient,
  ticket: RunTicket,
  ordinal: number,
  helpers: number,
): Promise<boolean> {
  const object = await readDropped(client, ticket.runId, ordinal);
  if (object === null) return true;
  try {
    await buildIndex(client, ticket, object, helpers);
    if (object.constraintSql !== null || object.extraSql.length > 0) return false;
    await putInForce(client, ticket, { object, ordinal });
    return true;
  } catch (error) {
    throw explain(error, object);
  }
}

async function putInForce(
  client: TargetClient,
  ticket: RunTicket,
  { object, ordinal }: { readonly object: DetachableObject; readonly ordinal: number },
): Promise<void> {
  await withTransaction(client, async () => {
    await claimAttempt(client, ticket);
    await addConstraint(client, object);
    for (const sql of object.extraSql) await client.run(sql, [], doing(object));
    await markRestored(client, ticket.runId, ordinal);
  });
}

/** Lets a step be, for good: what it would make stays as it is. */
export async function forgetStep(client: TargetClient, ticket: RunTicket, ordinal: number): Promise<void> {
  await withTransaction(client, async () => {
    await claimAttempt(client, ticket);
    await markRestored(client, ticket.runId, ordinal);
  });
}

/** Makes the indexes of one table and the constraints that rest on them. */
export async function restoreTable(client: TargetClient, ticket: RunTicket, table: string): Promise<void> {
  await restoreWhere(client, ticket, (step) => step.stage === 1 && step.table === table);
}

/** Makes and validates every foreign key; wants stage 1 done. */
export async function restoreForeignKeys(client: TargetClient, ticket: RunTicket): Promise<void> {
  await restoreWhere(client, ticket, (step) => step.stage === 2 || step.stage === 3);
}

/** Enables the triggers again, each in the mode it had. */
export async function restoreTriggers(client: TargetClient, ticket: RunTicket): Promise<void> {
  await restoreWhere(client, ticket, (step) => step.stage === 4);
}

/** Everything that is missing, in order, on this one connection. */
export async function restoreAll(client: TargetClient, ticket: RunTicket): Promise<void> {
  await restoreWhere(client, ticket, () => true);
}

async function restoreWhere(client: TargetClient, ticket: RunTicket, isWanted: (step: RestoreStep) => boolean) {
  const steps = await listRestoreSteps(client, ticket.runId);
  for (const { ordinal } of steps.filter(isWanted)) await restoreStep(client, ticket, ordinal);
}

/** Not by a lock on the run's row, as chunks do: an index may take hours, and the run must change its state meanwhile. */
async function claimAttempt(client: TargetClient, ticket: RunTicket): Promise<void> {
  await shareAttempt(client, ticket.runId);
  await checkToken(client, ticket);
}

async function recordObjects(client: TargetClient, runId: string, objects: readonly DetachableObject[]): Promise<void> {
  // Ends a race with another session of this run: ordinals are given under the run's row lock.
  await client.query('SELECT 1 FROM pgferry.run WHERE run_id = $1 FOR UPDATE', [runId]);
  await client.query(
    `INSERT INTO pgferry.object (run_id, ordinal, kind, table_schema, table_name, name, definition, tablespace, drop_sql,
       index_sql, constraint_sql, extra_sql)
     SELECT $1, (SELECT coalesce(max(ordinal), 0) FROM pgferry.object WHERE run_id = $1) + o.ordinality,
            o.value ->> 'kind', o.value ->> 'schema', o.value ->> 'table', o.value ->> 'name', o.value ->> 'definition',
            o.value ->> 'tablespace', o.value ->> 'dropSql', o.value ->> 'indexSql', o.value ->> 'constraintSql',
            o.value -> 'extraSql'
       FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS o`,
    [runId, JSON.stringify(objects)],
  );
}

async function readDropped(client: TargetClient, runId: string, ordinal: number): Promise<DetachableObject | null> {
  const rows = await client.query<DetachableObject & { state: string }>(
    `SELECT kind, table_schema AS schema, table_name AS table, name, definition, tablespace, drop_sql AS "dropSql",
            index_sql AS "indexSql", constraint_sql AS "constraintSql", extra_sql AS "extraSql", state
       FROM pgferry.object WHERE run_id = $1 AND ordinal = $2`,
    [runId, ordinal],
  );
  const { state, ...object } = must(rows[0], `object ${ordinal} of run ${runId}`);
  return state === 'dropped' ? object : null;
}

async function buildIndex(
  client: TargetClient,
  ticket: RunTicket,
  object: DetachableObject,
  helpers: number | undefined,
): Promise<void> {
  const { indexSql } = object;
  if (indexSql === null || (await isIndexThere(client, object, indexSql))) return;
  await withTransaction(client, async () => {
    await claimAttempt(client, ticket);
    await useTablespace(client, object);
    if (helpers !== undefined) await useHelpers(client, helpers);
    await client.run(indexSql, [], doing(object));
  });
}

async function addConstraint(client: TargetClient, object: DetachableObject): Promise<void> {
  const { constraintSql } = object;
  if (constraintSql === null || (await isConstraintThere(client, object))) return;
  await useTablespace(client, object);
  await client.run(constraintSql, [], doing(object));
}

/** Set each time, so that the session's own default_tablespace cannot move an index. */
async function useTablespace(client: TargetClient, object: DetachableObject): Promise<void> {
  await client.query(`SELECT set_config('default_tablespace', $1, true)`, [object.tablespace ?? '']);
}

async function useHelpers(client: TargetClient, helpers: number): Promise<void> {
  await client.query(`SELECT set_config('max_parallel_maintenance_workers', $1, true)`, [String(helpers)]);
}

/** The very same index, valid. Another one under that name makes our CREATE fail, which is what must happen. */
async function isIndexThere(client: TargetClient, object: DetachableObject, indexSql: string): Promise<boolean> {
  const rows = await client.query(
    `SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE i.indrelid = to_regclass($1) AND c.relname = $2 AND i.indisvalid AND pg_get_indexdef(i.indexrelid) = $3`,
    [quoteTable(object.schema, object.table), object.name, indexSql],
  );
  return rows.length > 0;
}

async function isConstraintThere(client: TargetClient, object: DetachableObject): Promise<boolean> {
  const rows = await client.query(
    `SELECT 1 FROM pg_constraint WHERE conrelid = to_regclass($1) AND conname = $2
        AND regexp_replace(pg_get_constraintdef(oid), ' NOT VALID$', '') = regexp_replace($3, ' NOT VALID$', '')`,
    [quoteTable(object.schema, object.table), object.name, object.definition],
  );
  return rows.length > 0;
}

async function markRestored(client: TargetClient, runId: string, ordinal: number): Promise<void> {
  await client.query(
    `UPDATE pgferry.object SET state = 'restored', restored_at = clock_timestamp() WHERE run_id = $1 AND ordinal = $2`,
    [runId, ordinal],
  );
}

function doing({ kind, name, table }: DetachableObject) {
  return { table, doing: `make ${kind} ${name} of ${table} again` };
}

function explain(error: unknown, { kind, table, name }: DetachableObject): unknown {
  if (!(error instanceof CopierError)) return error;
  const key = error.key ?? 'a key that postgres does not show';
  const location = {
    table,
    column: error.key?.split('=')[0] ?? null,
    key: error.key,
    cause: error,
    foreignCode: error.foreignCode,
  };
  if (error.foreignCode === '23505' || error.foreignCode === '23P01') {
    return new CopierError('data.duplicate_key', `${table}: more than one row with ${key} for unique ${name}`, {
      ...location,
      hint: `the rows are equal for postgres: correct them in the source; or do without it: --waive '${kind.replace('_', '-')}:${name}'`,
    });
  }
  if (error.foreignCode !== '23503') return error;
  return new CopierError('data.orphan', `${table}: ${key} of foreign key ${name} has no parent row`, {
    ...location,
    hint: 'add the parent row or remove the child in the source; PRAGMA foreign_key_check lists all of them',
  });
}
