import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { quoteTable } from '../../lib/quote.js';

/**
 * Prepares a table for COPY … FREEZE inside the caller's transaction: its rows are then frozen and visible to all at
 * once, and VACUUM never has to write their pages again. PostgreSQL requires that the same transaction truncated the
 * table (src/backend/commands/copyfrom.c). So the table is locked first, and truncated only if it is empty: no row is
 * ever lost. False, with nothing done, where it holds rows, is in use, or may not be truncated.
 */
export async function prepareFreeze(client: TargetClient, schema: string, table: string): Promise<boolean> {
  const name = quoteTable(schema, table);
  try {
    return await withTransaction(client, async () => {
      await client.query(`LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE NOWAIT`, [], { table });
      const [found] = await client.query<{ hasRows: boolean }>(`SELECT EXISTS (SELECT FROM ${name}) AS "hasRows"`);
      if (found?.hasRows !== false) return false;
      await client.query(`TRUNCATE ${name} CONTINUE IDENTITY RESTRICT`, [], { table });
      return true;
    });
  } catch (error) {
    if (client.isBroken) throw error;
    return false;
  }
}
