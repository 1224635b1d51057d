/*
 * Conditions that let PostgreSQL read its catalogs by their indexes, however many tables of others a server has: neither
 * tables by their schema, nor foreign keys by the table to which they refer, nor triggers by their function have an index
 * of their own, but the one of pg_depend knows them all.
 */

/**
 * SQL: the pg_class row with this alias stands in the schema of this name, which is a parameter or the like. Tables, views
 * and sequences are found that way; their indexes are not, since they hang on their tables.
 */
export const inSchemaSql = (alias: string, schema: string) => `${alias}.oid = ANY (${relationsOfSql(schema)})`;

/** SQL: the oids of what stands in the schema of this name, as an array. */
export const relationsOfSql = (schema: string) =>
  `ARRAY(SELECT held.objid FROM pg_depend held
     WHERE held.refclassid = 'pg_namespace'::regclass AND held.classid = 'pg_class'::regclass
       AND held.refobjid = (SELECT s.oid FROM pg_namespace s WHERE s.nspname = ${schema}))`;

/** SQL: the foreign key with this alias refers to one of these tables, which are an array of oids. */
export const refersToSql = (alias: string, oids: string) =>
  `(${alias}.oid = ANY (ARRAY(SELECT held.objid FROM pg_depend held
     WHERE held.refclassid = 'pg_class'::regclass AND held.refobjid = ANY (${oids}) AND held.classid = 'pg_constraint'::regclass))
    AND ${alias}.confrelid = ANY (${oids}))`;

/** SQL: the trigger with this alias calls a function f, in a schema g, of which the condition holds. */
export const callsSql = (alias: string, condition: string) =>
  `${alias}.oid = ANY (ARRAY(SELECT held.objid FROM pg_proc f JOIN pg_namespace g ON g.oid = f.pronamespace,
       LATERAL (SELECT d.classid, d.objid FROM pg_depend d
                 WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = f.oid OFFSET 0) AS held
      WHERE ${condition} AND held.classid = 'pg_trigger'::regclass))`;

/** SQL: the heirs and partitions of the tables in `tree`, by their oids: the step of a recursion. */
export const heirsSql = `SELECT child.oid FROM tree,
      LATERAL (SELECT i.inhrelid AS oid FROM pg_inherits i WHERE i.inhparent = tree.oid OFFSET 0) AS child`;

/** SQL: the table with this oid has heirs or partitions, or is one. */
export const inTreeSql = (oid: string) =>
  `(EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = ${oid}) OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = ${oid}))`;
