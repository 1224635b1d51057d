import type { TargetAddress } from '../../model/target.js';
import type { TargetClient } from './client.js';
import { isRetryable, isTooMany } from './errors.js';
import { blockersSql } from './lock-holders.js';
import type { LockWait } from './lock-watch.js';
import { openTarget } from './open.js';

/** What a backend does, as other sessions see it. */
export interface BackendWork {
  /** It runs a statement and does not wait for its client. */
  readonly isAtWork: boolean;
}

interface BackendRow {
  readonly state: string;
  readonly waits: string | null;
}

/** The question itself must not wait for ever. */
const asking = { applicationName: 'pgferry watch', stallPolicy: { limitMs: 10_000 }, lockPolicy: null };
const idle: BackendWork = { isAtWork: false };

/**
 * Asks over a second connection whether a backend is still at work. One that is gone, or that waits for its client
 * while we wait for it, will never answer. Never fails: a server that cannot be reached is not at work for us; one that
 * is alive but has no connection free is assumed to be at work.
 */
export async function readBackendWork(address: TargetAddress, pid: number): Promise<BackendWork> {
  try {
    return await ask(await openTarget(address, asking), pid);
  } catch (error) {
    return isRetryable(error) && !isTooMany(error) ? idle : { isAtWork: true };
  }
}

/** The lock that a backend waits for; null where it waits for none, or the server cannot be asked. */
export async function readLockWait(address: TargetAddress, pid: number): Promise<LockWait | null> {
  const client = await openTarget(address, asking);
  try {
    const [row] = await client.query<{ waited: number; holders: readonly string[]; others: boolean }>(
      `SELECT extract(epoch FROM clock_timestamp() - w.since)::float8 * 1000 AS waited,
              ARRAY(${blockersSql('w.holders')}) AS holders,
              NOT coalesce((SELECT bool_and(b.application_name = w.application) FROM pg_stat_activity b
                             WHERE b.pid = ANY (w.holders)), false) AS others
         FROM (SELECT a.application_name AS application, pg_blocking_pids(a.pid) AS holders,
                      coalesce((SELECT min(l.waitstart) FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted), a.query_start) AS since
                 FROM pg_stat_activity a WHERE a.pid = $1 AND a.wait_event_type = 'Lock') AS w`,
      [pid],
    );
    return row === undefined ? null : { waitedMs: row.waited, holders: row.holders, isOfOthers: row.others };
  } finally {
    await client.close();
  }
}

/** Cancels what a backend runs, if it waits for a lock. Not asked of the session itself: one that waits hears nothing. */
export async function cancelLockWait(address: TargetAddress, pid: number): Promise<void> {
  const client = await openTarget(address, asking);
  try {
    await client.query(
      `SELECT pg_cancel_backend(a.pid) FROM pg_stat_activity a WHERE a.pid = $1 AND a.wait_event_type = 'Lock'`,
      [pid],
    );
  } finally {
    await client.close();
  }
}

async function ask(client: TargetClient, pid: number): Promise<BackendWork> {
  try {
    const [row] = await client.query<BackendRow & Record<string, unknown>>(
      `SELECT a.state, a.wait_event_type AS waits FROM pg_stat_activity a WHERE a.pid = $1`,
      [pid],
    );
    if (row === undefined) return idle;
    return { isAtWork: row.state === 'active' && row.waits !== 'Client' };
  } finally {
    await client.close();
  }
}
