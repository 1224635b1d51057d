import { quoteName, quoteTable } from '../../lib/quote.js';
import type { TargetClient } from '../connection/client.js';
import { ownTriggerSql } from '../schema/closed-tables.js';
import { fillsSearchSql } from '../schema/search-trigger.js';
import { isKeyed, type RoundTablePlan } from './round-sql.js';

interface ActiveRow {
  readonly table: string;
  readonly kind: 'TRIGGER' | 'RULE';
  readonly name: string;
  /** O origin and local, A always, R replica. */
  readonly mode: 'O' | 'A' | 'R';
}

interface IdentityRow {
  readonly table: string;
  readonly name: string;
}

/** What was disabled on the tables of a round, and how to restore it. */
export interface QuietTables {
  readonly restoreSql: readonly string[];
  /** Per table the columns that no UPDATE may name: identities that always make their own numbers, where they are the key. */
  readonly fixed: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Disables triggers and rules of users on the tables, within the transaction, as during a load: what they would do has
 * happened in the source already. Identity columns that always make their own numbers accept ours meanwhile.
 */
export async function quietTables(
  client: TargetClient,
  schema: string,
  tables: readonly RoundTablePlan[],
): Promise<QuietTables> {
  const names = tables.map(({ target }) => target);
  const active = await client.query<ActiveRow & Record<string, unknown>>(
    `SELECT c.relname AS table, 'TRIGGER' AS kind, t.tgname AS name, t.tgenabled AS mode
       FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = ANY ($2::name[]) AND NOT t.tgisinternal AND t.tgenabled <> 'D'
        AND NOT ${ownTriggerSql} AND NOT ${fillsSearchSql}
      UNION ALL
     SELECT c.relname, 'RULE', r.rulename, r.ev_enabled
       FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = ANY ($2::name[]) AND r.ev_enabled <> 'D'
      ORDER BY 1, 2, 3`,
    [schema, names],
  );
  const identities = await client.query<IdentityRow & Record<string, unknown>>(
    `SELECT c.relname AS table, a.attname AS name
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = ANY ($2::name[]) AND a.attidentity = 'a' AND NOT a.attisdropped ORDER BY 1, a.attnum`,
    [schema, names],
  );
  const restoreSql: string[] = [];
  for (const { table, kind, name, mode } of active) {
    const alter = `ALTER TABLE ${quoteTable(schema, table)}`;
    const modes = { O: 'ENABLE', A: 'ENABLE ALWAYS', R: 'ENABLE REPLICA' } as const;
    await client.run(`${alter} DISABLE ${kind} ${quoteName(name)}`, [], { table });
    restoreSql.push(`${alter} ${modes[mode]} ${kind} ${quoteName(name)}`);
  }
  const fixed = new Map<string, Set<string>>();
  for (const { table, name } of identities) {
    if (isKeyColumn(tables, table, name)) {
      fixed.set(table, (fixed.get(table) ?? new Set()).add(name));
      continue;
    }
    const alter = `ALTER TABLE ${quoteTable(schema, table)} ALTER COLUMN ${quoteName(name)} SET GENERATED`;
    await client.run(`${alter} BY DEFAULT`, [], { table });
    restoreSql.push(`${alter} ALWAYS`);
  }
  return { restoreSql, fixed };
}

export async function wakeTables(client: TargetClient, { restoreSql }: QuietTables): Promise<void> {
  for (const sql of restoreSql) await client.run(sql);
}

function isKeyColumn(tables: readonly RoundTablePlan[], name: string, column: string): boolean {
  const table = tables.find(({ target }) => target === name);
  return table?.key.columns.some((index) => table.columns[index]?.target === column) === true && isKeyed(table);
}
