import type { SessionSettings } from '../../model/target.js';
import { lockWaitFor } from '../../target/connection/lock-holders.js';
import { restoreSettings, type RestoreStep } from '../../target/constraints/constraints.js';
import { sessionSettings } from '../../target/connection/session-settings.js';
import type { ConnectionPool } from './connection-pool.js';
import type { Settings } from '../../model/settings.js';

const standardIndexMemory = '128MB';
/** Processes beside its own that an index build may take at most. */
const helpersMax = 2;

type Chosen = Pick<Settings, 'maintenanceWorkMem' | 'stallTimeoutSeconds'>;

/** How many an index build may take now. Rows mostly come in the order of their key: there is little to sort, and to help with. */
export function helpersFor(pool: ConnectionPool, { kind }: Pick<RestoreStep, 'kind'>): number {
  const helpers = Math.min(helpersMax, pool.spareProcesses());
  return kind === 'primary_key' && helpers < helpersMax ? 0 : helpers;
}

/** What sessions that prove, index and restore have beside what all have. */
export function finishSettings({ maintenanceWorkMem }: Pick<Chosen, 'maintenanceWorkMem'>): Record<string, string> {
  return restoreSettings({ memory: maintenanceWorkMem ?? standardIndexMemory, parallelWorkers: helpersMax });
}

/** The settings of a run's sessions, for its record. A chunk commits with synchronous_commit = on whatever the role says. */
export function sessionsOf(settings: Chosen): { readonly copy: SessionSettings; readonly finish: SessionSettings } {
  const copy = { lock_timeout: lockWaitFor(settings.stallTimeoutSeconds * 1000), synchronous_commit: 'on' };
  return { copy: { ...sessionSettings, ...copy }, finish: { ...sessionSettings, ...finishSettings(settings) } };
}
