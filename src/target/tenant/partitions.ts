import type { TenantPartition } from '../../model/fleet/tenant.js';
import type { SchemaObject, SchemaReference } from '../../model/schema.js';
import { CopierError } from '../../model/error.js';
import { quoteLiteral, quoteName, quoteTable } from '../../lib/quote.js';
import type { TargetClient } from '../connection/client.js';
import { isTenantTableSql, tenantCheck } from './constant-column.js';
import { copyKeys } from './keys.js';
import { inSchemaSql } from '../catalog/by-index.js';

/** A foreign key between two tables of one tenant; its columns are without that of the tenant. */
export interface TenantForeignKey {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly reference: SchemaReference;
}

/**
 * Makes a table like one that is partitioned, for the rows of one tenant; it is a partition only once it is attached.
 * `parents`: what the partitioned tables have.
 */
export async function makePartition(
  client: TargetClient,
  { schema, column, value }: TenantPartition,
  { schema: own, table, parents }: { schema: string; table: string; parents: readonly SchemaObject[] },
): Promise<void> {
  const [made, tenant, constant] = [quoteTable(own, table), quoteName(column), quoteLiteral(value)];
  const where = { table };
  await client.query(
    `CREATE TABLE ${made} (LIKE ${quoteTable(schema, table)} INCLUDING ALL EXCLUDING INDEXES)`,
    [],
    where,
  );
  await client.query(
    `ALTER TABLE ${made} ALTER ${tenant} SET DEFAULT ${constant}, ALTER ${tenant} SET NOT NULL,
       ADD CONSTRAINT ${quoteName(tenantCheck)} CHECK (${tenant} = ${constant})`,
    [],
    where,
  );
  await copyKeys(client, { from: { schema, table }, to: { schema: own, table }, objects: parents }, null);
}

/**
 * Makes a foreign key between two tables of one tenant, with the tenant before its columns. Both are of the same tenant
 * whatever they hold, so it forbids what one between the partitioned tables would, without a look at other tenants.
 */
export async function addTenantForeignKey(
  client: TargetClient,
  { column }: TenantPartition,
  { schema, key, serverVersion }: { schema: string; key: TenantForeignKey; serverVersion: number },
): Promise<void> {
  const { name, table, columns, reference } = key;
  const list = (names: readonly string[]) => names.map(quoteName).join(', ');
  const sets = (action: string) => action.startsWith('SET ');
  if (sets(reference.onUpdate) || (sets(reference.onDelete) && serverVersion < 150_000)) throw setsTenant(key);
  const onDelete = sets(reference.onDelete) ? `${reference.onDelete} (${list(columns)})` : reference.onDelete;
  const deferrable = { no: '', immediate: ' DEFERRABLE', deferred: ' DEFERRABLE INITIALLY DEFERRED' };
  await client.query(
    `ALTER TABLE ${quoteTable(schema, table)} ADD CONSTRAINT ${quoteName(name)} FOREIGN KEY (${list([column, ...columns])})
       REFERENCES ${quoteTable(schema, reference.table)} (${list([column, ...reference.columns])})
       ON UPDATE ${reference.onUpdate} ON DELETE ${onDelete}${deferrable[reference.deferrable]}`,
    [],
    { table },
  );
}

/** An action that sets columns would set that of the tenant too. */
function setsTenant({ name, table, columns, reference }: TenantForeignKey): CopierError {
  const action = reference.onUpdate.startsWith('SET ')
    ? `ON UPDATE ${reference.onUpdate}`
    : `ON DELETE ${reference.onDelete}`;
  return new CopierError(
    'plan.tenant_action',
    `the foreign key ${name} of ${table} (${columns.join(', ')}) is ${action}, which would set the tenant of the row too`,
    {
      hint: 'use --into schema-per-file, or (for ON DELETE) PostgreSQL 15 or newer, or take the action off the key in the source',
      table,
    },
  );
}

/** Tables of one tenant that are not attached yet, by name. */
async function listDetached(client: TargetClient, schema: string): Promise<string[]> {
  const rows = await client.query<{ name: string }>(
    `SELECT c.relname::text AS name FROM pg_class c
      WHERE ${inSchemaSql('c', '$1')} AND c.relkind = 'r' AND NOT c.relispartition AND ${isTenantTableSql('c.oid')}
      ORDER BY c.relname COLLATE "C"`,
    [schema],
  );
  return rows.map(({ name }) => name);
}

/**
 * Makes every table of a tenant's schema a partition, in the caller's transaction: all or none. PostgreSQL reads no row,
 * as the tables' CHECK says what they hold. Numbers that were handed out to the tenant are not handed out by the
 * partitioned table. Tables that are partitions already stay as they are. All callers go by name, so none waits for
 * another that waits for it.
 */
export async function attachPartitions(
  client: TargetClient,
  schema: string,
  partition: TenantPartition,
): Promise<void> {
  for (const table of await listDetached(client, schema)) {
    const [own, parent] = [quoteTable(schema, table), quoteTable(partition.schema, table)];
    const identities = await readIdentities(client, own);
    for (const { column } of identities)
      await client.query(`ALTER TABLE ${own} ALTER ${quoteName(column)} DROP IDENTITY`);
    await client.query(
      `ALTER TABLE ${parent} ATTACH PARTITION ${own} FOR VALUES IN (${quoteLiteral(partition.value)})`,
      [],
      {
        table,
        doing: `attach the tenant ${partition.value}`,
      },
    );
    for (const identity of identities) await countOn(client, parent, identity);
  }
}

interface Identity {
  readonly column: string;
  /** The last number that was handed out; null before the first. */
  readonly last: string | null;
}

async function readIdentities(client: TargetClient, table: string): Promise<Identity[]> {
  const columns = await client.query<{ column: string; sequence: string }>(
    `SELECT a.attname::text AS column, pg_get_serial_sequence($1, a.attname) AS sequence FROM pg_attribute a
      WHERE a.attrelid = $1::regclass AND a.attidentity <> '' AND NOT a.attisdropped ORDER BY a.attnum`,
    [table],
  );
  const found: Identity[] = [];
  for (const { column, sequence } of columns) {
    const [row] = await client.query<{ last: string | null }>(
      `SELECT CASE WHEN is_called THEN last_value END::text AS last FROM ${sequence}`,
    );
    found.push({ column, last: row?.last ?? null });
  }
  return found;
}

/** Moves the sequence of a partitioned table behind a number, never back. The lock of the attaching keeps others off. */
async function countOn(client: TargetClient, parent: string, { column, last }: Identity): Promise<void> {
  if (last === null) return;
  const [found] = await client.query<{ sequence: string; falls: boolean }>(
    `SELECT s.seqrelid::regclass::text AS sequence, s.seqincrement < 0 AS falls FROM pg_sequence s
      WHERE s.seqrelid = pg_get_serial_sequence($1, $2)::regclass`,
    [parent, column],
  );
  if (found === undefined) return;
  const { sequence, falls } = found;
  await client.query(
    `SELECT setval($1::regclass, $2::int8) FROM ${sequence} WHERE NOT is_called OR last_value ${falls ? '>' : '<'} $2::int8`,
    [sequence, last],
  );
}
