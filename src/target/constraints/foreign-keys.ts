import type { TargetClient } from '../connection/client.js';
import { inTreeSql, refersToSql } from '../catalog/by-index.js';
import type { DetachableObject, ObjectInForce } from './detachable-object.js';
import { quoteLiteral, quoteName, quoteTable } from '../../lib/quote.js';

interface ForeignKeyRow {
  readonly oid: number;
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly definition: string;
  readonly isValid: boolean;
  readonly isPlain: boolean;
  readonly isOwned: boolean;
  readonly mayReference: boolean;
  readonly comment: string | null;
}

export interface ForeignKeys {
  readonly objects: readonly DetachableObject[];
  readonly inForce: readonly ObjectInForce[];
  /** pg_constraint oids of those that can be dropped. */
  readonly oids: ReadonlySet<number>;
}

const query = `
SELECT con.oid, con.conname AS name, n.nspname AS schema, c.relname AS table, pg_get_constraintdef(con.oid) AS definition,
       con.convalidated AS "isValid",
       c.relkind = 'r' AND p.relkind = 'r' AND con.conparentid = 0
         AND NOT ${inTreeSql('c.oid')} AND NOT ${inTreeSql('p.oid')}
         AS "isPlain",
       pg_has_role(c.relowner, 'USAGE') AS "isOwned", has_table_privilege(p.oid, 'REFERENCES') AS "mayReference",
       obj_description(con.oid, 'pg_constraint') AS comment
  FROM pg_constraint con
  JOIN pg_class c ON c.oid = con.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class p ON p.oid = con.confrelid
 WHERE con.contype = 'f' AND (con.conrelid = ANY ($1::oid[]) OR ${refersToSql('con', '$1::oid[]')})
 ORDER BY n.nspname, c.relname, con.conname`;

/** Foreign keys of the tables and of any table that refers to them. */
export async function readForeignKeys(client: TargetClient, tableOids: readonly number[]): Promise<ForeignKeys> {
  const rows = await client.query<ForeignKeyRow & Record<string, unknown>>(query, [tableOids]);
  const free = rows.filter((row) => reasonToKeep(row) === null);
  const inForce = rows.flatMap((row): ObjectInForce[] => {
    const reason = reasonToKeep(row);
    return reason === null ? [] : [{ kind: 'foreign_key', table: row.table, name: row.name, reason }];
  });
  return {
    objects: [...free.map(toObject), ...free.filter((row) => row.isValid).map(toValidation)],
    inForce,
    oids: new Set(free.map((row) => row.oid)),
  };
}

function reasonToKeep(row: ForeignKeyRow): string | null {
  if (!row.isPlain) return 'partitioning or inheritance is involved';
  if (!row.isOwned) return 'our role does not own the table it belongs to';
  if (!row.mayReference) return 'our role lacks REFERENCES on the table it refers to';
  return null;
}

/** Made NOT VALID, which is quick; one that was not valid (or, since 18, not enforced) says so in its own definition. */
function toObject(row: ForeignKeyRow): DetachableObject {
  const table = quoteTable(row.schema, row.table);
  const name = quoteName(row.name);
  const comment = row.comment;
  return {
    kind: 'foreign_key',
    schema: row.schema,
    table: row.table,
    name: row.name,
    definition: row.definition,
    tablespace: null,
    dropSql: `ALTER TABLE ${table} DROP CONSTRAINT ${name}`,
    indexSql: null,
    constraintSql: `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${row.definition}${row.isValid ? ' NOT VALID' : ''}`,
    extraSql: comment === null ? [] : [`COMMENT ON CONSTRAINT ${name} ON ${table} IS ${quoteLiteral(comment)}`],
  };
}

/** A step of its own: VALIDATE reads whole tables under a light lock, so several can run at once. */
function toValidation(row: ForeignKeyRow): DetachableObject {
  return {
    kind: 'validation',
    schema: row.schema,
    table: row.table,
    name: row.name,
    definition: '',
    tablespace: null,
    dropSql: null,
    indexSql: null,
    constraintSql: null,
    extraSql: [`ALTER TABLE ${quoteTable(row.schema, row.table)} VALIDATE CONSTRAINT ${quoteName(row.name)}`],
  };
}
