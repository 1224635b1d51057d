import { CopierError } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import { quoteTable } from '../../lib/quote.js';

/** Of pg_class.relkind: what the plan lets rows be copied into. */
const tableKinds = ['r', 'p', 'f'];

/**
 * Call it after a COPY, in its transaction, whose lock keeps the relation as it is until the commit. A view that
 * replaced the table since the plan may send the rows anywhere. Error: `target.table_swapped`.
 */
export async function checkStillTable(client: TargetClient, schema: string, table: string): Promise<void> {
  const rows = await client.query('SELECT 1 FROM pg_class WHERE oid = $1::regclass AND relkind = ANY ($2)', [
    quoteTable(schema, table),
    tableKinds,
  ]);
  if (rows.length === 1) return;
  throw new CopierError(
    'target.table_swapped',
    `${schema}.${table} was a table when the run was planned, and is none now`,
    {
      hint: 'somebody changes the schema while the run goes on: put the table back, then run the same command again',
      table,
    },
  );
}
