import { setTimeout } from 'node:timers/promises';
import type { TargetClient } from '../connection/client.js';
import { must } from '../../model/error.js';
import { withTransaction } from '../connection/transaction.js';
import { quoteTable } from '../../lib/quote.js';
import type { TableName } from '../schema/truncate.js';

/** A table that the server skipped, with its warning. */
export interface Skipped {
  readonly table: string;
  readonly warning: string;
}

/**
 * VACUUM (ANALYZE) of the tables by one statement, for the planner's statistics and the visibility map, outside any
 * transaction. What lies in their TOAST tables is left to autovacuum: nothing is ever read from those by an index alone,
 * and marking their pages costs as much as reading all long values. Gives what the server warned about instead of doing
 * it, by table: where our role may not, it skips with a warning.
 */
export async function analyzeTables(client: TargetClient, tables: readonly TableName[]): Promise<Skipped[]> {
  if (tables.length === 0) return [];
  return await run(client, `VACUUM (${optionsFor(client)})`, tables);
}

/**
 * The statistics alone, in one transaction: for tables of so few pages that marking them as visible costs more than it
 * can save. What the server warned about, as analyzeTables does.
 */
export async function analyzeTogether(client: TargetClient, tables: readonly TableName[]): Promise<Skipped[]> {
  return await withTransaction(client, () => run(client, 'ANALYZE', tables));
}

async function run(client: TargetClient, statement: string, tables: readonly TableName[]): Promise<Skipped[]> {
  const skipped: Skipped[] = [];
  const first = must(tables[0], 'table to analyse');
  const onNotice = ({ message = 'skipped' }: { message?: string | undefined }) => {
    const about = tables.length === 1 ? first : tables.find(({ name }) => message.includes(`"${name}"`));
    skipped.push({ table: about?.name ?? 'a table', warning: message });
  };
  const context = tables.length === 1 ? { table: first.name } : {};
  const list = tables.map(({ schema, name }) => quoteTable(schema, name)).join(', ');
  client.raw.on('notice', onNotice);
  try {
    await client.run(`${statement} ${list}`, [], { ...context, doing: `analyse ${first.name}` });
  } finally {
    client.raw.off('notice', onNotice);
  }
  return skipped;
}

/**
 * TOAST tables are passed over from PostgreSQL 14 on. Each VACUUM ends with a look at all tables of the database, for its
 * oldest transaction; since PostgreSQL 16 that can be left to autovacuum, and in a database with the tables of thousands of
 * tenants it takes longer than the rest.
 */
function optionsFor({ majorVersion }: TargetClient): string {
  const options = ['ANALYZE'];
  if (majorVersion >= 14) options.push('PROCESS_TOAST false');
  if (majorVersion >= 16) options.push('SKIP_DATABASE_STATS');
  return options.join(', ');
}

/** VACUUM passes over a page that somebody holds just then, such as the server's own writer to disk. */
const pinnedPagesMax = 2;
/** Tries of vacuumHidden, and the pause before the second of them, which doubles with each. */
const tries = 4;
const pauseMs = 50;

/**
 * Vacuums those of the tables once more whose pages are not marked as visible to all. A statement on another
 * connection to the database, whose snapshot reaches back to a transaction anywhere on the server, keeps VACUUM from
 * marking them (ComputeXidHorizons in src/backend/storage/ipc/procarray.c); to be called when our other connections
 * rest. Reads only the pages that are not marked yet, and gives up after a few tries: autovacuum comes by later. Gives
 * what the server warned about, as analyzeTables does.
 */
export async function vacuumHidden(client: TargetClient, tables: readonly TableName[]): Promise<Skipped[]> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const hidden = await hiddenOf(client, tables);
    if (hidden.length === 0) break;
    if (attempt > 0) await setTimeout(pauseMs * 2 ** (attempt - 1));
    const skipped = await analyzeTables(client, hidden);
    if (skipped.length > 0) return skipped;
  }
  return [];
}

async function hiddenOf(client: TargetClient, tables: readonly TableName[]): Promise<readonly TableName[]> {
  return await client.query<TableName>(
    `SELECT n.nspname AS schema, c.relname AS name
       FROM unnest($1::text[], $2::text[]) AS t (schema, name)
       JOIN pg_namespace n ON n.nspname = t.schema
       JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
      WHERE c.relpages - c.relallvisible > $3`,
    [tables.map(({ schema }) => schema), tables.map(({ name }) => name), pinnedPagesMax],
  );
}
