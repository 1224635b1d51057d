import { quoteName } from '../../lib/quote.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { readRemaking } from './grants.js';
import { ensureSchema, firstWords } from './schema.js';
import { inSchemaSql } from '../catalog/by-index.js';

/** One thing that goes when a schema is dropped: what it holds, or what depends on that in another schema. */
export interface ResetObject {
  /** In PostgreSQL's words: `table`, `foreign table`, `view`, `function`, `extension`, `table constraint` … */
  readonly kind: string;
  /** Its bare name where it has one, else how PostgreSQL identifies it. */
  readonly name: string;
  /** As PostgreSQL identifies it, with its schema and the types of its arguments. */
  readonly identity: string;
  /** It is not in the schema itself, but would go with it. */
  readonly isOutside: boolean;
}

/**
 * Drops the schema with all that is in it and makes it again, empty, with the owner, grants, default privileges and
 * comment that it had. `check` is told before what goes, and may throw. This is one transaction, in which the tables are
 * locked before they are looked at: where a part of it fails, nothing is lost. Only called when the operator asked for it
 * explicitly. A schema that does not exist is made. Gives what went.
 */
export async function resetSchema(
  client: TargetClient,
  schema: string,
  check: (objects: readonly ResetObject[]) => void = () => {},
): Promise<readonly ResetObject[]> {
  if (await ensureSchema(client, schema)) return [];
  return await withTransaction(client, async () => {
    await lockTables(client, schema);
    const objects = await listResetObjects(client, schema);
    check(objects);
    const remaking = await readRemaking(client, schema);
    const statements = [`DROP SCHEMA ${quoteName(schema)} CASCADE`, ...remaking];
    for (const statement of statements) await client.query(statement, [], { doing: firstWords(statement) });
    return objects;
  });
}

async function lockTables(client: TargetClient, schema: string): Promise<void> {
  const tables = await client.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c
      WHERE ${inSchemaSql('c', '$1')} AND c.relkind IN ('r', 'p', 'v', 'f') AND NOT c.relispartition
        AND pg_has_role(c.relowner, 'USAGE') ORDER BY c.oid`,
    [schema],
  );
  if (tables.length === 0) return;
  const names = tables.map(({ name }) => name).join(', ');
  await client.query(`LOCK TABLE ${names} IN ACCESS EXCLUSIVE MODE`, [], { doing: 'keep others off the tables' });
}

/**
 * Follows pg_depend from the schema as DROP ... CASCADE does (findDependentObjects in catalog/dependency.c): whoever
 * depends on what goes, goes; and an internal part takes its whole along, as a view's rule takes the view. Parts of what
 * goes anyway (columns, indexes, own sequences, members of extensions) are left out.
 */
export async function listResetObjects(client: TargetClient, schema: string): Promise<readonly ResetObject[]> {
  return await client.query<ResetObject & Record<string, unknown>>(
    `WITH RECURSIVE gone(classid, objid, objsubid) AS (
       SELECT d.classid, d.objid, d.objsubid FROM pg_depend d JOIN pg_namespace n ON n.oid = d.refobjid
        WHERE d.refclassid = 'pg_namespace'::regclass AND n.nspname = $1
       UNION
       SELECT next.* FROM gone g CROSS JOIN LATERAL (
         SELECT d.classid, d.objid, d.objsubid FROM pg_depend d
          WHERE d.refclassid = g.classid AND d.refobjid = g.objid AND (g.objsubid = 0 OR d.refobjsubid = g.objsubid)
         UNION ALL
         SELECT d.refclassid, d.refobjid, d.refobjsubid FROM pg_depend d
          WHERE d.classid = g.classid AND d.objid = g.objid AND d.objsubid = g.objsubid AND d.deptype = 'i' AND d.refclassid <> 'pg_namespace'::regclass
       ) AS next
     )
     SELECT i.type AS kind, coalesce(bare.name, i.identity) AS name, i.identity,
            coalesce(i.schema, place.schema, $1) <> $1 AS "isOutside"
       FROM gone g CROSS JOIN LATERAL pg_identify_object(g.classid, g.objid, g.objsubid) AS i
      CROSS JOIN LATERAL (
         SELECT CASE g.classid WHEN 'pg_class'::regclass THEN (SELECT relname FROM pg_class WHERE oid = g.objid AND g.objsubid = 0)
                               WHEN 'pg_proc'::regclass THEN (SELECT proname FROM pg_proc WHERE oid = g.objid)
                               WHEN 'pg_type'::regclass THEN (SELECT typname FROM pg_type WHERE oid = g.objid)
                               WHEN 'pg_extension'::regclass THEN (SELECT extname FROM pg_extension WHERE oid = g.objid)
                               ELSE i.name END::text AS name
       ) AS bare
       LEFT JOIN LATERAL (
         SELECT n.nspname::text AS schema FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.oid = CASE g.classid WHEN 'pg_constraint'::regclass THEN (SELECT conrelid FROM pg_constraint WHERE oid = g.objid)
                                       WHEN 'pg_attrdef'::regclass THEN (SELECT adrelid FROM pg_attrdef WHERE oid = g.objid)
                                       WHEN 'pg_trigger'::regclass THEN (SELECT tgrelid FROM pg_trigger WHERE oid = g.objid)
                                       WHEN 'pg_policy'::regclass THEN (SELECT polrelid FROM pg_policy WHERE oid = g.objid) END
       ) AS place ON true
      WHERE NOT EXISTS (SELECT FROM pg_depend d JOIN gone o
                            ON o.classid = d.refclassid AND o.objid = d.refobjid AND o.objsubid IN (0, d.refobjsubid)
                         WHERE d.classid = g.classid AND d.objid = g.objid AND d.objsubid = g.objsubid
                           AND d.deptype IN ('a', 'i', 'e', 'P', 'S'))
        AND NOT (g.objsubid <> 0 AND EXISTS (SELECT FROM gone o WHERE o.classid = g.classid AND o.objid = g.objid AND o.objsubid = 0))
      ORDER BY "isOutside" DESC, array_position(ARRAY['foreign table', 'table', 'materialized view', 'view'], i.type), 3`,
    [schema],
  );
}
