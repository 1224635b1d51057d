import type { TableDigest } from '../../model/cutover.js';
import type { TargetClient } from '../connection/client.js';
import { isOwnRelationSql } from '../ledger/names.js';
import { quoteTable } from '../../lib/quote.js';
import { inSchemaSql } from '../catalog/by-index.js';

/**
 * The number of rows and a sum of row hashes for every table of the schema, by name. Works for all types, since a row
 * is hashed by its text. It says whether a table was written since, not what was written. Reads every row.
 * `onTable` is told before each table how many are done.
 */
export async function digestTables(
  client: TargetClient,
  schema: string,
  onTable: (done: number, total: number) => void = () => {},
): Promise<TableDigest[]> {
  const names = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c
      WHERE ${inSchemaSql('c', '$1')} AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT ${isOwnRelationSql('c')} ORDER BY c.relname COLLATE "C"`,
    [schema],
  );
  const digests: TableDigest[] = [];
  for (const { name } of names) {
    onTable(digests.length, names.length);
    digests.push(await digestTable(client, schema, name));
  }
  onTable(names.length, names.length);
  return digests;
}

/** Tables of more bytes are not digested while writers wait. */
const smallBytes = 4 * 1024 * 1024;

/**
 * The digests of small tables but these: of those that no run fills, such as the ones in which a framework counts its
 * migrations.
 */
export async function digestSmall(
  client: TargetClient,
  schema: string,
  except: readonly string[],
): Promise<TableDigest[]> {
  const names = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c
      WHERE ${inSchemaSql('c', '$1')} AND c.relkind = 'r' AND NOT c.relispartition AND pg_relation_size(c.oid) <= $2
        AND NOT c.relname = ANY ($3) AND NOT ${isOwnRelationSql('c')} ORDER BY c.relname COLLATE "C"`,
    [schema, smallBytes, except],
  );
  const digests: TableDigest[] = [];
  for (const { name } of names) digests.push(await digestTable(client, schema, name));
  return digests;
}

/** The digest of one table. */
export async function digestTable(client: TargetClient, schema: string, table: string): Promise<TableDigest> {
  const [row] = await client.query<{ rows: string; sum: string }>(
    `SELECT count(*)::text AS rows, coalesce(sum(hashtextextended((t.*)::text COLLATE "C", 0)), 0)::text AS sum
       FROM ${quoteTable(schema, table)} AS t`,
    [],
    { table, doing: `digest ${table}` },
  );
  return { table, rows: Number(row?.rows ?? 0), sum: row?.sum ?? '0' };
}
