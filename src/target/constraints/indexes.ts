import type { TargetClient } from '../connection/client.js';
import type { DetachableObject, ObjectInForce, ObjectKind } from './detachable-object.js';
import { quoteLiteral, quoteName, quoteTable } from '../../lib/quote.js';

interface IndexRow {
  readonly oid: number;
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly definition: string;
  readonly isValid: boolean;
  readonly isClustered: boolean;
  readonly isReplicaIdentity: boolean;
  readonly tablespace: string | null;
  readonly mayUseTablespace: boolean;
  readonly comment: string | null;
  readonly statistics: readonly { readonly column: number; readonly target: number }[];
  readonly constraint: ConstraintRow | null;
  readonly dependents: readonly { readonly constraintOid: number | null; readonly what: string }[];
}

interface ConstraintRow {
  readonly type: 'p' | 'u' | 'x';
  readonly definition: string;
  readonly isDeferrable: boolean;
  readonly isDeferred: boolean;
  /** WITHOUT OVERLAPS, PostgreSQL 18: rests on a GiST index that ADD CONSTRAINT … USING INDEX does not take. */
  readonly isTemporal: boolean;
  readonly comment: string | null;
}

const query = `
SELECT i.indexrelid AS oid, ic.relname AS name, n.nspname AS schema, c.relname AS table,
       pg_get_indexdef(i.indexrelid) AS definition, i.indisvalid AND i.indisready AS "isValid",
       i.indisclustered AS "isClustered", i.indisreplident AS "isReplicaIdentity", s.spcname AS tablespace,
       s.oid IS NULL OR has_tablespace_privilege(s.oid, 'CREATE') AS "mayUseTablespace",
       obj_description(i.indexrelid, 'pg_class') AS comment,
       (SELECT coalesce(json_agg(json_build_object('column', a.attnum, 'target', a.attstattarget) ORDER BY a.attnum), '[]')
          FROM pg_attribute a WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0) AS statistics,
       CASE WHEN con.oid IS NOT NULL THEN json_build_object(
         'type', con.contype, 'definition', pg_get_constraintdef(con.oid), 'isDeferrable', con.condeferrable,
         'isDeferred', con.condeferred, 'isTemporal', coalesce((to_jsonb(con) ->> 'conperiod')::boolean, false),
         'comment', obj_description(con.oid, 'pg_constraint')) END AS constraint,
       (SELECT coalesce(json_agg(json_build_object(
                 'constraintOid', CASE WHEN d.classid = 'pg_constraint'::regclass THEN d.objid::bigint END,
                 'what', pg_describe_object(d.classid, d.objid, d.objsubid))), '[]')
          FROM pg_depend d
         WHERE d.deptype IN ('n', 'a')
           AND (d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indexrelid
             OR d.refclassid = 'pg_constraint'::regclass AND d.refobjid = con.oid)) AS dependents
  FROM pg_index i
  JOIN pg_class ic ON ic.oid = i.indexrelid
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_tablespace s ON s.oid = ic.reltablespace
  LEFT JOIN pg_constraint con ON con.conindid = i.indexrelid AND con.conrelid = c.oid AND con.contype IN ('p', 'u', 'x')
 WHERE i.indrelid = ANY ($1::oid[])
   AND NOT (i.indrelid = ANY ($2::oid[]) AND i.indimmediate AND i.indisvalid AND i.indisready AND con.contype IS DISTINCT FROM 'x'
            AND EXISTS (SELECT FROM pg_am m WHERE m.oid = ic.relam AND m.amname = 'btree'))
 ORDER BY n.nspname, c.relname, coalesce(con.contype, 'z') <> 'p', ic.relname`;

/**
 * Indexes of the tables, with the PRIMARY KEY, UNIQUE and EXCLUDE constraints that use them. `droppedForeignKeys` are
 * the constraints (oids) that will have been dropped before; anything else that depends on an index keeps it in place.
 * Of `indexedOids` none is given that takes a row at a time as well as it is built: a B-tree that is checked at once.
 */
export async function readIndexes(
  client: TargetClient,
  { tableOids, indexedOids }: { readonly tableOids: readonly number[]; readonly indexedOids: readonly number[] },
  droppedForeignKeys: ReadonlySet<number>,
): Promise<{ objects: DetachableObject[]; inForce: ObjectInForce[] }> {
  const rows = await client.query<IndexRow & Record<string, unknown>>(query, [tableOids, indexedOids]);
  const objects: DetachableObject[] = [];
  const inForce: ObjectInForce[] = [];
  for (const row of rows) {
    const reason = reasonToKeep(row, droppedForeignKeys);
    if (reason === null) objects.push(toObject(row));
    else inForce.push({ kind: kindOf(row), table: row.table, name: row.name, reason });
  }
  return { objects, inForce };
}

function reasonToKeep(row: IndexRow, droppedForeignKeys: ReadonlySet<number>): string | null {
  if (!row.isValid) return 'the index is not valid';
  if (!row.mayUseTablespace) return `our role may not create in tablespace ${row.tablespace}`;
  const other = row.dependents.find(
    ({ constraintOid }) => constraintOid === null || !droppedForeignKeys.has(constraintOid),
  );
  return other === undefined ? null : `${other.what} depends on it`;
}

function kindOf(row: IndexRow): ObjectKind {
  const kinds = { p: 'primary_key', u: 'unique', x: 'exclusion' } as const;
  return row.constraint === null ? 'index' : kinds[row.constraint.type];
}

/** The constraint's name is its index's name: PostgreSQL renames one with the other. */
function toObject(row: IndexRow): DetachableObject {
  const { constraint } = row;
  const table = quoteTable(row.schema, row.table);
  const name = quoteName(row.name);
  const isOnIndex = constraint !== null && constraint.type !== 'x' && !constraint.isTemporal;
  const drop = constraint === null ? `DROP INDEX ${quoteTable(row.schema, row.name)}` : null;
  return {
    kind: kindOf(row),
    schema: row.schema,
    table: row.table,
    name: row.name,
    definition: constraint?.definition ?? row.definition,
    tablespace: row.tablespace,
    dropSql: drop ?? `ALTER TABLE ${table} DROP CONSTRAINT ${name}`,
    indexSql: constraint === null || isOnIndex ? row.definition : null,
    constraintSql:
      constraint === null ? null : `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${addition(name, constraint)}`,
    extraSql: extras(row),
  };
}

function addition(name: string, constraint: ConstraintRow): string {
  if (constraint.type === 'x' || constraint.isTemporal) return constraint.definition;
  const type = constraint.type === 'p' ? 'PRIMARY KEY' : 'UNIQUE';
  const deferred = constraint.isDeferred ? ' INITIALLY DEFERRED' : '';
  return `${type} USING INDEX ${name}${constraint.isDeferrable ? ` DEFERRABLE${deferred}` : ''}`;
}

function extras(row: IndexRow): string[] {
  const table = quoteTable(row.schema, row.table);
  const index = quoteTable(row.schema, row.name);
  const name = quoteName(row.name);
  const list = row.statistics.map(
    ({ column, target }) => `ALTER INDEX ${index} ALTER COLUMN ${column} SET STATISTICS ${target}`,
  );
  if (row.comment !== null) list.push(`COMMENT ON INDEX ${index} IS ${quoteLiteral(row.comment)}`);
  const comment = row.constraint?.comment ?? null;
  if (comment !== null) list.push(`COMMENT ON CONSTRAINT ${name} ON ${table} IS ${quoteLiteral(comment)}`);
  if (row.isReplicaIdentity) list.push(`ALTER TABLE ${table} REPLICA IDENTITY USING INDEX ${name}`);
  if (row.isClustered) list.push(`ALTER TABLE ${table} CLUSTER ON ${name}`);
  return list;
}
