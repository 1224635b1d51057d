import { quoteName, quoteTable } from '../../lib/quote.js';
import { CopierError } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import { image, isGone, isKeyed, sameKey, type StagedTable, stagingTable } from './round-sql.js';

/** A foreign key of, or to, a table of the round. */
export interface RoundForeignKey {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly parentSchema: string;
  readonly parentTable: string;
  readonly parentColumns: readonly string[];
  readonly isDeferrable: boolean;
  readonly isOwned: boolean;
  /** a: none, r: refuse, c: the child goes or changes too, n: NULL, d: its default. */
  readonly onDelete: 'a' | 'r' | 'c' | 'n' | 'd';
  readonly onUpdate: 'a' | 'r' | 'c' | 'n' | 'd';
}

/** The foreign keys of the tables, and those of any table that refer to them; a partition's is its parent's. */
export async function readRoundForeignKeys(
  client: TargetClient,
  schema: string,
  tables: readonly string[],
): Promise<RoundForeignKey[]> {
  return await client.query<RoundForeignKey & Record<string, unknown>>(
    `SELECT con.conname AS name, cn.nspname AS schema, c.relname AS table, pn.nspname AS "parentSchema",
            p.relname AS "parentTable", con.condeferrable AS "isDeferrable", pg_has_role(c.relowner, 'USAGE') AS "isOwned",
            con.confdeltype AS "onDelete", con.confupdtype AS "onUpdate",
            ARRAY(SELECT a.attname::text FROM unnest(con.conkey) WITH ORDINALITY k(n, i)
                    JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.n ORDER BY k.i) AS columns,
            ARRAY(SELECT a.attname::text FROM unnest(con.confkey) WITH ORDINALITY k(n, i)
                    JOIN pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = k.n ORDER BY k.i) AS "parentColumns"
       FROM pg_constraint con
       JOIN pg_class c ON c.oid = con.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
       JOIN pg_class p ON p.oid = con.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
      WHERE con.contype = 'f' AND con.conparentid = 0
        AND (cn.nspname = $1 AND c.relname = ANY ($2::name[]) OR pn.nspname = $1 AND p.relname = ANY ($2::name[]))
      ORDER BY 2, 3, 1`,
    [schema, tables],
  );
}

/**
 * Defers the foreign keys until `settleForeignKeys`, which restores what they were. This is a change of the catalog
 * only, within the transaction. The foreign key of a table of another owner stays as it is, and is checked row by row.
 */
export async function deferForeignKeys(client: TargetClient, keys: readonly RoundForeignKey[]): Promise<void> {
  for (const key of waiting(keys)) await client.run(`${alter(key)} DEFERRABLE`);
  await client.run('SET CONSTRAINTS ALL DEFERRED');
}

export async function settleForeignKeys(client: TargetClient, keys: readonly RoundForeignKey[]): Promise<void> {
  await client.run('SET CONSTRAINTS ALL IMMEDIATE');
  for (const key of waiting(keys)) await client.run(`${alter(key)} NOT DEFERRABLE`);
}

function waiting(keys: readonly RoundForeignKey[]): RoundForeignKey[] {
  return keys.filter(({ isDeferrable, isOwned }) => !isDeferrable && isOwned);
}

function alter({ schema, table, name }: RoundForeignKey): string {
  return `ALTER TABLE ${quoteTable(schema, table)} ALTER CONSTRAINT ${quoteName(name)}`;
}

/**
 * Refuses to delete rows, or to change values that others refer to, where a foreign key would then delete or change
 * rows that the source holds unchanged. (Such rows refer to nothing in the source.) Call it after all other changes to
 * the children.
 */
export async function refuseActions(
  client: TargetClient,
  parent: StagedTable,
  request: {
    readonly change: 'delete' | 'update';
    readonly keys: readonly RoundForeignKey[];
    readonly staged: readonly StagedTable[];
  },
): Promise<void> {
  const { change, staged } = request;
  const { table } = parent;
  for (const key of request.keys) {
    const isOfParent = key.parentSchema === table.targetSchema && key.parentTable === table.target;
    const action = change === 'delete' ? key.onDelete : key.onUpdate;
    if (!isOfParent || action === 'a' || action === 'r') continue;
    if (change === 'update' && !canChange(parent, key)) continue;
    const child = staged.find((one) => one.table.targetSchema === key.schema && one.table.target === key.table);
    const [found] = await client.query<{ key: string }>(strandedSql(parent, { key, child, change }), [], {
      table: key.table,
      doing: `look for rows of ${key.table} that foreign key ${key.name} would change`,
    });
    if (found !== undefined) throw stranded(key, found.key);
  }
}

/** The plan's key never changes; other columns may, where the foreign key refers to them. */
function canChange({ table }: StagedTable, { parentColumns }: RoundForeignKey): boolean {
  const fixed = new Set(table.key.columns.map((index) => table.columns[index]?.target));
  const travelling = new Set(table.columns.map(({ target }) => target));
  return parentColumns.some((column) => travelling.has(column) && !fixed.has(column));
}

function strandedSql(
  parent: StagedTable,
  request: {
    readonly key: RoundForeignKey;
    readonly child: StagedTable | undefined;
    readonly change: 'delete' | 'update';
  },
): string {
  const { key, child, change } = request;
  const refers = key.columns
    .map((column, i) => `c.${quoteName(column)} = o.${quoteName(key.parentColumns[i] ?? '')}`)
    .join(' AND ');
  const columns = key.parentColumns.map((column) => ({ target: column }));
  const isChanged =
    change === 'delete'
      ? isGone(parent, 'o')
      : `EXISTS (SELECT FROM ${stagingTable(parent, 'now')} n
           WHERE ${sameKey(parent.table, 'n', 'o')} AND ${image(columns, 'n')} *<> ${image(columns, 'o')})`;
  // Children that the round itself changes are proven afterwards.
  const own =
    child === undefined || !isKeyed(child.table)
      ? ''
      : (['old', 'now'] as const)
          .map(
            (stage) =>
              ` AND NOT EXISTS (SELECT FROM ${stagingTable(child, stage)} s WHERE ${sameKey(child.table, 's', 'c')})`,
          )
          .join('');
  const values = key.columns.map((column) => `c.${quoteName(column)}`).join(', ');
  return `SELECT ROW(${values})::text AS key FROM ${quoteTable(key.schema, key.table)} c
    JOIN ${stagingTable(parent, 'old')} o ON ${refers} WHERE ${isChanged}${own} LIMIT 1`;
}

/** Which constraint stands against a change, as the server's own errors name it. */
export interface BrokenConstraint {
  readonly schema: string;
  readonly table: string;
  readonly constraint: string;
}

function stranded({ name, schema, table, columns, parentTable }: RoundForeignKey, values: string): CopierError {
  const cause: BrokenConstraint = { schema, table, constraint: name };
  return new CopierError(
    'data.orphan',
    `${table}: (${columns.join(', ')}) = ${values} refers to a row of ${parentTable} that is gone from the source, and foreign key ${name} would change it too`,
    { table, hint: 'mend the row in the source (PRAGMA foreign_key_check lists such rows), then run again', cause },
  );
}
