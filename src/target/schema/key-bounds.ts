import { comparedRows, type TableWithStaying } from '../../lib/compared-rows.js';
import { quoteName } from '../../lib/quote.js';
import type { TargetClient } from '../connection/client.js';

/** The least and the greatest value of a column of whole numbers, each looked up in its index; null where there is no row. */
export async function readBounds(
  client: TargetClient,
  table: TableWithStaying,
  column: string,
): Promise<{ readonly first: bigint; readonly last: bigint } | null> {
  const from = `FROM ${comparedRows(table)} AS t`;
  const name = `t.${quoteName(column)}`;
  const [row] = await client.query<{ first: string | null; last: string | null }>(
    `SELECT min(${name})::text AS first, max(${name})::text AS last ${from}`,
    [],
    { table: table.target },
  );
  return row?.first == null || row.last == null ? null : { first: BigInt(row.first), last: BigInt(row.last) };
}
