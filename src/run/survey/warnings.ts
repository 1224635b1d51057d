import type { Snapshot } from '../../model/source.js';
import type { Journal } from '../journal.js';

/** Says which tables of a snapshot SQLite could not check, and why: the copy itself reads all their rows. */
export function warnOfUnchecked(journal: Journal, { unchecked = [] }: Pick<Snapshot, 'unchecked'>): void {
  for (const { table, reason } of unchecked)
    journal.warn(
      `quick_check could not judge table ${table} and its indexes (${reason}); its rows are checked as they are read`,
    );
}

/** Says what the snapshot of a source that is not the database file cannot show. */
export function warnOfImport(
  journal: Journal,
  { imported, sourcePath }: Pick<Snapshot, 'imported' | 'sourcePath'>,
): void {
  if (imported === undefined) return;
  const what = imported === 'dump' ? 'a dump' : 'a copy';
  journal.warn(
    `${sourcePath} is ${what}, not the database that the application writes: what was written since it was made is not in it, and nothing here can tell; a cutover needs the file itself`,
  );
}
