import { CopierError } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import type { StayingRows } from '../../model/plan.js';
import { quoteName, quoteTable } from '../../lib/quote.js';
import { isStaying } from '../../lib/compared-rows.js';

export interface TableName {
  readonly schema: string;
  readonly name: string;
  /** Rows that stay. */
  readonly staying?: StayingRows | undefined;
}

interface OutsideReference {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly columns: readonly string[];
}

/** insufficient_privilege, feature_not_supported: "cannot truncate a table referenced in a foreign key constraint". */
const deleteInstead: ReadonlySet<string | null> = new Set(['42501', '0A000']);

/**
 * Empties exactly these tables and no other, in one transaction: TRUNCATE without CASCADE, or DELETE where that is not
 * granted, a foreign key of another table forbids it, or rows of a table stay. Where a DELETE would change rows of another table (ON DELETE
 * CASCADE, SET NULL, SET DEFAULT), it refuses: `target.rows_elsewhere`. Sequences are left as they are.
 */
export async function emptyTables(client: TargetClient, tables: readonly TableName[]): Promise<void> {
  if (tables.length === 0) return;
  await withTransaction(client, async () => {
    const names = await readNames(client, tables);
    if (tables.some(({ staying }) => staying !== undefined)) return await deleteRows(client, tables, names);
    await client.run('SAVEPOINT before_truncate');
    try {
      await client.run(`TRUNCATE ${names.join(', ')} CONTINUE IDENTITY RESTRICT`, [], { doing: 'empty the tables' });
    } catch (error) {
      if (!(error instanceof CopierError) || !deleteInstead.has(error.foreignCode)) throw error;
      await client.run('ROLLBACK TO SAVEPOINT before_truncate');
      await deleteRows(client, tables, names);
    }
  });
}

/** ONLY leaves out tables that inherit. A partitioned table takes no ONLY, since its rows are in its partitions. */
async function readNames(client: TargetClient, tables: readonly TableName[]): Promise<string[]> {
  const quoted = tables.map(({ schema, name }) => quoteTable(schema, name));
  const rows = await client.query<{ name: string; kind: string | null }>(
    `SELECT t.name, c.relkind AS kind FROM unnest($1::text[]) WITH ORDINALITY AS t(name, place)
       LEFT JOIN pg_class c ON c.oid = to_regclass(t.name) ORDER BY t.place`,
    [quoted],
  );
  return rows.map(({ name, kind }) => (kind === 'r' ? `ONLY ${name}` : name));
}

/**
 * The tables are locked before their references are read: a new reference from another table needs ROW SHARE on ours.
 * One statement deletes all rows, so foreign keys among the tables are checked when all are empty, whatever the order.
 */
async function deleteRows(client: TargetClient, tables: readonly TableName[], names: readonly string[]): Promise<void> {
  const doing = { doing: 'empty the tables' };
  await client.run(`LOCK TABLE ${names.join(', ')} IN EXCLUSIVE MODE`, [], doing);
  for (const reference of await readOutsideReferences(client, tables)) await refuseReferrers(client, reference);
  const deletes = names.map((name, i) => `d${i} AS (DELETE FROM ${name}${exceptStaying(tables[i]?.staying)})`);
  await client.run(`WITH ${deletes.join(', ')} SELECT 1`, [], doing);
}

function exceptStaying(staying: StayingRows | undefined): string {
  return staying === undefined ? '' : ` WHERE NOT ${isStaying(staying)}`;
}

async function readOutsideReferences(client: TargetClient, tables: readonly TableName[]): Promise<OutsideReference[]> {
  return await client.query<OutsideReference & Record<string, unknown>>(
    `WITH ours AS (SELECT to_regclass(t)::oid AS oid FROM unnest($1::text[]) AS t)
     SELECT n.nspname AS schema, c.relname AS table, con.conname AS name,
            (SELECT array_agg(a.attname::text) FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum = ANY (con.conkey)) AS columns
       FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE con.contype = 'f' AND con.confdeltype IN ('c', 'n', 'd')
        AND con.confrelid IN (SELECT oid FROM ours) AND con.conrelid NOT IN (SELECT oid FROM ours)`,
    [tables.map(({ schema, name }) => quoteTable(schema, name))],
  );
}

async function refuseReferrers(
  client: TargetClient,
  { schema, table, name, columns }: OutsideReference,
): Promise<void> {
  const isSet = columns.map((column) => `${quoteName(column)} IS NOT NULL`).join(' AND ');
  const rows = await client.query(`SELECT 1 FROM ${quoteTable(schema, table)} WHERE ${isSet} LIMIT 1`, [], { table });
  if (rows.length === 0) return;
  throw new CopierError(
    'target.rows_elsewhere',
    `rows of ${table}, which is not ours, refer to a table to be emptied`,
    {
      table,
      hint: `foreign key ${name} would change or delete them: move these rows away first`,
    },
  );
}
