import type { TargetClient } from '../connection/client.js';
import { inTreeSql } from '../catalog/by-index.js';
import type { DetachableObject, ObjectInForce } from './detachable-object.js';
import { readForeignKeys } from './foreign-keys.js';
import { readIndexes } from './indexes.js';
import { readTriggers } from './triggers.js';

export interface Detachable {
  /** In the order in which they can be dropped. */
  readonly objects: readonly DetachableObject[];
  readonly inForce: readonly ObjectInForce[];
}

interface TableRow {
  readonly oid: number;
  readonly name: string;
  readonly kind: string;
  readonly isInTree: boolean;
  readonly isOwned: boolean;
  readonly canCreate: boolean;
}

/**
 * Reads which objects of the named tables can be detached, and which must stay: those of partitioned and inheriting
 * tables, of other owners' tables, and all that we could drop but not make again (no CREATE on the schema, no
 * REFERENCES on the parent, a view that depends on a primary key). Columns, defaults, NOT NULL and CHECK are not
 * touched. `keepsIndexes` names tables whose B-trees are left alone.
 */
export async function readDetachable(
  client: TargetClient,
  schema: string,
  names: readonly string[],
  keepsIndexes: ReadonlySet<string> = new Set(),
): Promise<Detachable> {
  const tables = await readTables(client, schema, names);
  const { free, inForce } = splitTables(tables);
  const oids = free.map((table) => table.oid);
  const foreignKeys = await readForeignKeys(client, oids);
  const indexedOids = free.filter(({ name }) => keepsIndexes.has(name)).map(({ oid }) => oid);
  const indexes = await readIndexes(client, { tableOids: oids, indexedOids }, foreignKeys.oids);
  const triggers = await readTriggers(client, oids);
  return {
    objects: [...triggers, ...foreignKeys.objects, ...indexes.objects],
    inForce: [...inForce, ...foreignKeys.inForce, ...indexes.inForce],
  };
}

async function readTables(client: TargetClient, schema: string, names: readonly string[]): Promise<TableRow[]> {
  return await client.query<TableRow & Record<string, unknown>>(
    `SELECT c.oid, c.relname AS name, c.relkind AS kind,
            ${inTreeSql('c.oid')} AS "isInTree",
            pg_has_role(c.relowner, 'USAGE') AS "isOwned", has_schema_privilege(n.oid, 'CREATE') AS "canCreate"
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = ANY ($2::name[]) AND c.relkind IN ('r', 'p', 'f') ORDER BY c.relname`,
    [schema, names],
  );
}

function splitTables(tables: readonly TableRow[]): { free: TableRow[]; inForce: ObjectInForce[] } {
  const free: TableRow[] = [];
  const inForce: ObjectInForce[] = [];
  for (const table of tables) {
    const reason = reasonToKeep(table);
    if (reason === null) free.push(table);
    else inForce.push({ kind: 'table', table: table.name, name: table.name, reason });
  }
  return { free, inForce };
}

function reasonToKeep(table: TableRow): string | null {
  if (table.kind !== 'r') return 'it is not a plain table';
  if (table.isInTree) return 'it takes part in partitioning or inheritance';
  if (!table.isOwned) return 'our role does not own it';
  // Dropping an index needs the table, making one needs CREATE on the schema.
  if (!table.canCreate) return 'our role may not create indexes in its schema';
  return null;
}
