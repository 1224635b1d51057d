import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { isLedgerFunctionSql, isOwnRelationSql } from '../ledger/names.js';
import { quoteLiteral, quoteName, quoteTable } from '../../lib/quote.js';
import { heirsSql, inSchemaSql } from '../catalog/by-index.js';

/*
 * The target closed to writers, once a rollback has taken the application back to SQLite: what still writes to it, an
 * old process for instance, is refused instead of losing what it writes. Statement triggers, so nothing is paid per row.
 */

const triggerName = 'pgferry_closed';

/** SQL: t, a row of pg_trigger, is one by which a rollback left a table; it is no part of the operator's schema. */
export const leavesTableSql = `(t.tgname = '${triggerName}' AND t.tgfoid IN (SELECT f.oid FROM pg_proc f
  JOIN pg_namespace g ON g.oid = f.pronamespace WHERE ${isLedgerFunctionSql('refuse_write')}))`;

/**
 * Keeps all other sessions from writing to the tables of the schema while `use` runs; they may read. The caller must be
 * in a transaction. `target.locked` where a writer does not end in the time that the session's lock_timeout says.
 */
export async function lockTables(client: TargetClient, schema: string): Promise<void> {
  const names = await listTables(client, schema);
  if (names.length === 0) return;
  const list = names.map((name) => quoteTable(schema, name)).join(', ');
  await client.run(`LOCK TABLE ${list} IN SHARE ROW EXCLUSIVE MODE`, [], { doing: 'keep writers off the target' });
}

/**
 * SQL: the tables c with their schemas n into which a row of the schema $1 can be written: its own, their partitions, and
 * what inherits from them, wherever it is. A statement trigger of the parent does not see a statement on these.
 */
const writableTables = `FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'f') AND c.oid IN (
    WITH RECURSIVE tree (oid) AS (
      SELECT t.oid FROM pg_class t WHERE ${inSchemaSql('t', '$1')} AND t.relkind IN ('r', 'p') AND NOT ${isOwnRelationSql('t')}
       UNION ${heirsSql})
    SELECT oid FROM tree)`;

/** Makes every table of the schema refuse writes with this message, from the commit of the caller's transaction on. */
export async function closeTargetTables(client: TargetClient, schema: string, message: string): Promise<void> {
  const body = `BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'read_only_sql_transaction'; END`;
  await client.run(
    `CREATE OR REPLACE FUNCTION ${client.ledger('refuse_write')}() RETURNS trigger LANGUAGE plpgsql AS ${quoteLiteral(body)}`,
  );
  const { rows } = await client.run<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name ${writableTables} ORDER BY c.oid`,
    [schema],
  );
  for (const { schema: at, name } of rows) {
    await client.run(
      `CREATE OR REPLACE TRIGGER ${quoteName(triggerName)} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE
         ON ${quoteTable(at, name)} FOR EACH STATEMENT EXECUTE FUNCTION ${client.ledger('refuse_write')}(${quoteLiteral(message)})`,
      [],
      { table: name },
    );
    // Also for a session that replicates.
    await client.run(`ALTER TABLE ${quoteTable(at, name)} ENABLE ALWAYS TRIGGER ${quoteName(triggerName)}`, [], {
      table: name,
    });
  }
}

/** A mark that changes where a table of the schema was opened, rewritten or replaced since it was closed. */
export async function readClosedMark(client: TargetClient, schema: string): Promise<string> {
  const [row] = await client.query<{ mark: string | null }>(
    `SELECT md5(string_agg(concat_ws(':', c.oid, pg_relation_filenode(c.oid), t.oid, t.xmin, t.tgenabled), ',' ORDER BY c.oid)) AS mark
       FROM (SELECT c.oid ${writableTables}) AS c
       LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = $2 AND NOT t.tgisinternal`,
    [schema, triggerName],
  );
  return row?.mark ?? '';
}

/** Removes the refusal from every table that has it, and returns how many had it. */
export async function reopenTargetTables(client: TargetClient, schema: string): Promise<number> {
  const rows = await client.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name ${writableTables}
        AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = $2 AND NOT t.tgisinternal)`,
    [schema, triggerName],
  );
  await withTransaction(client, async () => {
    for (const { schema: at, name } of rows) {
      await client.run(`DROP TRIGGER IF EXISTS ${quoteName(triggerName)} ON ${quoteTable(at, name)}`);
    }
  });
  return rows.length;
}

/** Tables and partitioned tables of the schema, without the partitions, in the order of their names. */
export async function listTables(client: TargetClient, schema: string): Promise<string[]> {
  const rows = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c
      WHERE ${inSchemaSql('c', '$1')} AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND NOT ${isOwnRelationSql('c')} ORDER BY c.relname COLLATE "C"`,
    [schema],
  );
  return rows.map(({ name }) => name);
}
