import { quoteName, quoteTable } from '../../lib/quote.js';
import type { TargetClient } from '../connection/client.js';
import { type RoundTablePlan, type Stage, stagingTable } from './round-sql.js';

/** Memory for each hash or sort of a round, in bytes. */
const joinBytes = 64 * 1024 * 1024;
/** What planners are told of solid-state disks; a sequential page costs 1. */
const randomPageCost = 1.1;

/**
 * Makes the two staging tables of a table, for the transaction alone, with the columns that travel and their types. The one
 * for newer rows has the table's NOT NULLs and CHECKs too, so that what the table would refuse is refused with its row.
 */
export async function makeStaging(client: TargetClient, table: RoundTablePlan, index: number): Promise<void> {
  const doing = { table: table.target, doing: `stage the changed rows of ${table.target}` };
  const real = quoteTable(table.targetSchema, table.target);
  const names = table.columns.map(({ target }) => quoteName(target)).join(', ');
  const old = stagingTable({ index }, 'old');
  await client.run(
    `CREATE TEMP TABLE ${temporary(old)} ON COMMIT DROP AS SELECT ${names} FROM ${real} WITH NO DATA`,
    [],
    doing,
  );
  const now = stagingTable({ index }, 'now');
  await client.run(
    `CREATE TEMP TABLE ${temporary(now)} (LIKE ${real} INCLUDING CONSTRAINTS) ON COMMIT DROP`,
    [],
    doing,
  );
  const all = await client.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
    [real],
  );
  const travelling = new Set(table.columns.map(({ target }) => target));
  for (const { name } of all.filter((column) => !travelling.has(column.name)))
    await client.run(`ALTER TABLE ${now} DROP COLUMN ${quoteName(name)} CASCADE`, [], doing);
}

/** The name without its schema: that of a temporary table cannot be named where it is made. */
function temporary(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}

/** Lets the planner know how many rows were staged. */
export async function analyzeStaging(client: TargetClient, index: number): Promise<void> {
  for (const stage of ['old', 'now'] as const satisfies readonly Stage[])
    await client.run(`ANALYZE ${stagingTable({ index }, stage)}`);
}

/**
 * Settings for a transaction that joins staged rows with their tables: enough memory for a hash of them, no less than the
 * session has, and random reads priced as those of a disk without heads, since a round reads few pages of a large table,
 * and mostly such as are in memory.
 */
export async function planForRounds(client: TargetClient): Promise<void> {
  await client.query(
    `SELECT set_config('work_mem', greatest(pg_size_bytes(current_setting('work_mem')), ${joinBytes}) / 1024 || 'kB', true),
            set_config('random_page_cost', least(current_setting('random_page_cost')::float8, ${randomPageCost})::text, true)`,
  );
}
