import type { TargetClient } from '../connection/client.js';
import { callsSql, heirsSql } from '../catalog/by-index.js';
import { withTransaction } from '../connection/transaction.js';
import { isLedgerFunctionSql, isNoterSql } from '../ledger/names.js';
import { columnsMarkSql } from './columns-mark.js';
import { quoteLiteral, quoteName, quoteTable } from '../../lib/quote.js';

/*
 * Closes the tables of a run to all others, from before its first chunk until it is complete or abandoned:
 *   open → closed (ledger row and trigger in one transaction) → open (trigger dropped and the ledger's mark in one transaction)
 * A statement trigger refuses INSERT, UPDATE, DELETE and TRUNCATE of every session that does not have the run's id in the
 * setting below, which only the sessions of the run have. It always fires, also where session_replication_role is
 * replica. It costs one comparison per statement, and nothing per row. The owner of a table can still disable the trigger
 * or change the table itself; the mark of the table shows both.
 */

/** The sessions of a run have its id in this setting. */
export const writerSetting = 'pgferry.run';

const triggerName = 'pgferry_loading';

/** Bounds a message of several statements. */
const statementsPerMessage = 100;

/** SQL: t, a row of pg_trigger, is one by which a run closes a table. */
const closesTableSql = `(t.tgname = '${triggerName}' AND t.tgfoid IN (SELECT f.oid FROM pg_proc f
  JOIN pg_namespace g ON g.oid = f.pronamespace WHERE ${isLedgerFunctionSql('refuse_others')}))`;

/** SQL: t is a trigger of ours, by which a run closes a table or the reverse journal notes what changes there; it is no part of the operator's schema. */
export const ownTriggerSql = `(${closesTableSql} OR t.tgname LIKE 'pgferry\\_note\\_%' AND t.tgfoid IN (SELECT f.oid FROM pg_proc f
  JOIN pg_namespace g ON g.oid = f.pronamespace WHERE ${isNoterSql}))`;

/** SQL: the trigger t closes for this run. Its arguments are stored one after the other, each ended by a zero. */
const isOfRun = (runId: string) =>
  `position('\\x00'::bytea || convert_to(${runId}::text, 'UTF8') || '\\x00'::bytea IN t.tgargs) > 0`;

/**
 * SQL: the table with this oid, and all that inherit from it or are its partitions, as an array of oids. Written so that
 * the catalogs are read by their indexes, however many tables of others there are.
 */
export const treeSql = (oid: string) =>
  `ARRAY(WITH RECURSIVE tree (oid) AS (SELECT ${oid}::oid UNION ${heirsSql})
   SELECT oid FROM tree WHERE oid IS NOT NULL)`;

/**
 * SQL: the reason why others cannot be kept out of the table with this oid, null where they can. A subscription applies
 * its changes without statement triggers; a foreign table is written on its own server.
 */
export const staysOpenSql = (oid: string) => `(
  SELECT CASE WHEN bool_or(x.relkind = 'f') THEN 'it is a foreign table, or has one'
              WHEN NOT bool_and(pg_has_role(x.relowner, 'USAGE')) THEN 'our role does not own it'
              WHEN bool_or(EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = x.oid)) THEN 'a subscription writes to it'
         END FROM pg_class x WHERE x.oid = ANY (${treeSql(oid)}))`;

/** What a writer of others is told. `isFollowed`: the tables stay closed until the switch, not only while they are loaded. */
export function closedMessage(runId: string, isFollowed: boolean): string {
  return isFollowed
    ? `pgferry follows the source into this table in run ${runId} and keeps other writers out until the application is switched; pgferry release gives the move up`
    : `pgferry loads this table in run ${runId} and keeps other writers out until it is proven; pgferry status shows where the run stands`;
}

/** Makes the session one of the run, which may write to the tables that the run has closed. */
export async function joinRun(client: TargetClient, runId: string): Promise<void> {
  await client.query('SELECT set_config($1, $2, false)', [writerSetting, runId]);
}

interface ClosedTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

/**
 * Closes those of these tables that can be closed, with their partitions, from the commit of the caller's transaction
 * on; those that this run has closed already stay closed. Waits for writers as long as the caller's lock_timeout says.
 */
export async function closeToOthers(
  client: TargetClient,
  {
    runId,
    schema,
    tables,
    message,
  }: { readonly runId: string; readonly schema: string; readonly tables: readonly string[]; readonly message: string },
): Promise<void> {
  const open = await client.query<ClosedTable & Record<string, unknown>>(
    `SELECT DISTINCT c.oid, n.nspname::text AS schema, c.relname::text AS name
       FROM unnest($1::text[]) AS root (name),
            LATERAL (SELECT to_regclass(root.name)::oid AS oid) AS r
       JOIN pg_class c ON c.oid = ANY (${treeSql('r.oid')}) JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE ${staysOpenSql('r.oid')} IS NULL
        AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND ${closesTableSql} AND t.tgenabled = 'A'
                           AND ${isOfRun('$2')})
      ORDER BY c.oid`,
    [tables.map((name) => quoteTable(schema, name)), runId],
  );
  await client.query(
    `INSERT INTO ${client.ledger('closed')} (run_id, table_oid, table_schema, table_name)
     SELECT $1, o.oid, o.schema, o.name FROM jsonb_to_recordset($2::jsonb) AS o(oid oid, schema text, name text)
     ON CONFLICT (run_id, table_oid) DO UPDATE SET closed_at = clock_timestamp(), opened_at = NULL,
       table_schema = excluded.table_schema, table_name = excluded.table_name`,
    [runId, JSON.stringify(open)],
  );
  await runAll(
    client,
    open.map(({ schema, name }) => {
      const table = quoteTable(schema, name);
      return `CREATE OR REPLACE TRIGGER ${quoteName(triggerName)} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON ${table}
        FOR EACH STATEMENT WHEN (current_setting(${quoteLiteral(writerSetting)}, true) IS DISTINCT FROM ${quoteLiteral(runId)})
        EXECUTE FUNCTION ${client.ledger('refuse_others')}(${quoteLiteral(message)}, ${quoteLiteral(runId)});
        ALTER TABLE ONLY ${table} ENABLE ALWAYS TRIGGER ${quoteName(triggerName)}`;
    }),
    'close the tables to other writers',
  );
}

/** Opens what the run has closed, from the commit of the caller's transaction on; also tables that were renamed since. */
export async function openToOthers(client: TargetClient, runId: string): Promise<void> {
  await withTransaction(client, async () => {
    const closed = await client.query<{ schema: string; name: string }>(
      `SELECT n.nspname::text AS schema, c.relname::text AS name FROM pg_trigger t
         JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE ${callsSql('t', isLedgerFunctionSql('refuse_others'))} AND ${closesTableSql} AND ${isOfRun('$1')} ORDER BY c.oid`,
      [runId],
    );
    await runAll(
      client,
      closed.map(({ schema, name }) => `DROP TRIGGER ${quoteName(triggerName)} ON ${quoteTable(schema, name)}`),
      'open the tables to other writers',
    );
    await client.query(
      `UPDATE ${client.ledger('closed')} SET opened_at = clock_timestamp() WHERE run_id = $1 AND opened_at IS NULL`,
      [runId],
    );
  });
}

/** Opens what ended runs of this schema kept closed, from the commit of the caller's transaction on; gives how many runs did. */
export async function openEndedRuns(client: TargetClient, schema: string): Promise<number> {
  const runs = await client.query<{ runId: string }>(
    `SELECT DISTINCT r.run_id AS "runId" FROM ${client.ledger('run')} r JOIN ${client.ledger('closed')} c ON c.run_id = r.run_id
      WHERE r.target_schema = $1 AND r.state = 'complete' AND c.opened_at IS NULL ORDER BY 1`,
    [schema],
  );
  for (const { runId } of runs) await openToOthers(client, runId);
  return runs.length;
}

/** The tables that a run has closed, from the ledger. */
export async function countClosed(client: TargetClient, runId: string): Promise<number> {
  const rows = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM ${client.ledger('closed')} WHERE run_id = $1 AND opened_at IS NULL`,
    [runId],
  );
  return rows[0]?.count ?? 0;
}

/**
 * A mark that changes as soon as a closed table was changed by anything but a statement that its trigger lets through:
 * by TRUNCATE, by a rewrite, while the trigger was disabled or dropped, in its columns or partitions, or when another
 * table replaced it. Null where the table is not closed by this run, or does not exist. If a mark that was read before
 * the rows is the same under a lock later, the rows are the same.
 */
export async function readMark(
  client: TargetClient,
  { runId, schema, table }: { readonly runId: string; readonly schema: string; readonly table: string },
): Promise<string | null> {
  return (await readMarks(client, { runId, schema, tables: [table] })).get(table) ?? null;
}

/** The marks of many tables, by name, in one question; those that have none are not in it. */
export async function readMarks(
  client: TargetClient,
  { runId, schema, tables }: { readonly runId: string; readonly schema: string; readonly tables: readonly string[] },
): Promise<ReadonlyMap<string, string>> {
  const rows = await client.query<{ name: string; mark: string | null }>(
    `SELECT root.name, (
       SELECT CASE WHEN bool_and(coalesce(t.tgenabled = 'A', false)) AND ${staysOpenSql('to_regclass(root.quoted)')} IS NULL THEN
              string_agg(concat_ws(':', c.oid, pg_relation_filenode(c.oid), t.oid, t.xmin, f.xmin,
                ${columnsMarkSql('c.oid')}), ',' ORDER BY c.oid)
            END
       FROM pg_class c
       LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND ${closesTableSql}
                             AND ${isOfRun('$3')}
       LEFT JOIN pg_proc f ON f.oid = t.tgfoid
      WHERE c.oid = ANY (${treeSql('to_regclass(root.quoted)')})) AS mark
       FROM unnest($1::text[], $2::text[]) AS root (name, quoted)`,
    [tables, tables.map((table) => quoteTable(schema, table)), runId],
    tables.length === 1 && tables[0] !== undefined ? { table: tables[0] } : {},
  );
  return new Map(rows.flatMap(({ name, mark }) => (mark === null ? [] : [[name, mark] as const])));
}

async function runAll(client: TargetClient, statements: readonly string[], doing: string): Promise<void> {
  for (let from = 0; from < statements.length; from += statementsPerMessage) {
    await client.run(statements.slice(from, from + statementsPerMessage).join(';\n'), [], { doing });
  }
}
