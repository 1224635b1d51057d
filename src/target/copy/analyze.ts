import type { TargetClient } from '../connection/client.js';
import { quoteTable } from '../../lib/quote.js';
import type { TableName } from '../schema/truncate.js';

/** A table that the server skipped, with its warning. */
export interface Skipped {
  readonly table: string;
  readonly warning: string;
}

/**
 * VACUUM (ANALYZE) of the tables by one statement, for the planner's statistics and the visibility map, outside any
 * transaction. Gives what the server warned about instead of doing it, by table: where our role may not, it skips with a
 * warning.
 */
export async function analyzeTables(client: TargetClient, tables: readonly TableName[]): Promise<Skipped[]> {
  const skipped: Skipped[] = [];
  const [first] = tables;
  if (first === undefined) return skipped;
  const onNotice = ({ message = 'skipped' }: { message?: string | undefined }) => {
    const about = tables.length === 1 ? first : tables.find(({ name }) => message.includes(`"${name}"`));
    skipped.push({ table: about?.name ?? 'a table', warning: message });
  };
  const context = tables.length === 1 ? { table: first.name } : {};
  const list = tables.map(({ schema, name }) => quoteTable(schema, name)).join(', ');
  client.raw.on('notice', onNotice);
  try {
    await client.run(`VACUUM (ANALYZE) ${list}`, [], { ...context, doing: `analyse ${first.name}` });
  } finally {
    client.raw.off('notice', onNotice);
  }
  return skipped;
}
