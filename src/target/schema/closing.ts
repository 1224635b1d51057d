import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { quoteLiteral, quoteName, quoteTable } from '../../lib/quote.js';

/*
 * The target closed to writers, once a rollback has taken the application back to SQLite: what still writes to it, an
 * old process for instance, is refused instead of losing what it writes. Statement triggers, so nothing is paid per row.
 */

const triggerName = 'pgferry_closed';

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

/** Makes every table of the schema refuse writes with this message, from the commit of the caller's transaction on. */
export async function closeTargetTables(client: TargetClient, schema: string, message: string): Promise<void> {
  const body = `BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'read_only_sql_transaction'; END`;
  await client.run(
    `CREATE OR REPLACE FUNCTION pgferry.refuse_write() RETURNS trigger LANGUAGE plpgsql AS ${quoteLiteral(body)}`,
  );
  for (const name of await listTables(client, schema)) {
    await client.run(
      `CREATE OR REPLACE TRIGGER ${quoteName(triggerName)} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE
         ON ${quoteTable(schema, name)} FOR EACH STATEMENT EXECUTE FUNCTION pgferry.refuse_write(${quoteLiteral(message)})`,
      [],
      { table: name },
    );
  }
}

/** Removes the refusal from every table that has it, and returns how many had it. */
export async function reopenTargetTables(client: TargetClient, schema: string): Promise<number> {
  const rows = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
       JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND t.tgname = $2 AND NOT t.tgisinternal AND t.tgparentid = 0`,
    [schema, triggerName],
  );
  await withTransaction(client, async () => {
    for (const { name } of rows) {
      await client.run(`DROP TRIGGER IF EXISTS ${quoteName(triggerName)} ON ${quoteTable(schema, name)}`);
    }
  });
  return rows.length;
}

/** Tables and partitioned tables of the schema, without the partitions, in the order of their names. */
export async function listTables(client: TargetClient, schema: string): Promise<string[]> {
  const rows = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname COLLATE "C"`,
    [schema],
  );
  return rows.map(({ name }) => name);
}
