import type { TenantPartition } from '../../model/fleet/tenant.js';
import type { SchemaObject } from '../../model/schema.js';
import { quoteName, quoteTable } from '../../lib/quote.js';
import type { TargetClient } from '../connection/client.js';
import { copyKeys } from './keys.js';
import { inSchemaSql } from '../catalog/by-index.js';

/** Serialises the making of partitioned tables. The number has no meaning, but must not be used by anything else. */
const parentsLockKey = '7366466925186049795';

/** Waits until no other transaction makes partitioned tables, and keeps others from it until the caller's ends. */
export async function lockParents(client: TargetClient): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock($1::bigint)', [parentsLockKey]);
}

/** The tables that are partitioned by the tenant, and those of the schema that are not. */
export interface ParentTables {
  readonly partitioned: readonly string[];
  readonly others: readonly string[];
}

export async function listParents(client: TargetClient, { schema, column }: TenantPartition): Promise<ParentTables> {
  const rows = await client.query<{ name: string; isParent: boolean }>(
    `SELECT c.relname::text AS name, coalesce(p.partstrat = 'l' AND p.partnatts = 1 AND a.attname = $2, false) AS "isParent"
       FROM pg_class c
       LEFT JOIN pg_partitioned_table p ON p.partrelid = c.oid
       LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
      WHERE ${inSchemaSql('c', '$1')} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') ORDER BY c.relname COLLATE "C"`,
    [schema, column],
  );
  const namesWhere = (isParent: boolean) => rows.filter((row) => row.isParent === isParent).map(({ name }) => name);
  return { partitioned: namesWhere(true), others: namesWhere(false) };
}

/**
 * Makes the partitioned table to a plain one: the column of the tenant, those of the plain table, its keys and unique
 * indexes with the tenant before them, its other indexes as they are. Foreign keys are left to the partitions.
 */
export async function makeParent(
  client: TargetClient,
  { schema, column }: TenantPartition,
  plain: { readonly schema: string; readonly table: string; readonly objects: readonly SchemaObject[] },
): Promise<void> {
  const { table } = plain;
  const [parent, tenant] = [quoteTable(schema, table), quoteName(column)];
  await client.query(
    `CREATE TABLE ${parent} (${tenant} text NOT NULL, LIKE ${quoteTable(plain.schema, table)} INCLUDING ALL EXCLUDING INDEXES)
       PARTITION BY LIST (${tenant})`,
    [],
    { table },
  );
  await copyKeys(client, { from: plain, to: { schema, table }, objects: plain.objects }, column);
}
