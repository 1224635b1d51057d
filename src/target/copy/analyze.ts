import type { TargetClient } from '../connection/client.js';
import { quoteTable } from '../../lib/quote.js';
import type { TableName } from '../schema/truncate.js';

/** A table that the server skipped, with its warning. */
export interface Skipped {
  readonly table: string;
  readonly warning: string;
}

/**
 * VACUUM (ANALYZE) of each table, for the planner's statistics and the visibility map, outside any transaction. Gives
 * what the server warned about instead of doing it, by table: where our role may not, it skips with a warning.
 */
export async function analyzeTables(client: TargetClient, tables: readonly TableName[]): Promise<Skipped[]> {
  const skipped: Skipped[] = [];
  for (const { schema, name } of tables) {
    const onNotice = (notice: { message?: string | undefined }) => {
      skipped.push({ table: name, warning: notice.message ?? 'skipped' });
    };
    client.raw.on('notice', onNotice);
    try {
      await client.run(`VACUUM (ANALYZE) ${quoteTable(schema, name)}`, [], { table: name, doing: `analyse ${name}` });
    } finally {
      client.raw.off('notice', onNotice);
    }
  }
  return skipped;
}
