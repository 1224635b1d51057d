import { quoteTable } from '../../lib/quote.js';
import { CopierError } from '../../model/error.js';
import { heldBy } from './lock-watch.js';
import type { TargetClient } from './client.js';

const lockWaitMsMax = 30_000;

/**
 * The lock_timeout for sessions that write to tables which others use too. It is shorter than the silence after which a
 * connection counts as lost.
 */
export function lockWaitFor(stallLimitMs: number): string {
  return String(Math.min(lockWaitMsMax, Math.ceil(stallLimitMs / 2)));
}

/** Lock modes that keep rows from being written. */
const againstRows = ['ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'];

/**
 * Adds to `target.locked` which sessions hold the tables that we could not lock. Any other error is returned unchanged.
 * Call it after the waiting transaction has been rolled back, on the same client or another.
 */
export async function nameLockHolders(
  client: TargetClient,
  request: {
    readonly error: unknown;
    readonly schema: string;
    readonly tables: readonly string[];
    /** rows: we wanted to write rows; table: we wanted the table for ourselves. */
    readonly wanted: 'rows' | 'table';
  },
): Promise<unknown> {
  const { error, schema, tables, wanted } = request;
  if (!(error instanceof CopierError) || error.code !== 'target.locked') return error;
  if (error.message.includes(heldBy(''))) return error;
  const holders = await client
    .query<{ format: string }>(
      blockersSql(`ARRAY(SELECT coalesce(l.pid, 0) FROM pg_locks l WHERE l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
         AND l.relation = ANY ($1::regclass[]) AND ($2::text[] IS NULL OR l.mode = ANY ($2)))`),
      [tables.map((table) => quoteTable(schema, table)), wanted === 'rows' ? againstRows : null],
    )
    .catch(() => []);
  if (holders.length === 0) return error;
  const { hint, table, foreignCode } = error;
  const message = `${error.message}; ${heldBy(holders.map(({ format }) => format).join(', '))}`;
  return new CopierError(error.code, message, { hint, table, foreignCode, cause: error });
}

/**
 * A query that describes sessions for a person; `pids` is SQL for an array of their backends. 0 stands for the prepared
 * transactions, which have none.
 */
export function blockersSql(pids: string): string {
  const time = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'HH24:MI:SS"Z"')`;
  return `WITH holders AS MATERIALIZED (SELECT ${pids} AS pids) SELECT format('pid %s (%s of %s, %s since %s%s%s)', b.pid, coalesce(nullif(b.application_name, ''), 'a session'),
                 b.usename, coalesce(b.state, 'working'), ${time('b.state_change')},
                 ', its transaction began ' || ${time('b.xact_start')}, ', its statement ' || ${time('b.query_start')})
            FROM pg_stat_activity b, holders WHERE b.pid = ANY (holders.pids)
      UNION ALL
          SELECT format('the prepared transaction %L of %s, prepared %s, which COMMIT PREPARED or ROLLBACK PREPARED ends', p.gid, p.owner, ${time('p.prepared')})
            FROM pg_prepared_xacts p, holders WHERE 0 = ANY (holders.pids) AND p.database = current_database() ORDER BY 1`;
}
