import type { TargetClient } from '../connection/client.js';
import { inSchemaSql } from '../catalog/by-index.js';

/*
 * A table of one tenant has a column that the source has not. A CHECK of a name of ours holds it to one value, says by
 * that which column it is, and spares PostgreSQL the reading of all rows when the table becomes a partition. Readers of
 * the catalog leave the column out, so that to everybody else the table is a plain one.
 */

/** The name of that CHECK. */
export const tenantCheck = 'pgferry_tenant';

/** The tables of a schema that are of one tenant, by name. */
export async function listTenantTables(client: TargetClient, schema: string): Promise<string[]> {
  const rows = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c
      WHERE ${inSchemaSql('c', '$1')} AND c.relkind = 'r' AND ${isTenantTableSql('c.oid')} ORDER BY 1`,
    [schema],
  );
  return rows.map(({ name }) => name);
}

/*
 * `contypid`, which is 0 for what is of a table, completes the columns of an index; by its name alone the CHECK would be
 * looked for among those of all tenants.
 */

/** SQL: the table with this oid is one of a tenant. */
export function isTenantTableSql(relation: string): string {
  return `EXISTS (SELECT FROM pg_constraint q WHERE q.conrelid = ${relation} AND q.contypid = 0 AND q.contype = 'c' AND q.conname = '${tenantCheck}')`;
}

/** SQL: the column with this number is the one of the tenant. */
export function isTenantColumnSql(relation: string, number: string): string {
  return `EXISTS (SELECT FROM pg_constraint q WHERE q.conrelid = ${relation} AND q.contypid = 0 AND q.contype = 'c'
                     AND q.conname = '${tenantCheck}' AND q.conkey = ARRAY[${number}]::int2[])`;
}
