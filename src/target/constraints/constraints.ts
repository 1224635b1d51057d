import type { TargetClient } from '../connection/client.js';
import { joinStatements, runTogether } from '../connection/together.js';
import { withTransaction } from '../connection/transaction.js';
import type { DetachableObject, ObjectKind } from './detachable-object.js';
import { shareAttempt } from '../ledger/lock.js';
import { quoteLiteral } from '../../lib/quote.js';
import { checkToken, type RunTicket } from '../ledger/run.js';
import { type DroppedObject, recordObjects, readDropped, markRestored } from './object-ledger.js';
import { explainRestore } from './restore-error.js';
import { readDetachable } from './detachable.js';

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
    await runTogether(
      client,
      objects.flatMap(({ dropSql, table, kind, name }) =>
        dropSql === null ? [] : [{ sql: dropSql, context: { table, doing: `take away ${kind} ${name}` } }],
      ),
    );
  });
}

/**
 * Takes away the indexes of one table that were left in force, as `detach` does, where its rows cannot go in under them.
 * The steps of the run then make them again, and say which rows stand in the way. False where there is none to take.
 */
export async function detachIndexes(
  client: TargetClient,
  ticket: RunTicket,
  { schema, table }: { readonly schema: string; readonly table: string },
): Promise<boolean> {
  return await withTransaction(client, async () => {
    await claimAttempt(client, ticket);
    const { objects } = await readDetachable(client, schema, [table]);
    const indexes = objects.filter((object) => object.table === table && stages[object.kind] === 'indexes');
    if (indexes.length > 0) await detach(client, ticket.runId, indexes);
    return indexes.length > 0;
  });
}

/** What is still missing, by stage, biggest table first. */
export async function listRestoreSteps(client: TargetClient, runId: string): Promise<RestoreStep[]> {
  const rows = await client.query<Omit<RestoreStep, 'stage' | 'tableBytes'> & { bytes: string }>(
    `WITH missing AS MATERIALIZED (SELECT * FROM ${client.ledger('object')} WHERE run_id = $1 AND state = 'dropped'),
          sized AS MATERIALIZED (
            SELECT t.table_schema, t.table_name, pg_table_size(c.oid) AS bytes
              FROM (SELECT DISTINCT table_schema, table_name FROM missing) AS t
              JOIN pg_namespace n ON n.nspname = t.table_schema
              JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.table_name)
     SELECT o.ordinal, o.kind, o.table_schema AS schema, o.table_name AS table, o.name,
            coalesce(length(o.index_sql) - length(replace(o.index_sql, '(', '')) = 1, false) AS "isPlain",
            coalesce(s.bytes, 0)::text AS bytes
       FROM missing o LEFT JOIN sized s USING (table_schema, table_name) ORDER BY o.ordinal`,
    [runId],
  );
  const steps = rows.map(({ bytes, ...row }) => ({ ...row, stage: stages[row.kind], tableBytes: Number(bytes) }));
  const order = ({ stage }: RestoreStep) => restoreStages.indexOf(stage);
  return steps.sort((a, b) => order(a) - order(b) || b.tableBytes - a.tableBytes || a.ordinal - b.ordinal);
}

/**
 * Makes one object again; a step that was done already does nothing. An index build uses at most `helpers` parallel
 * workers beside its own backend, or as many as the session allows where that is undefined. `target.run_superseded`
 * where the ticket is void; `data.duplicate_key`, `data.excluded` and `data.orphan` name the table, the index or foreign key, its
 * columns, and one key of the rows that violate it.
 */
export async function restoreStep(
  client: TargetClient,
  ticket: RunTicket,
  ordinal: number,
  helpers?: number,
): Promise<void> {
  const [dropped] = await readDropped(client, ticket.runId, [ordinal]);
  if (dropped === undefined) return;
  try {
    await buildIndex(client, ticket, dropped, helpers);
    await putInForce(client, ticket, dropped);
  } catch (error) {
    throw explainRestore(error, dropped.object);
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
  const [dropped] = await readDropped(client, ticket.runId, [ordinal]);
  if (dropped === undefined) return true;
  const { object } = dropped;
  try {
    await buildIndex(client, ticket, dropped, helpers);
    if (object.constraintSql !== null || object.extraSql.length > 0) return false;
    await putInForce(client, ticket, dropped);
    return true;
  } catch (error) {
    throw explainRestore(error, object);
  }
}

/**
 * Makes several objects of small tables again, in the order of their ordinals, in one transaction with few round trips.
 * A foreign key whose validation is among them is made valid at once. Where one cannot be made, none is: `restoreStep` of
 * each then does what can be done, and says what stands in the way.
 */
export async function restoreTogether(
  client: TargetClient,
  ticket: RunTicket,
  ordinals: readonly number[],
): Promise<void> {
  await withTransaction(client, async () => {
    await claimAttempt(client, ticket);
    const dropped = await readDropped(client, ticket.runId, ordinals);
    const statements = validatedAtOnce(dropped).flatMap(({ object, hasIndex, hasConstraint }) => [
      ...(hasIndex ? [] : inTablespace(object, object.indexSql)),
      ...(hasConstraint ? [] : inTablespace(object, object.constraintSql)),
      ...object.extraSql,
    ]);
    if (statements.length > 0) await client.run(joinStatements(statements), [], { doing: 'make indexes again' });
    await markRestored(
      client,
      ticket.runId,
      dropped.map(({ ordinal }) => ordinal),
    );
  });
}

/** Foreign keys that are not there yet without their NOT VALID, where their validation is among the objects; not that. */
function validatedAtOnce(dropped: readonly DroppedObject[]): readonly DroppedObject[] {
  const keyOf = ({ object: { schema, table, name } }: DroppedObject) => [schema, table, name].join('\0');
  const ofKind = (kind: ObjectKind) => dropped.filter(({ object }) => object.kind === kind);
  const validated = new Set(ofKind('validation').map(keyOf));
  const isMissing = (one: DroppedObject) => !one.hasConstraint && validated.has(keyOf(one));
  const missing = new Set(ofKind('foreign_key').filter(isMissing).map(keyOf));
  return dropped.flatMap((one) => {
    const { object } = one;
    if (object.kind === 'validation') return missing.has(keyOf(one)) ? [] : [one];
    if (object.kind !== 'foreign_key' || !missing.has(keyOf(one))) return [one];
    const constraintSql = object.constraintSql?.replace(/ NOT VALID$/, '') ?? null;
    return [{ ...one, object: { ...object, constraintSql } }];
  });
}

async function putInForce(client: TargetClient, ticket: RunTicket, dropped: DroppedObject): Promise<void> {
  const { object, ordinal } = dropped;
  await withTransaction(client, async () => {
    await claimAttempt(client, ticket);
    await addConstraint(client, dropped);
    for (const sql of object.extraSql) await client.run(sql, [], doing(object));
    await markRestored(client, ticket.runId, [ordinal]);
  });
}

/** Lets a step be, for good: what it would make stays as it is. */
export async function forgetStep(client: TargetClient, ticket: RunTicket, ordinal: number): Promise<void> {
  await withTransaction(client, async () => {
    await claimAttempt(client, ticket);
    await markRestored(client, ticket.runId, [ordinal]);
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
  { object, hasIndex }: DroppedObject,
  helpers: number | undefined,
): Promise<void> {
  const { indexSql } = object;
  if (indexSql === null || hasIndex) return;
  await withTransaction(client, async () => {
    await claimAttempt(client, ticket);
    if (helpers !== undefined) await useHelpers(client, helpers);
    await client.run(joinStatements(inTablespace(object, indexSql)), [], doing(object));
  });
}

async function addConstraint(client: TargetClient, { object, hasConstraint }: DroppedObject): Promise<void> {
  if (object.constraintSql === null || hasConstraint) return;
  await client.run(joinStatements(inTablespace(object, object.constraintSql)), [], doing(object));
}

/** The tablespace is set each time, so that the session's own default_tablespace cannot move an index. */
function inTablespace({ tablespace }: DetachableObject, sql: string | null): string[] {
  return sql === null ? [] : [`SET LOCAL default_tablespace = ${quoteLiteral(tablespace ?? '')}`, sql];
}

async function useHelpers(client: TargetClient, helpers: number): Promise<void> {
  await client.query(`SELECT set_config('max_parallel_maintenance_workers', $1, true)`, [String(helpers)]);
}

function doing({ kind, name, table }: DetachableObject) {
  return { table, doing: `make ${kind} ${name} of ${table} again` };
}
