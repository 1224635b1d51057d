import { CopierError } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import { quoteTable } from '../../lib/quote.js';

/** Of pg_class.relkind: what the plan lets rows be copied into. */
const tableKinds = ['r', 'p', 'f'];

/**
 * Call it after COPYs into these tables, in their transaction, whose locks keep the relations as they are until the
 * commit. A view that replaced a table since the plan may send the rows anywhere. Error: `target.table_swapped`.
 */
export async function checkStillTables(client: TargetClient, schema: string, tables: readonly string[]): Promise<void> {
  const rows = await client.query<{ name: string }>(
    `SELECT t.name FROM unnest($1::text[], $2::text[]) AS t(name, quoted)
      WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.quoted::regclass AND c.relkind = ANY ($3))`,
    [tables, tables.map((name) => quoteTable(schema, name)), tableKinds],
  );
  const [swapped] = rows;
  if (swapped === undefined) return;
  throw new CopierError(
    'target.table_swapped',
    `${schema}.${swapped.name} was a table when the run was planned, and is none now`,
    {
      hint: 'somebody changes the schema while the run goes on: put the table back, then run the same command again',
      table: swapped.name,
    },
  );
}
