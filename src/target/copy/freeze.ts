import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { quoteTable } from '../../lib/quote.js';

/**
 * Prepares tables for COPY … FREEZE inside the caller's transaction: their rows are then frozen and visible to all at
 * once, and VACUUM never has to write their pages again. PostgreSQL requires that the same transaction truncated the
 * table (src/backend/commands/copyfrom.c). So the tables are locked first, and truncated only if they are empty: no row is
 * ever lost. Gives the names of those that are prepared. None, with nothing done, where one is in use, or may not be
 * truncated.
 */
export async function prepareFreeze(
  client: TargetClient,
  schema: string,
  tables: readonly string[],
): Promise<ReadonlySet<string>> {
  if (tables.length === 0) return new Set();
  const list = (names: readonly string[]) => names.map((name) => quoteTable(schema, name)).join(', ');
  try {
    return await withTransaction(client, async () => {
      await client.query(`LOCK TABLE ${list(tables)} IN ACCESS EXCLUSIVE MODE NOWAIT`);
      const looks = tables.map((name) => `EXISTS (SELECT FROM ${quoteTable(schema, name)})`);
      const [found] = await client.query<{ hasRows: readonly boolean[] }>(
        `SELECT ARRAY[${looks.join(', ')}] AS "hasRows"`,
      );
      const empty = tables.filter((_, at) => found?.hasRows[at] === false);
      if (empty.length > 0) await client.query(`TRUNCATE ${list(empty)} CONTINUE IDENTITY RESTRICT`);
      return new Set(empty);
    });
  } catch (error) {
    if (client.isBroken) throw error;
    return new Set();
  }
}
