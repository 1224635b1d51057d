import type { SessionSettings } from '../../model/target.js';
import { lockWaitFor } from '../../target/connection/lock-holders.js';
import { restoreSettings, type RestoreStep } from '../../target/constraints/constraints.js';
import { sessionSettings } from '../../target/connection/session-settings.js';
import type { ConnectionPool } from './connection-pool.js';
import type { Settings } from '../../model/settings.js';

const standardIndexMemory = '128MB';
/** Parallel workers that one index build may use at most. */
const helpersMax = 2;

type Chosen = Pick<Settings, 'maintenanceWorkMem' | 'stallTimeoutSeconds'>;

/**
 * How many parallel workers an index build may use now. A primary key gets fewer: rows mostly arrive in its order, so
 * there is little to sort.
 */
export function helpersFor(pool: ConnectionPool, { kind }: Pick<RestoreStep, 'kind'>): number {
  const helpers = Math.min(helpersMax, pool.spareProcesses());
  return kind === 'primary_key' && helpers < helpersMax ? 0 : helpers;
}

/** The settings of sessions that prove, index and restore, beyond those that all sessions have. */
export function finishSettings({ maintenanceWorkMem }: Pick<Chosen, 'maintenanceWorkMem'>): Record<string, string> {
  return restoreSettings({ memory: maintenanceWorkMem ?? standardIndexMemory, parallelWorkers: helpersMax });
}

/**
 * The settings of a run's sessions, for its record. A chunk always commits with synchronous_commit = on, whatever the
 * role sets.
 */
export function sessionsOf(settings: Chosen): { readonly copy: SessionSettings; readonly finish: SessionSettings } {
  const copy = { lock_timeout: lockWaitFor(settings.stallTimeoutSeconds * 1000), synchronous_commit: 'on' };
  return { copy: { ...sessionSettings, ...copy }, finish: { ...sessionSettings, ...finishSettings(settings) } };
}
