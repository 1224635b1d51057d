import { CopierError } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { hasLedger } from '../ledger/ledger.js';
import { quoteLiteral, quoteName, quoteTable } from '../../lib/quote.js';

/*
 * A temporary schema of ours beside the application's, for a rehearsal or to compare a table with its former content.
 * Its comment marks it, so that one which a killed process left behind is recognised, and no other schema is ever
 * dropped.
 */

const mark = 'made by pgferry for a while; it may be dropped at any time';

/** Whether our role may make a schema for a while. */
export async function mayMakeScratch(client: TargetClient): Promise<boolean> {
  const [row] = await client.query<{ may: boolean }>(
    `SELECT has_database_privilege(current_database(), 'CREATE') AS may`,
  );
  return row?.may === true;
}

/** Lends a new, empty schema of this name, and drops it afterwards with what the ledger noted about it. Error: `target.scratch_foreign`. */
export async function withScratchSchema<T>(client: TargetClient, name: string, use: () => Promise<T>): Promise<T> {
  await dropScratch(client, name);
  await client.run(`CREATE SCHEMA ${quoteName(name)}`, [], { doing: `make the schema ${name}` });
  await client.run(`COMMENT ON SCHEMA ${quoteName(name)} IS ${quoteLiteral(mark)}`);
  try {
    return await use();
  } finally {
    // Where the connection is gone the next one drops it; the error of `use` says more.
    await dropScratch(client, name).catch(() => undefined);
  }
}

/** Makes a table with the columns and types of a table in another schema, without keys or indexes. */
export async function copyTableShape(
  client: TargetClient,
  table: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  await client.run(
    `CREATE TABLE ${quoteTable(to, table)} (LIKE ${quoteTable(from, table)} INCLUDING GENERATED INCLUDING IDENTITY)`,
  );
}

async function dropScratch(client: TargetClient, name: string): Promise<void> {
  const [found] = await client.query<{ comment: string | null }>(
    `SELECT obj_description(oid, 'pg_namespace') AS comment FROM pg_namespace WHERE nspname = $1`,
    [name],
  );
  if (found !== undefined && found.comment !== mark) throw foreign(name);
  await withTransaction(client, async () => {
    await client.run(`DROP SCHEMA IF EXISTS ${quoteName(name)} CASCADE`);
    if (await hasLedger(client)) await forgetSchema(client, name);
  });
}

async function forgetSchema(client: TargetClient, name: string): Promise<void> {
  await client.query(`DELETE FROM ${client.ledger('loaded')} WHERE target_schema = $1`, [name]);
  const ofIt = `run_id IN (SELECT run_id FROM ${client.ledger('run')} WHERE target_schema = $1)`;
  await client.query(`DELETE FROM ${client.ledger('object')} WHERE ${ofIt}`, [name]);
  await client.query(`DELETE FROM ${client.ledger('closed')} WHERE ${ofIt}`, [name]);
  await client.query(`DELETE FROM ${client.ledger('run')} WHERE target_schema = $1`, [name]);
}

function foreign(name: string): CopierError {
  return new CopierError('target.scratch_foreign', `the target has a schema ${name} that pgferry did not make`, {
    hint: 'pgferry needs that name for a while: rename the schema that is there, then run again',
  });
}
