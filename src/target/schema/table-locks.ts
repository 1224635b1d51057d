import type { TargetClient } from '../connection/client.js';
import { quoteTable } from '../../lib/quote.js';

/** SHARE keeps writers and changes of the table out, SHARE ROW EXCLUSIVE others who lock too, ACCESS EXCLUSIVE readers. */
export type TableLock = 'SHARE' | 'SHARE ROW EXCLUSIVE' | 'ACCESS EXCLUSIVE';

/**
 * Locks those of these tables that exist and that our role may lock, with their partitions, until the caller's
 * transaction ends. Returns the missing ones. Waits as long as the caller's lock_timeout says: `target.locked`.
 */
export async function lockForRun(
  client: TargetClient,
  { schema, tables, mode }: { readonly schema: string; readonly tables: readonly string[]; readonly mode: TableLock },
): Promise<readonly string[]> {
  const found = await client.query<{ name: string; kind: string; mayLock: boolean }>(
    `SELECT c.relname::text AS name, c.relkind::text AS kind,
            has_table_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE') AS "mayLock"
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = ANY ($2) ORDER BY c.oid`,
    [schema, tables],
  );
  const lockable = found.filter(({ kind, mayLock }) => mayLock && (kind === 'r' || kind === 'p'));
  if (lockable.length > 0) {
    const names = lockable.map(({ name }) => quoteTable(schema, name)).join(', ');
    await client.run(`LOCK TABLE ${names} IN ${mode} MODE`, [], { doing: 'keep others off the tables' });
  }
  return tables.filter((table) => !found.some(({ name }) => name === table));
}
