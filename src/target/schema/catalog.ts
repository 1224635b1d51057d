import { quoteName } from '../../lib/quote.js';
import { must } from '../../model/error.js';
import type { TargetCatalog, TargetColumn, TargetForeignKey, TargetTable, UniqueIndex } from '../../model/target.js';
import type { TargetClient } from '../connection/client.js';
import { isOwnRelationSql, ledgerSchemaOf } from '../ledger/names.js';
import { ownTriggerSql, staysOpenSql } from './closed-tables.js';
import { withGenerated } from '../judged/generated-columns.js';
import { fillsSearchSql, searchColumnSql } from './search-trigger.js';
import { findTablesWithRows } from './table-rows.js';
import { isTenantColumnSql } from '../tenant/constant-column.js';
import { heirsSql, inSchemaSql, relationsOfSql } from '../catalog/by-index.js';

/**
 * Reads what pg_catalog says about one schema: ordinary, partitioned and foreign tables with columns, keys, rights and
 * triggers, in name order. A handful of statements however many tables there are. The ledger is never
 * among them, wherever it is. The column of a tenant is in no list of columns.
 */
export async function readTargetCatalog(client: TargetClient, schema: string): Promise<TargetCatalog> {
  const [server] = await client.query<ServerRow>(serverSql, [schema, ledgerSchemaOf(client.address)]);
  const tables = await client.query<TableRow>(tableSql, [schema]);
  const columns = groupByTable(await client.query<ColumnRow>(columnSql, [schema]));
  const keys = groupByTable(await client.query<KeyRow>(keySql, [schema]));
  const indexes = groupByTable(await client.query<UniqueIndexRow>(uniqueIndexSql, [schema]));
  const foreignKeys = groupByTable(await client.query<ForeignKeyRow>(foreignKeySql, [schema]));
  const filled = await findTablesWithRows(client, schema, tables);
  return {
    schema,
    ...must(server, 'row about the server'),
    tables: tables.map((table) => ({
      schema,
      ...table,
      columns: (columns.get(table.oid) ?? []).map(toColumn),
      primaryKey: keys.get(table.oid)?.find((key) => key.isPrimary)?.columns ?? [],
      ...uniqueOf(keys.get(table.oid) ?? [], indexes.get(table.oid) ?? [], columns.get(table.oid) ?? []),
      foreignKeys: (foreignKeys.get(table.oid) ?? []).map(toForeignKey),
      hasRows: filled.has(table.oid),
    })),
  };
}

type ServerRow = Omit<TargetCatalog, 'schema' | 'tables'>;
type TableRow = Omit<TargetTable, 'schema' | 'columns' | 'primaryKey' | 'uniqueKeys' | 'foreignKeys' | 'hasRows'>;

interface OfTable {
  readonly tableOid: number;
}
type ColumnRow = TargetColumn & OfTable;
type ForeignKeyRow = TargetForeignKey & OfTable;
type UniqueIndexRow = UniqueIndex & OfTable;
interface KeyRow extends OfTable {
  readonly isPrimary: boolean;
  readonly name: string;
  readonly columns: readonly string[];
}

function groupByTable<R extends OfTable>(rows: readonly R[]): Map<number, R[]> {
  const groups = new Map<number, R[]>();
  for (const row of rows) {
    const group = groups.get(row.tableOid);
    if (group === undefined) groups.set(row.tableOid, [row]);
    else group.push(row);
  }
  return groups;
}

/** A key over a generated column is one over an expression: its values come from other columns. */
function uniqueOf(keys: readonly KeyRow[], indexes: readonly UniqueIndexRow[], columns: readonly TargetColumn[]) {
  const isGenerated = ({ columns: names }: KeyRow) => withGenerated(names, columns).generated.length > 0;
  const over = keys.filter((key) => isGenerated(key));
  const ofColumns = over.map(({ name, columns: names }) => ({
    name,
    terms: names.map(quoteName),
    where: null,
    columns: names,
  }));
  return {
    uniqueKeys: keys.filter((key) => !key.isPrimary && !isGenerated(key)).map((key) => key.columns),
    uniqueIndexes: [...ofColumns, ...indexes.map(({ tableOid: _, ...index }) => index)].map((index) => ({
      ...index,
      columns: withGenerated(index.columns, columns).columns,
    })),
  };
}

function toColumn({ tableOid: _, ...column }: ColumnRow): TargetColumn {
  return column;
}

function toForeignKey({ tableOid: _, isMatchFull, ...foreignKey }: ForeignKeyRow): TargetForeignKey {
  return { ...foreignKey, ...(isMatchFull === true && foreignKey.columns.length > 1 ? { isMatchFull } : {}) };
}

/** As src/backend/storage/lmgr/lock.c sizes it: a promise to each backend and each prepared transaction. */
const lockCapacitySql = `current_setting('max_locks_per_transaction')::int
           * (SELECT sum(current_setting(s.name)::int)::int + 1 FROM unnest(ARRAY['max_connections', 'autovacuum_max_workers',
                'max_worker_processes', 'max_wal_senders', 'max_prepared_transactions']) AS s (name))`;

/**
 * Tables, their indexes, TOAST tables and constraints, with the triggers that foreign keys are made of. Partitions and heirs
 * are locked with their parent, wherever they are.
 */
const locksNeededSql = `(
           WITH RECURSIVE tree (oid) AS (
             SELECT c.oid FROM pg_class c WHERE ${inSchemaSql('c', '$1')} AND c.relkind IN ('r', 'p')
                AND NOT ${isOwnRelationSql('c')}
              UNION ${heirsSql})
           SELECT sum(1 + CASE WHEN c.reltoastrelid <> 0 THEN 2 ELSE 0 END
                      + (SELECT count(*) FROM pg_index x WHERE x.indrelid = c.oid)
                      + (SELECT count(*) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x', 'f'))
                      + (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = c.oid))
             FROM pg_class c WHERE c.oid = ANY (ARRAY(SELECT tree.oid FROM tree)))`;

/** A default that names a sequence by a text counts as well, though pg_depend knows nothing of it. */
const freeSequencesSql = `ARRAY(
           SELECT quote_ident(n.nspname) || '.' || quote_ident(s.relname) FROM pg_class s
            WHERE ${inSchemaSql('s', '$1')} AND s.relkind = 'S'
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = s.oid
                                 AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_attrdef'::regclass
                                 AND d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid)
              AND NOT EXISTS (SELECT FROM pg_attrdef f JOIN pg_class c ON c.oid = f.adrelid
                               WHERE ${inSchemaSql('c', '$1')} AND position(s.relname::text IN pg_get_expr(f.adbin, f.adrelid)) > 0)
            ORDER BY s.relname COLLATE "C")`;

/** SQL: c is something of the ledger in schema l, which may be the application's too. */
const ofLedgerSql = `${inSchemaSql('c', '$2')} AND (l.nspname = 'pgferry' OR ${isOwnRelationSql('c')})`;

const serverSql = `
  SELECT n.oid IS NOT NULL AS "schemaExists",
         current_setting('server_version_num')::int AS "serverVersion",
         current_setting('server_version') AS "serverVersionText",
         current_setting('server_encoding') AS encoding,
         current_database()::text AS database,
         current_user::text AS role,
         has_database_privilege(current_database(), 'CREATE') AS "canCreateInDatabase",
         coalesce(has_schema_privilege(n.oid, 'USAGE'), true) AS "canUseSchema",
         coalesce(has_schema_privilege(n.oid, 'CREATE'), false) AS "canCreateInSchema",
         l.oid IS NOT NULL AS "ledgerSchemaExists", $2::text AS "ledgerSchema",
         CASE WHEN l.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')
              WHEN NOT has_schema_privilege(l.oid, 'USAGE') THEN false
              WHEN NOT EXISTS (SELECT FROM pg_class c WHERE ${ofLedgerSql}) THEN has_schema_privilege(l.oid, 'CREATE')
              ELSE NOT EXISTS (SELECT FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS p(name)
                                WHERE ${ofLedgerSql} AND c.relkind = 'r' AND NOT has_table_privilege(c.oid, p.name))
         END AS "canKeepLedger",
         pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS "isReadOnly",
         ${lockCapacitySql} AS "lockCapacity", coalesce(${locksNeededSql}, 0)::int AS "locksNeeded",
         ${freeSequencesSql} AS "freeSequences",
         ARRAY(SELECT v.relname::text FROM pg_class v WHERE ${inSchemaSql('v', '$1')} AND v.relkind IN ('v', 'm')
                ORDER BY v.relname COLLATE "C") AS views
    FROM (SELECT) AS one LEFT JOIN pg_namespace n ON n.nspname = $1 LEFT JOIN pg_namespace l ON l.nspname = $2`;

/** Partitions are listed like other tables, since rows may be in the source's table of the same name. */
const tableSql = `
  SELECT c.oid, c.relname::text AS name, c.relkind::text AS kind, c.relpersistence = 'u' AS "isUnlogged",
         c.relrowsecurity AS "hasRowSecurity", pg_has_role(c.relowner, 'USAGE') AS "isOwned",
         ARRAY(SELECT p.name FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'TRUNCATE']) WITH ORDINALITY AS p(name, i)
                WHERE NOT has_table_privilege(c.oid, p.name) ORDER BY p.i) AS "missingPrivileges",
         ARRAY(SELECT t.tgname::text FROM pg_trigger t
                WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'
                   AND NOT ${ownTriggerSql} AND NOT ${fillsSearchSql} ORDER BY t.tgname) AS triggers,
         ARRAY(SELECT ${searchColumnSql} FROM pg_trigger t
                WHERE t.tgrelid = c.oid AND ${fillsSearchSql} ORDER BY t.tgname) AS "searchColumns",
         ${staysOpenSql('c.oid')} AS "staysOpen"
    FROM pg_class c
   WHERE ${inSchemaSql('c', '$1')} AND c.relkind IN ('r', 'p', 'f')
     AND NOT ${isOwnRelationSql('c')}
   ORDER BY c.relname COLLATE "C"`;

/**
 * A domain may be over a domain: the innermost type is the base, the outermost typmod that is set counts, and one NOT
 * NULL anywhere is enough. An array of a domain cuts its elements as one of the innermost type would.
 */
const columnSql = `
  WITH RECURSIVE base(oid, type, typmod, required) AS (
      SELECT t.oid, t.oid, -1, false FROM pg_type t
       WHERE t.oid IN (SELECT a.atttypid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                        WHERE ${inSchemaSql('c', '$1')})
      UNION ALL
      SELECT b.oid, d.typbasetype, CASE WHEN b.typmod = -1 THEN d.typtypmod ELSE b.typmod END, b.required OR d.typnotnull
        FROM base b, LATERAL (SELECT * FROM pg_type t WHERE t.oid = b.type AND t.typtype = 'd' OFFSET 0) AS d)
  SELECT a.attrelid AS "tableOid", a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type,
         coalesce(element.name, t.typname::text) AS "baseType", t.typtype::text AS "typeClass",
         CASE WHEN element.name IS NOT NULL THEN element.typmod
              WHEN a.atttypmod = -1 THEN b.typmod ELSE a.atttypmod END AS typmod,
         CASE WHEN '1234.0'::money = 1234::money THEN scale(1::money::numeric) END AS "moneyDigits",
         declared.typtype = 'd' AS "isDomain",
         CASE WHEN t.typtype = 'e' THEN ARRAY(SELECT e.enumlabel::text FROM pg_enum e
                                               WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) END AS "enumLabels",
         a.attnotnull OR b.required AS "notNull",
         pg_get_expr(d.adbin, d.adrelid) AS "defaultSql",
         CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'default' ELSE 'no' END AS identity,
         a.attgenerated <> '' AS "isGenerated",
         CASE WHEN a.attgenerated <> '' THEN ARRAY(
           SELECT o.attname::text FROM pg_attribute o
            WHERE o.attrelid = a.attrelid AND o.attnum > 0 AND o.attnum <> a.attnum AND EXISTS (
                  SELECT FROM pg_depend p WHERE p.refclassid = 'pg_class'::regclass AND p.refobjid = a.attrelid
                     AND p.refobjsubid = o.attnum
                     AND ((p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid)
                          OR (p.classid = 'pg_class'::regclass AND p.objid = a.attrelid AND p.objsubid = a.attnum)))
            ORDER BY o.attnum) END AS "generatedFrom"
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_type declared ON declared.oid = a.atttypid
    JOIN base b ON b.oid = a.atttypid
    JOIN pg_type t ON t.oid = b.type AND t.typtype <> 'd'
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN LATERAL (
      WITH RECURSIVE element(type, typmod) AS (
          SELECT t.typelem, -1 WHERE t.typcategory = 'A'
          UNION ALL
          SELECT d.typbasetype, CASE WHEN e.typmod = -1 THEN d.typtypmod ELSE e.typmod END
            FROM element e, LATERAL (SELECT * FROM pg_type t WHERE t.oid = e.type AND t.typtype = 'd' OFFSET 0) AS d)
      SELECT '_' || i.typname AS name, e.typmod
        FROM element e, LATERAL (SELECT * FROM pg_type t WHERE t.oid = e.type AND t.typtype <> 'd' OFFSET 0) AS i
       WHERE e.type <> t.typelem) AS element ON true
   WHERE ${inSchemaSql('c', '$1')} AND c.relkind IN ('r', 'p', 'f')
     AND NOT ${isOwnRelationSql('c')}
     AND a.attnum > 0 AND NOT a.attisdropped AND NOT ${isTenantColumnSql('c.oid', 'a.attnum')}
   ORDER BY a.attrelid, a.attnum`;

/** Whole, valid unique indexes of plain columns; constraints have one too. INCLUDE columns are no part of the key. */
const keySql = `
  SELECT i.indrelid AS "tableOid", i.indisprimary AS "isPrimary", x.relname::text AS name,
         ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, n)
                 JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                WHERE k.n <= i.indnkeyatts AND NOT ${isTenantColumnSql('i.indrelid', 'k.attnum')} ORDER BY k.n) AS columns
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_class x ON x.oid = i.indexrelid
   WHERE ${inSchemaSql('c', '$1')} AND c.relkind IN ('r', 'p')
     AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
   ORDER BY i.indrelid, x.relname COLLATE "C"`;

const uniqueIndexSql = `
  SELECT i.indrelid AS "tableOid", x.relname::text AS name,
         ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, true) FROM generate_series(1, i.indnkeyatts) AS n ORDER BY n) AS terms,
         pg_get_expr(i.indpred, i.indrelid) AS where,
         ARRAY(SELECT a.attname::text FROM pg_attribute a
                WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND EXISTS (
                      SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                         AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum)
                ORDER BY a.attnum) AS columns
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_class x ON x.oid = i.indexrelid
   WHERE ${inSchemaSql('c', '$1')} AND c.relkind IN ('r', 'p')
     AND i.indisunique AND i.indisvalid AND (i.indpred IS NOT NULL OR i.indexprs IS NOT NULL)
   ORDER BY i.indrelid, x.relname COLLATE "C"`;

const foreignKeySql = `
  SELECT k.conrelid AS "tableOid", k.conname::text AS name,
         ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(attnum, n)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum
                WHERE NOT ${isTenantColumnSql('k.conrelid', 'u.attnum')} ORDER BY u.n) AS columns,
         pn.nspname::text AS "parentSchema", p.relname::text AS "parentTable",
         ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(attnum, n)
                 JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum
                WHERE NOT ${isTenantColumnSql('k.confrelid', 'u.attnum')} ORDER BY u.n) AS "parentColumns",
         k.confmatchtype = 'f' AS "isMatchFull"
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_class p ON p.oid = k.confrelid
    JOIN pg_namespace pn ON pn.oid = p.relnamespace
   WHERE ${inSchemaSql('c', '$1')} AND k.conrelid = ANY (${relationsOfSql('$1')}) AND k.contype = 'f' AND k.conparentid = 0
   ORDER BY k.conrelid, k.conname COLLATE "C"`;
