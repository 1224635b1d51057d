import type { TablePlan } from '../../model/plan.js';
import type { RestoreStep } from '../../target/constraints/constraints.js';
import type { Priority } from './connection-pool.js';

/**
 * The ranks of what is done to a table that is whole; the lowest goes first. Statistics come before the index builds
 * that wait for them, or last.
 */
const ranks = { proof: 0, earlyStatistics: 1, build: 2, statistics: 3 } as const;

export type FinishWork = keyof typeof ranks;

/** Rows mostly arrive in key order, so a primary key is built in half the time. */
export function buildPriority({ kind }: RestoreStep, table: TablePlan): Priority {
  const { rank, bytes } = priorityOf('build', table);
  return { rank, bytes: kind === 'primary_key' ? bytes / 2 : bytes };
}

export function priorityOf(work: FinishWork, { estimatedBytes }: Pick<TablePlan, 'estimatedBytes'>): Priority {
  return { rank: ranks[work], bytes: estimatedBytes };
}

/** Lets a promise fail unobserved until it is awaited later, so that Node does not report an unhandled rejection. */
export function quietly<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}
