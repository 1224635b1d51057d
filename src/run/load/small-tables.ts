import type { TablePlan } from '../../model/plan.js';
import type { RestoreStep } from '../../target/constraints/constraints.js';

/*
 * What a small table costs is round trips and transactions, not rows. So small tables are copied, proven, analysed and
 * indexed many at a time, and what one statement or one transaction can do for all of them is done once.
 */

/** A table counts as small up to this size: then the work on its rows takes less than a transaction of its own. */
const smallBytes = 64 * 1024;
/** How many tables, or steps of them, share a transaction: bounds its locks, and what a failure does again. */
export const togetherMax = 32;

/** Whether a table with this plan is small. */
export function isSmallTable({ estimatedBytes }: Pick<TablePlan, 'estimatedBytes'>): boolean {
  return estimatedBytes <= smallBytes;
}

/** Whether a step is of a table that is small, with room for empty pages. */
export function isSmallStep({ tableBytes }: Pick<RestoreStep, 'tableBytes'>): boolean {
  return tableBytes <= 2 * smallBytes;
}

/** The items in their order, in groups of at most `size`. */
export function inGroups<T>(items: readonly T[], size: number): T[][] {
  const groups: T[][] = [];
  for (let from = 0; from < items.length; from += size) groups.push(items.slice(from, from + size));
  return groups;
}
