import { must } from '../../model/error.js';
import type { ColumnResult, TableFingerprint } from '../../model/copy.js';
import type { TargetClient } from '../connection/client.js';
import type { FingerprintTable } from './fingerprint.js';
import { keyHash } from './hash-sql.js';
import { quoteName, quoteTable } from '../../lib/quote.js';

/** What a table held when a run of ours finished it: exactly such rows may be replaced by a later run. */
export interface LoadedTable extends TableFingerprint {
  readonly schema: string;
  readonly table: string;
  readonly runId: string;
}

/**
 * The content of a table with its fingerprints completed: for columns that have no hash, a sum over the texts of these
 * columns, seeded by the row's key hash, takes the place of their fingerprints. Reads the table only where there are
 * such columns.
 */
export async function withUnhashed(
  client: TargetClient,
  table: FingerprintTable,
  now: TableFingerprint,
): Promise<TableFingerprint> {
  const bare = [...table.columns.entries()].filter(([, { kind }]) => kind.tag === 'jsonb' || kind.tag === 'literal');
  if (bare.length === 0) return now;
  const sums = bare.map(([index]) => `coalesce(sum(hashtextextended(c${index} COLLATE "C", k)), 0)::text`);
  const texts = bare.map(([index, { target }]) => `${quoteName(target)}::text AS c${index}`).join(', ');
  const [row] = await client.query<{ sums: readonly string[] }>(
    `SELECT ARRAY[${sums.join(', ')}] AS sums
       FROM (SELECT ${texts}, ${keyHash(table)} AS k FROM ${quoteTable(table.targetSchema, table.target)}) AS t`,
    [],
    { table: table.target, doing: `sum up ${table.target}` },
  );
  const sumOf = new Map(bare.map(([index], i) => [index, must(row?.sums[i], 'sum of a column')]));
  return {
    ...now,
    columns: now.columns.map((column, i) => ({ ...column, fingerprint: sumOf.get(i) ?? column.fingerprint })),
  };
}

/** Notes what a finished table holds; the newest note of a table replaces the one before. */
export async function recordLoaded(client: TargetClient, loaded: LoadedTable): Promise<void> {
  await client.query(
    `INSERT INTO pgferry.loaded (target_schema, table_name, run_id, rows, keyset, columns)
     VALUES ($1, $2, $3, $4, $5, $6::jsonb)
     ON CONFLICT (target_schema, table_name) DO UPDATE SET run_id = excluded.run_id, rows = excluded.rows,
       keyset = excluded.keyset, columns = excluded.columns, loaded_at = clock_timestamp()`,
    [loaded.schema, loaded.table, loaded.runId, loaded.rows, loaded.keyset, JSON.stringify(loaded.columns)],
  );
}

/** What our runs loaded into the tables of a schema, by table name. */
export async function findLoaded(client: TargetClient, schema: string): Promise<LoadedTable[]> {
  const rows = await client.query<{
    table: string;
    runId: string;
    rows: string;
    keyset: string;
    columns: readonly ColumnResult[];
  }>(
    `SELECT table_name AS table, run_id AS "runId", rows::text AS rows, keyset, columns
       FROM pgferry.loaded WHERE target_schema = $1 ORDER BY table_name`,
    [schema],
  );
  return rows.map((row) => ({ ...row, schema, rows: Number(row.rows) }));
}
