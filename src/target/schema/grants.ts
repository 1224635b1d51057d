import { must } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import { quoteLiteral, quoteName } from '../../lib/quote.js';

/** The statements that make a schema again as it is now: owner, grants, default privileges, comment; but empty. */
export async function readRemaking(client: TargetClient, schema: string): Promise<string[]> {
  const [found] = await client.query<SchemaRow>(schemaSql, [schema]);
  const { owner, comment, hasGrants, grants } = must(found, `schema ${schema}`);
  const defaults = await client.query<{ sql: string }>(defaultPrivilegeSql, [schema]);
  const name = quoteName(schema);
  return [
    `CREATE SCHEMA ${name} AUTHORIZATION ${quoteName(owner)}`,
    ...(hasGrants ? [`REVOKE ALL ON SCHEMA ${name} FROM ${quoteName(owner)}`, ...grants] : []),
    ...defaults.map((row) => row.sql),
    ...(comment === null ? [] : [`COMMENT ON SCHEMA ${name} IS ${quoteLiteral(comment)}`]),
  ];
}

interface SchemaRow {
  readonly owner: string;
  readonly comment: string | null;
  readonly hasGrants: boolean;
  readonly grants: readonly string[];
}

/** The text of a grant from one row of aclexplode() named `a`; grantee 0 is everybody. */
const grantedTo = `CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
  || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END`;

const schemaSql = `
  SELECT pg_get_userbyid(n.nspowner)::text AS owner, obj_description(n.oid, 'pg_namespace') AS comment,
         n.nspacl IS NOT NULL AS "hasGrants",
         ARRAY(SELECT format('GRANT %s ON SCHEMA %I TO %s', a.privilege_type, n.nspname, ${grantedTo})
                 FROM aclexplode(n.nspacl) a) AS grants
    FROM pg_namespace n WHERE n.nspname = $1`;

/** What ALTER DEFAULT PRIVILEGES IN SCHEMA said: it falls with the schema, and new tables would miss their grants. */
const defaultPrivilegeSql = `
  SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT %s ON %s TO %s',
                pg_get_userbyid(d.defaclrole), n.nspname, a.privilege_type,
                CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
                                     WHEN 'T' THEN 'TYPES' END, ${grantedTo}) AS sql
    FROM pg_default_acl d JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
   WHERE n.nspname = $1 AND d.defaclobjtype IN ('r', 'S', 'f', 'T')`;
