import { parentsFirst } from '../../lib/parents-first.js';
import { quoteName, quoteTable } from '../../lib/quote.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { ownTriggerSql } from './closed-tables.js';
import { leavesTableSql } from './closing.js';
import { inSchemaSql } from '../catalog/by-index.js';

/*
 * A copy of a schema's tables in another schema of the same database, made from the catalog: columns, defaults, identity,
 * sequences, keys, checks, foreign keys, indexes, triggers, partitions. Types and functions stay those of the schema that is
 * copied. Definitions are read while search_path names that schema alone, so that they name its tables without a schema, and run
 * while it names the copy first: there they mean the copy's tables.
 */

export interface SchemaCopy {
  readonly from: string;
  /** It is there, and empty. */
  readonly to: string;
  /** Whether triggers are copied. Their functions may write to tables of the schema that is copied. */
  readonly withTriggers: boolean;
  /** Tables whose rows are copied too. */
  readonly rowsOf: readonly string[];
}

/** Makes the copy in one transaction; gives how many tables it has, and the foreign keys that were left out, by name. */
export async function copySchema(
  client: TargetClient,
  copy: SchemaCopy,
): Promise<{ readonly tables: number; readonly leftOut: readonly string[] }> {
  return await withTransaction(client, async () => {
    const { from, to } = copy;
    await searchIn(client, from);
    const tables = await readTables(client, from);
    const statements = await readStatements(client, copy);
    await searchIn(client, to, from);
    const doing = { doing: `copy the tables of schema ${from} into ${to}` };
    const run = async (sql: string) => void (await client.run(sql, [], doing));
    for (const { sql } of statements.sequences) await run(sql);
    const parentsOf = ({ parents }: Table) => tables.filter(({ name }) => parents.includes(name));
    for (const table of parentsFirst(tables, parentsOf)) await makeTable(run, table, copy);
    for (const { sql } of statements.columns) await run(sql);
    for (const name of copy.rowsOf) await copyRows(client, name, copy);
    for (const { sql } of [...statements.keys, ...statements.indexes, ...statements.references, ...statements.triggers])
      await run(sql);
    return { tables: tables.length, leftOut: statements.foreign.map(({ sql }) => sql) };
  });
}

interface Table {
  readonly name: string;
  readonly partitionBy: string | null;
  readonly bounds: string | null;
  readonly isUnlogged: boolean;
  /** Tables of the same schema that it inherits from, or the one that it is a partition of. */
  readonly parents: readonly string[];
}

async function readTables(client: TargetClient, schema: string): Promise<readonly Table[]> {
  return await client.query<Table & Record<string, unknown>>(
    `SELECT c.relname::text AS name, CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END AS "partitionBy",
            CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END AS bounds,
            c.relpersistence = 'u' AS "isUnlogged",
            ARRAY(SELECT p.relname::text FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
                   WHERE i.inhrelid = c.oid AND p.relnamespace = c.relnamespace ORDER BY i.inhseqno) AS parents
       FROM pg_class c WHERE ${inSchemaSql('c', '$1')}
        AND c.relkind IN ('r', 'p', 'f') ORDER BY c.oid`,
    [schema],
  );
}

async function makeTable(run: (sql: string) => Promise<void>, table: Table, { from, to }: SchemaCopy): Promise<void> {
  const name = quoteTable(to, table.name);
  const [parent] = table.parents;
  const create = table.isUnlogged ? 'CREATE UNLOGGED TABLE' : 'CREATE TABLE';
  const partitioned = table.partitionBy === null ? '' : ` PARTITION BY ${table.partitionBy}`;
  if (table.bounds !== null && parent !== undefined) {
    await run(`${create} ${name} PARTITION OF ${quoteTable(to, parent)} ${table.bounds}${partitioned}`);
    return;
  }
  const like = 'INCLUDING ALL EXCLUDING INDEXES EXCLUDING DEFAULTS EXCLUDING STATISTICS EXCLUDING COMMENTS';
  await run(`${create} ${name} (LIKE ${quoteTable(from, table.name)} ${like})${partitioned}`);
  for (const other of table.parents) await run(`ALTER TABLE ${name} INHERIT ${quoteTable(to, other)}`);
}

/** Rows of a table, before its keys are made; columns that are computed are computed anew. */
async function copyRows(client: TargetClient, table: string, { from, to }: SchemaCopy): Promise<void> {
  const columns = await client.query<{ name: string }>(
    `SELECT attname::text AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
        AND attgenerated = '' ORDER BY attnum`,
    [quoteTable(from, table)],
  );
  const list = columns.map(({ name }) => quoteName(name)).join(', ');
  await client.run(
    `INSERT INTO ${quoteTable(to, table)} (${list}) OVERRIDING SYSTEM VALUE SELECT ${list} FROM ONLY ${quoteTable(from, table)}`,
  );
}

interface Statement extends Record<string, unknown> {
  readonly sql: string;
}

const tables = `pg_class c ON ${inSchemaSql('c', '$1')} AND c.relkind IN ('r', 'p', 'f')`;
const table = `format('%I.%I', $2::text, c.relname)`;

/** What makes the rest, in the order in which it is run, each list by itself. */
async function readStatements(client: TargetClient, { from, to, withTriggers }: SchemaCopy) {
  const read = async (sql: string) => await client.query<Statement>(sql, [from, to]);
  return {
    sequences: await read(sequencesSql),
    columns: [...(await read(ownersSql)), ...(await read(defaultsSql))],
    keys: await read(constraintsSql(`k.contype IN ('p', 'u', 'x') OR k.contype = 'c' AND c.relispartition`)),
    indexes: await read(indexesSql),
    references: await read(constraintsSql(`k.contype = 'f' AND o.relnamespace = c.relnamespace`)),
    triggers: withTriggers ? await read(triggersSql) : [],
    foreign: await read(outsideSql),
  };
}

/** Sequences but those of identity columns, which come with their tables. */
const sequencesSql = `
  SELECT format('CREATE SEQUENCE %I.%I AS %s START %s INCREMENT %s MINVALUE %s MAXVALUE %s CACHE %s %s', $2::text, s.relname,
                format_type(q.seqtypid, NULL), q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache,
                CASE WHEN q.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END) AS sql
    FROM pg_sequence q JOIN pg_class s ON s.oid = q.seqrelid
   WHERE ${inSchemaSql('s', '$1')}
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.deptype = 'i')
   ORDER BY s.oid`;

const ownersSql = `
  SELECT format('ALTER SEQUENCE %I.%I OWNED BY %s.%I', $2::text, s.relname, ${table}, a.attname) AS sql
    FROM pg_depend d JOIN ${tables} AND c.oid = d.refobjid JOIN pg_sequence q ON q.seqrelid = d.objid
    JOIN pg_class s ON s.oid = q.seqrelid AND s.relnamespace = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
   WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a'`;

const defaultsSql = `
  SELECT format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', ${table}, a.attname, pg_get_expr(d.adbin, d.adrelid)) AS sql
    FROM pg_attrdef d JOIN ${tables} AND c.oid = d.adrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum
   WHERE a.attgenerated = '' AND NOT a.attisdropped ORDER BY d.oid`;

/** Those that a partition or a child has by way of its parent come with it. */
const constraintsSql = (which: string) => `
  SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', ${table}, k.conname, pg_get_constraintdef(k.oid)) AS sql
    FROM pg_constraint k JOIN ${tables} AND c.oid = k.conrelid LEFT JOIN pg_class o ON o.oid = k.confrelid
   WHERE k.conparentid = 0 AND k.conislocal AND (${which}) ORDER BY k.oid`;

/** A partitioned table's index is printed as one of the table alone; the copy makes it on the partitions too. */
const indexesSql = `
  SELECT replace(pg_get_indexdef(x.oid, 0, true), format('INDEX %I ON ONLY ', x.relname), format('INDEX %I ON ', x.relname)) AS sql
    FROM pg_index i JOIN ${tables} AND c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
   WHERE NOT x.relispartition AND i.indisvalid AND $2::text <> ''
     AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = i.indrelid AND k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))
   ORDER BY x.oid`;

const triggersSql = `
  SELECT pg_get_triggerdef(t.oid, true) || CASE t.tgenabled WHEN 'O' THEN '' ELSE
           format('; ALTER TABLE %s %s TRIGGER %I', ${table},
                  CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, t.tgname) END AS sql
    FROM pg_trigger t JOIN ${tables} AND c.oid = t.tgrelid
   WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND NOT ${ownTriggerSql} AND NOT ${leavesTableSql} ORDER BY t.oid`;

/** Foreign keys to tables of other schemas: they would put triggers on those. */
const outsideSql = `
  SELECT k.conname::text AS sql FROM pg_constraint k JOIN ${tables} AND c.oid = k.conrelid
    JOIN pg_class o ON o.oid = k.confrelid
   WHERE k.contype = 'f' AND k.conparentid = 0 AND o.relnamespace <> c.relnamespace AND $2::text <> '' ORDER BY k.oid`;

async function searchIn(client: TargetClient, ...schemas: readonly string[]): Promise<void> {
  await client.run(`SET LOCAL search_path = ${schemas.map(quoteName).join(', ')}`);
}
