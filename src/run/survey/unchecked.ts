import type { Snapshot } from '../../model/source.js';
import type { Journal } from '../journal.js';

/** Says which tables of a snapshot SQLite could not check, and why: the copy itself reads all their rows. */
export function warnOfUnchecked(journal: Journal, { unchecked = [] }: Pick<Snapshot, 'unchecked'>): void {
  for (const { table, reason } of unchecked)
    journal.warn(
      `quick_check could not judge table ${table} and its indexes (${reason}); its rows are checked as they are read`,
    );
}
