import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { quoteTable } from '../../lib/quote.js';

/**
 * Makes a table ready for COPY … FREEZE inside the caller's transaction: its rows are then frozen and visible to all at
 * once, and no VACUUM has to write their pages again. PostgreSQL wants the table truncated in the very transaction
 * (src/backend/commands/copyfrom.c), so it is locked first and truncated only if it is empty: nobody's row is lost.
 * False, and nothing done, where it holds rows, is in use, or may not be truncated.
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
