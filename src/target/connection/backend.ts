import type { TargetAddress } from '../../model/target.js';
import type { TargetClient } from './client.js';
import { isRetryable, isTooMany } from './errors.js';
import { blockersSql } from './lock-holders.js';
import { openTarget } from './open.js';

/** What a backend does, as other sessions see it. */
export interface BackendWork {
  /** It runs a statement and does not wait for its client. */
  readonly isAtWork: boolean;
  /** Descriptions of the sessions whose locks it waits for. */
  readonly blockedBy: readonly string[];
}

interface BackendRow {
  readonly state: string;
  readonly waits: string | null;
  readonly blockers: readonly string[];
}

/** The question itself must not wait for ever. */
const asking = { applicationName: 'pgferry watch', stallPolicy: { limitMs: 10_000 } };
const idle: BackendWork = { isAtWork: false, blockedBy: [] };

/**
 * Asks over a second connection whether a backend is still at work. One that is gone, or that waits for its client
 * while we wait for it, will never answer. Never fails: a server that cannot be reached is not at work for us; one that
 * is alive but has no connection free is assumed to be at work.
 */
export async function readBackendWork(address: TargetAddress, pid: number): Promise<BackendWork> {
  try {
    return await ask(await openTarget(address, asking), pid);
  } catch (error) {
    return isRetryable(error) && !isTooMany(error) ? idle : { isAtWork: true, blockedBy: [] };
  }
}

async function ask(client: TargetClient, pid: number): Promise<BackendWork> {
  try {
    const [row] = await client.query<BackendRow & Record<string, unknown>>(
      `SELECT a.state, a.wait_event_type AS waits, ARRAY(${blockersSql('pg_blocking_pids(a.pid)')}) AS blockers
         FROM pg_stat_activity a WHERE a.pid = $1`,
      [pid],
    );
    if (row === undefined) return idle;
    return { isAtWork: row.state === 'active' && row.waits !== 'Client', blockedBy: row.blockers };
  } finally {
    await client.close();
  }
}
