import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import type { DetachableObject, ObjectKind } from './detachable-object.js';
import { shareAttempt } from '../ledger/lock.js';
import { quoteTable } from '../../lib/quote.js';
import { checkToken, type RunTicket } from '../ledger/run.js';
import { recordObjects, readDropped, markRestored } from './object-ledger.js';
import { explainRestore } from './restore-error.js';

/*
 * The life of a detached object: in force → dropped (ledger row and DROP in one transaction) → restored (its statements
 * and the ledger's mark in one transaction). An index is built in a transaction before that, because the build takes
 * long and locks little, while ADD CONSTRAINT locks the table; the catalog tells after a crash whether it was built.
 */

/** Stages go one after the other; the constraints that rest on indexes come with them. */
const restoreStages = ['indexes', 'foreignKeys', 'validations', 'triggers'] as const;

export type RestoreStage = (typeof restoreStages)[number];

/** One independent step; indexes and validations may run on several connections at once, the others are short. */
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
  primary_key: 'indexes',
  unique: 'indexes',
  exclusion: 'indexes',
  index: 'indexes',
  foreign_key: 'foreignKeys',
  validation: 'validations',
  trigger: 'triggers',
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
       FROM ${client.ledger('object')} o
       LEFT JOIN pg_namespace n ON n.nspname = o.table_schema
       LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = o.table_name
      WHERE o.run_id = $1 AND o.state = 'dropped' ORDER BY o.ordinal`,
    [runId],
  );
  const steps = rows.map(({ bytes, ...row }) => ({ ...row, stage: stages[row.kind], tableBytes: Number(bytes) }));
  const order = ({ stage }: RestoreStep) => restoreStages.indexOf(stage);
  return steps.sort((a, b) => order(a) - order(b) || b.tableBytes - a.tableBytes || a.ordinal - b.ordinal);
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
    throw explainRestore(error, object);
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
    throw explainRestore(error, object);
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

/** Everything that is missing, in order, on this one connection. */
export async function restoreAll(client: TargetClient, ticket: RunTicket): Promise<void> {
  for (const { ordinal } of await listRestoreSteps(client, ticket.runId)) await restoreStep(client, ticket, ordinal);
}

/** Not by a lock on the run's row, as chunks do: an index may take hours, and the run must change its state meanwhile. */
async function claimAttempt(client: TargetClient, ticket: RunTicket): Promise<void> {
  await shareAttempt(client, ticket.runId);
  await checkToken(client, ticket);
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

function doing({ kind, name, table }: DetachableObject) {
  return { table, doing: `make ${kind} ${name} of ${table} again` };
}
