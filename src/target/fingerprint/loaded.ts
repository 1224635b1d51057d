import { must } from '../../model/error.js';
import type { ColumnResult, TableFingerprint } from '../../model/copy.js';
import type { TargetClient } from '../connection/client.js';
import type { FingerprintTable } from './fingerprint.js';
import { keyHash } from './hash-sql.js';
import { quoteName, quoteTable } from '../../lib/quote.js';
import { comparedRows } from '../../lib/compared-rows.js';

/** What a table held when a run of ours finished it: exactly such rows may be replaced by a later run. */
export interface LoadedTable extends TableFingerprint {
  readonly schema: string;
  readonly table: string;
  readonly runId: string;
}

/** Used instead of a column's name for all columns that are in no plan. */
const unplannedName = '*';

/**
 * The content of a table with its fingerprints completed. For columns that have no hash, a sum over their texts, seeded
 * by the row's key hash, takes the place of their fingerprints. Where columns that are in no plan hold values, one more
 * sum over these follows. Reads the table only where there are such columns; `unplanned` is what `readUnplanned` gave
 * for it and others.
 */
export async function withUnhashed(
  client: TargetClient,
  table: FingerprintTable,
  now: TableFingerprint,
  unplanned?: UnplannedColumns,
): Promise<TableFingerprint> {
  const bare = [...table.columns.entries()].filter(([, { kind }]) => kind.tag === 'jsonb' || kind.tag === 'literal');
  const others = (unplanned ?? (await readUnplanned(client, [table]))).get(table.target) ?? [];
  if (bare.length === 0 && others.length === 0) return now;
  const sums = bare.map(([index]) => sumOf(`c${index}`));
  const texts = bare.map(([index, { target }]) => `${quoteName(target)}::text AS c${index}`);
  // A row without values in these columns adds nothing to the sum: so an empty column that was added since changes
  // nothing.
  const rest = others.map((name) => `${quoteName(name)}::text`).join(', ');
  const isSet = others.map((name) => `${quoteName(name)} IS NOT NULL`).join(' OR ');
  if (others.length > 0) texts.push(`CASE WHEN ${isSet} THEN array_remove(ARRAY[${rest}], NULL)::text END AS rest`);
  const [row] = await client.query<{ sums: readonly string[] }>(
    `SELECT ARRAY[${[...sums, others.length > 0 ? sumOf('rest') : "'0'"].join(', ')}] AS sums
       FROM (SELECT ${texts.join(', ')}, ${keyHash(table)} AS k FROM ${comparedRows(table)} AS t) AS t`,
    [],
    { table: table.target, doing: `sum up ${table.target}` },
  );
  const found = must(row, 'row of sums').sums;
  const byIndex = new Map(bare.map(([index], i) => [index, must(found[i], 'sum of a column')]));
  const columns = now.columns.map((column, i) => ({ ...column, fingerprint: byIndex.get(i) ?? column.fingerprint }));
  const restSum = must(found[bare.length], 'sum of the other columns');
  if (restSum === '0') return { ...now, columns };
  return { ...now, columns: [...columns, { column: unplannedName, nulls: 0, empties: 0, fingerprint: restSum }] };
}

/** Whether columns that are in no plan hold values. */
export function hasUnplanned({ columns }: TableFingerprint): boolean {
  return columns.some(({ column }) => column === unplannedName);
}

const sumOf = (text: string) => `coalesce(sum(hashtextextended(${text} COLLATE "C", k)), 0)::text`;

/** Columns that the plan does not fill, by table. */
export type UnplannedColumns = ReadonlyMap<string, readonly string[]>;

/** Columns of the tables of one schema that the plan does not fill, in the order of their names. */
export async function readUnplanned(
  client: TargetClient,
  tables: readonly FingerprintTable[],
): Promise<UnplannedColumns> {
  const planned = tables.map(({ targetSchema, target, columns }) => ({
    name: target,
    quoted: quoteTable(targetSchema, target),
    columns: columns.map((column) => column.target),
  }));
  const rows = await client.query<{ name: string; columns: readonly string[] }>(
    `SELECT t.name, array_agg(a.attname::text ORDER BY a.attname COLLATE "C") AS columns
       FROM jsonb_to_recordset($1::jsonb) AS t(name text, quoted text, columns text[])
      CROSS JOIN LATERAL (SELECT * FROM pg_attribute m WHERE m.attrelid = to_regclass(t.quoted) OFFSET 0) AS a
      WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (t.columns) AND a.attgenerated = ''
      GROUP BY t.name`,
    [JSON.stringify(planned)],
  );
  return new Map(rows.map(({ name, columns }) => [name, columns]));
}

/** Records the content of finished tables; the newest record of a table replaces the one before. */
export async function recordLoaded(client: TargetClient, loaded: readonly LoadedTable[]): Promise<void> {
  await client.query(
    `INSERT INTO ${client.ledger('loaded')} (target_schema, table_name, run_id, rows, keyset, columns)
     SELECT l.schema, l."table", l."runId", l.rows, l.keyset, l.columns
       FROM jsonb_to_recordset($1::jsonb) AS l(schema text, "table" text, "runId" text, rows bigint, keyset text, columns jsonb)
     ON CONFLICT (target_schema, table_name) DO UPDATE SET run_id = excluded.run_id, rows = excluded.rows,
       keyset = excluded.keyset, columns = excluded.columns, loaded_at = clock_timestamp()`,
    [JSON.stringify(loaded)],
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
       FROM ${client.ledger('loaded')} WHERE target_schema = $1 ORDER BY table_name`,
    [schema],
  );
  return rows.map((row) => ({ ...row, schema, rows: Number(row.rows) }));
}
