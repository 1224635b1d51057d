/** SQL: the types with which a value of the type `oid` is made, itself among them: of arrays, domains, ranges and rows. */
const typesWithin = (oid: string) => `
  WITH RECURSIVE within (oid) AS (
    SELECT ${oid} UNION
    SELECT part.oid FROM within JOIN pg_type t ON t.oid = within.oid, LATERAL (
      SELECT t.typelem UNION ALL SELECT t.typbasetype
      UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
      UNION ALL SELECT m.atttypid FROM pg_attribute m WHERE m.attrelid = t.typrelid AND m.attnum > 0 AND NOT m.attisdropped) AS part (oid)
     WHERE part.oid <> 0)
  SELECT oid FROM within`;

/** The first oid that is none of the server's own (FirstNormalObjectId): no type below it is an enum that anybody could change. */
const firstOwnOid = 16384;

/**
 * SQL: a mark of the columns of the table with this oid, by number, name and type. It changes with whatever gives the stored
 * values another meaning without writing a row: a label of an enum that got another name, another expression of a generated
 * column.
 */
export const columnsMarkSql = (table: string) => `(
  SELECT md5(string_agg(concat_ws(':', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attisdropped,
           (SELECT d.oid FROM pg_attrdef d WHERE a.attgenerated <> '' AND d.adrelid = a.attrelid AND d.adnum = a.attnum),
           CASE WHEN a.atttypid >= ${firstOwnOid} THEN (
             SELECT string_agg(concat_ws('=', e.oid, e.enumlabel), ',' ORDER BY e.oid) FROM pg_enum e
              WHERE e.enumtypid IN (${typesWithin('a.atttypid')})) END), ',' ORDER BY a.attnum))
    FROM pg_attribute a WHERE a.attrelid = ${table} AND a.attnum > 0)`;
