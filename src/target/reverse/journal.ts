import type { NotedTable } from '../../model/cutover.js';
import type { TablePlan } from '../../model/plan.js';
import { quoteLiteral, quoteName, quoteTable } from '../../lib/quote.js';
import { ledgerPrefixOf, ledgerSchemaOf } from '../ledger/names.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { staysOpenSql, treeSql } from '../schema/closed-tables.js';
import { listTables } from '../schema/closing.js';
import { columnsMarkSql } from '../schema/columns-mark.js';
import {
  keepTrigger,
  makeNotesSql,
  type NotedRelation,
  noteCountSql,
  noterOf,
  notesOf,
  noteTriggers,
} from './note-sql.js';
import { heirsSql, inSchemaSql } from '../catalog/by-index.js';

/*
 * The reverse journal: which rows of the target changed since a moment, noted by statement triggers, so that a rollback need
 * not look for them.
 *   none → kept (tables, functions and triggers in the transaction that opens the target) → none
 * What it says of a table holds as long as the mark of the table is the same: then its triggers fired for every statement of
 * SQL. A mark changes with a trigger that was disabled or dropped, a function or notes that were replaced, columns or
 * partitions that changed, and with a rewrite of the table.
 */

const wholeNumbers = ['int2', 'int4', 'int8'];
/** Types whose text is the same in every session. */
const plainTypes = [...wholeNumbers, 'text', 'varchar', 'bpchar', 'uuid', 'numeric', 'bool'];

/**
 * Notes from the commit of the caller's transaction on what changes in the tables of the schema; the caller keeps writers off
 * them. Gives the tables that have a journal: not those that others can write unseen, through a subscription or a foreign table,
 * nor those that share rows by inheritance.
 */
export async function makeJournal(
  client: TargetClient,
  schema: string,
  planned: readonly Pick<TablePlan, 'target' | 'key' | 'columns'>[],
): Promise<NotedTable[]> {
  await dropJournal(client, schema);
  const found: { readonly table: string; readonly key: readonly string[]; readonly relations: NotedRelation[] }[] = [];
  for (const table of await listTables(client, schema)) {
    const plan = planned.find(({ target }) => target === table);
    const key = plan === undefined || plan.key.origin === 'none' ? [] : keyOf(plan);
    found.push({ table, key, relations: await findRelations(client, { schema, table, key }) });
  }
  const oids = found.flatMap(({ relations }) => relations.map(({ oid }) => oid));
  // A table that inherits from another one belongs to both, and their keys may differ.
  const isShared = (oid: number) => oids.indexOf(oid) !== oids.lastIndexOf(oid);
  const tables: Omit<NotedTable, 'mark'>[] = [];
  for (const { table, key, relations } of found) {
    if (relations.length === 0 || relations.some(({ oid }) => isShared(oid))) continue;
    for (const relation of relations)
      await client.run(makeNotesSql(client, relation), [], { table, doing: 'note changes for a rollback' });
    tables.push({ table, relations: relations.map(({ oid }) => oid), key });
  }
  const marks = await readNoteMarks(client, schema, tables);
  return tables.flatMap((table) => {
    const mark = marks.get(table.table);
    return mark === undefined ? [] : [{ ...table, mark }];
  });
}

/** The names of a key's columns on the target. */
function keyOf({ key, columns }: Pick<TablePlan, 'key' | 'columns'>): string[] {
  return key.columns.flatMap((index) => columns[index]?.target ?? []);
}

/** The table and its partitions; none where not all of them can be watched. */
async function findRelations(
  client: TargetClient,
  { schema, table, key }: { readonly schema: string; readonly table: string; readonly key: readonly string[] },
): Promise<NotedRelation[]> {
  const rows = await client.query<{
    oid: number;
    schema: string;
    name: string;
    columns: { name: string; attnum: number; type: string; isPlain: boolean }[];
  }>(
    `SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name,
            (SELECT json_agg(json_build_object('name', a.attname, 'attnum', a.attnum, 'type', t.typname,
                      'isPlain', t.typtype = 'e' OR t.typname = ANY ($2) AND t.typnamespace = 'pg_catalog'::regnamespace) ORDER BY a.attnum)
               FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
       FROM (SELECT to_regclass($1)::oid AS oid) AS r
       JOIN pg_class c ON c.oid = ANY (${treeSql('r.oid')}) JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE ${staysOpenSql('r.oid')} IS NULL ORDER BY c.oid`,
    [quoteTable(schema, table), plainTypes],
  );
  return rows.map(({ columns, ...relation }) => {
    const positions = key.map((name) => columns.findIndex((column) => column.name === name) + 1);
    const upToLast = columns.slice(0, Math.max(0, ...positions));
    const needsSettings = positions.some((position) => columns[position - 1]?.isPlain !== true);
    const [only, ...others] = positions.map((position) => columns[position - 1]);
    const isWholeNumber = others.length === 0 && only?.isPlain === true && wholeNumbers.includes(only.type);
    const wholeNumber = isWholeNumber ? only.type : null;
    return { ...relation, positions, columns: upToLast.map(({ attnum }) => attnum), needsSettings, wholeNumber };
  });
}

/** By table; a table whose journal is not whole has none. */
export async function readNoteMarks(
  client: TargetClient,
  schema: string,
  tables: readonly Pick<NotedTable, 'table' | 'relations'>[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await client.query<{ name: string; mark: string | null }>(
    `SELECT root.name, (
       SELECT CASE WHEN ${staysOpenSql('to_regclass(root.quoted)')} IS NULL AND bool_and(own.mark IS NOT NULL)
              THEN md5(string_agg(concat_ws(':', c.oid, pg_relation_filenode(c.oid), own.mark,
                ${columnsMarkSql('c.oid')}), ';' ORDER BY c.oid)) END
         FROM pg_class c, LATERAL (${ownMarkSql(client)}) AS own
        WHERE c.oid = ANY (${treeSql('to_regclass(root.quoted)')})) AS mark
       FROM unnest($1::text[], $2::text[]) AS root (name, quoted)`,
    [
      tables.map(({ table }) => table),
      tables.map(({ table }) => quoteTable(schema, table)),
      Object.values(noteTriggers),
    ],
  );
  return new Map(rows.flatMap(({ name, mark }) => (mark === null ? [] : [[name, mark] as const])));
}

/** SQL: the mark of the triggers, the function and the notes of pg_class c; null where one is missing or does not always fire. */
const ownMarkSql = ({ address }: Pick<TargetClient, 'address'>) => `
  SELECT CASE WHEN count(*) = cardinality($3::text[]) AND bool_and(t.tgenabled = 'A') AND bool_and(k.tgenabled = 'A')
              THEN string_agg(concat_ws(':', t.oid, t.xmin, f.oid, f.xmin, j.oid, pg_relation_filenode(j.oid), k.oid, k.xmin), ',' ORDER BY t.tgname) END AS mark
    FROM pg_trigger t
    JOIN pg_proc f ON f.oid = t.tgfoid AND f.proname = '${ledgerPrefixOf(address)}note_' || c.oid
      AND f.pronamespace = to_regnamespace(${quoteLiteral(quoteName(ledgerSchemaOf(address)))})
    JOIN pg_class j ON j.relname = '${ledgerPrefixOf(address)}noted_' || c.oid AND j.relnamespace = f.pronamespace
    JOIN pg_trigger k ON k.tgrelid = j.oid AND k.tgname = '${keepTrigger}'
   WHERE t.tgrelid = c.oid AND t.tgname = ANY ($3)`;

/** What was noted of a table so far. */
export interface Notes {
  /** More by each change; the same number, the same rows. */
  readonly count: number;
  /** Whether the table must be compared as a whole: it was truncated, or written and its key is not known or NULL. */
  readonly isWhole: boolean;
}

/** The notes of the tables whose journal is whole, by name; the caller keeps writers off them. */
export async function readNotes(
  client: TargetClient,
  schema: string,
  tables: readonly NotedTable[],
): Promise<ReadonlyMap<string, Notes>> {
  const marks = await readNoteMarks(client, schema, tables);
  const notes = new Map<string, Notes>();
  for (const { table, relations, mark } of tables) {
    if (marks.get(table) !== mark) continue;
    const each = relations.map((oid) => noteCountSql(client, oid)).join(' UNION ALL ');
    const [row] = await client.query<{ count: string; hasUnknown: boolean }>(
      `SELECT sum(keys)::text AS count, bool_or("hasUnknown") AS "hasUnknown" FROM (${each}) AS notes`,
      [],
      { table },
    );
    notes.set(table, { count: Number(row?.count ?? 0), isWhole: row?.hasUnknown === true });
  }
  return notes;
}

/** The youngest ones of this many statements are in one message. */
const triggerNames = Object.values(noteTriggers);

/** Removes the journal of the schema, each table in a transaction of its own where the caller has none; gives how many had one. */
export async function dropJournal(client: TargetClient, schema: string): Promise<number> {
  const noted = await client.query<{ oid: number; schema: string | null; name: string | null }>(
    `SELECT substring(f.proname from '[0-9]+$')::oid AS oid, n.nspname::text AS schema, c.relname::text AS name
       FROM pg_proc f LEFT JOIN pg_class c ON c.oid = substring(f.proname from '[0-9]+$')::oid LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE f.pronamespace = to_regnamespace($2) AND f.proname ~ '^${ledgerPrefixOf(client.address)}note_[0-9]+$'
        AND (c.oid IS NULL OR c.oid IN (
          WITH RECURSIVE tree (oid) AS (
            SELECT t.oid FROM pg_class t WHERE ${inSchemaSql('t', '$1')}
             UNION ${heirsSql})
          SELECT oid FROM tree)) ORDER BY 1`,
    [schema, quoteName(ledgerSchemaOf(client.address))],
  );
  for (const { oid, schema: at, name } of noted) {
    await withTransaction(client, async () => {
      if (at !== null && name !== null) {
        const drops = triggerNames.map((trigger) => `DROP TRIGGER IF EXISTS ${trigger} ON ${quoteTable(at, name)}`);
        await client.run(drops.join('; '), [], { table: name, doing: 'end the journal of changes' });
      }
      await client.run(
        `DROP FUNCTION IF EXISTS ${noterOf(client, oid)}() CASCADE; DROP TABLE IF EXISTS ${notesOf(client, oid)}`,
      );
    });
  }
  return noted.length;
}
