import type { TargetTable } from '../../model/target.js';
import type { TargetClient } from '../connection/client.js';
import { quoteTable } from '../../lib/quote.js';

type NamedTable = Pick<TargetTable, 'oid' | 'name' | 'kind'>;

/** Bounds the statement: each EXISTS takes locks and a piece of the parser's memory. */
const tablesPerStatement = 500;

/**
 * The oids of the tables with at least one row, asked with one EXISTS each, hundreds to a statement. Where we may not
 * SELECT, or a policy could hide rows, the table's size decides instead: a table with a page counts as having rows,
 * since a wrong "empty" would be dangerous. A foreign table is not asked, since that would call another server.
 */
export async function findTablesWithRows(
  client: TargetClient,
  schema: string,
  tables: readonly NamedTable[],
): Promise<ReadonlySet<number>> {
  const local = tables.filter((table) => table.kind !== 'f');
  const readable = await findReadable(client, schema, local);
  const found = new Set<number>();
  for (let from = 0; from < local.length; from += tablesPerStatement) {
    const parts = local.slice(from, from + tablesPerStatement).map(({ oid, name }) => {
      return `SELECT ${oid}::oid, ${readable.has(oid) ? `EXISTS (SELECT FROM ${quoteTable(schema, name)})` : sizeSql(oid)}`;
    });
    const sql = `SELECT oid FROM (${parts.join(' UNION ALL ')}) AS t(oid, has) WHERE has`;
    for (const { oid } of await client.query<{ oid: number }>(sql)) found.add(oid);
  }
  return found;
}

async function findReadable(
  client: TargetClient,
  schema: string,
  tables: readonly NamedTable[],
): Promise<ReadonlySet<number>> {
  const rows = await client.query<{ oid: number }>(
    `SELECT t.oid FROM unnest($1::oid[]) AS t(oid)
      WHERE has_schema_privilege((SELECT n.oid FROM pg_namespace n WHERE n.nspname = $2), 'USAGE')
        AND has_table_privilege(t.oid, 'SELECT') AND NOT row_security_active(t.oid)`,
    [tables.map((table) => table.oid), schema],
  );
  return new Set(rows.map((row) => row.oid));
}

/** A partitioned table has no pages of its own. */
function sizeSql(oid: number): string {
  const partitions = `SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(${oid}::oid::regclass)`;
  return `pg_relation_size(${oid}::oid) + coalesce((${partitions}), 0) > 0`;
}

/** Those of these tables that are there; `isAlone` are those without partitions and tables that inherit from them. */
export async function readNamedTables(
  client: TargetClient,
  schema: string,
  names: readonly string[],
): Promise<readonly (NamedTable & { readonly isAlone: boolean })[]> {
  return await client.query<NamedTable & { isAlone: boolean }>(
    `SELECT c.oid, c.relname::text AS name, c.relkind::text AS kind,
            NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) AS "isAlone"
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = ANY ($2) AND c.relkind IN ('r', 'p', 'f') ORDER BY c.oid`,
    [schema, names],
  );
}

/** Reads the whole table. */
export async function countTargetRows(client: TargetClient, schema: string, table: string): Promise<number> {
  const rows = await client.query<{ count: string }>(
    `SELECT count(*)::text AS count FROM ${quoteTable(schema, table)}`,
    [],
    { table },
  );
  return Number(rows[0]?.count ?? 0);
}
