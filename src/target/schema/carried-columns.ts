import { quoteName, quoteTable } from '../../lib/quote.js';
import type { TargetClient } from '../connection/client.js';

/** A column of a table that stores values, as it is now. */
export interface StoredColumn {
  readonly name: string;
  /** format_type() */
  readonly type: string;
}

/** The columns of a table, in order, but those that are computed. */
export async function listStoredColumns(client: TargetClient, schema: string, table: string): Promise<StoredColumn[]> {
  return await client.query<StoredColumn & Record<string, unknown>>(
    `SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type FROM pg_attribute a
      WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum`,
    [quoteTable(schema, table)],
  );
}

/** How many rows of a table have a value in this column. */
export async function countValues(
  client: TargetClient,
  { schema, table, column }: { readonly schema: string; readonly table: string; readonly column: string },
): Promise<number> {
  const [row] = await client.query<{ count: string }>(
    `SELECT count(${quoteName(column)})::text AS count FROM ${quoteTable(schema, table)}`,
    [],
    { table },
  );
  return Number(row?.count ?? 0);
}
