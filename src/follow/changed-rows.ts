import type { TablePlan } from '../model/plan.js';
import type { RowView } from '../model/value.js';
import type { TouchedLeaves } from '../source/changes/touched-leaves.js';
import type { SnapshotFile } from '../source/pages/page-file.js';
import type { PageLayout } from '../source/pages/layout.js';
import { PageRows } from '../source/pages/page-rows.js';
import type { Database } from '../source/sqlite.js';
import { isSameRow } from './row-equality.js';
import { readByJoin } from './join-rows.js';

/*
 * What changed in one table between two snapshots, as two streams: the rows of the older file that the newer one does
 * not hold at the same position, and the rows of the newer one that the older does not hold there. A row that is in
 * both, unchanged, is in neither stream (unless it moved: VACUUM renumbers rows without INTEGER PRIMARY KEY, and then
 * it is in both). So older rows − first stream + second stream = newer rows as multisets, always; to apply the streams,
 * match them by key. A stream holds one row at a time.
 */

export type Side = 'old' | 'now';

/** How the rows that differ are found. Plain data: it travels in a job. */
export type ChangeWay =
  /** Nothing of the table changed. */
  | { readonly tag: 'same' }
  /** From the leaves that the two trees do not share, merged by rowid. */
  | { readonly tag: 'leaves'; readonly leaves: TouchedLeaves; readonly layout: PageLayout }
  /** By SQL over both files, joined by rowid, or by key in a table WITHOUT ROWID. */
  | { readonly tag: 'join'; readonly reason: string }
  /** All rows of both files. */
  | { readonly tag: 'whole'; readonly reason: string };

export interface ChangedTable {
  readonly table: Omit<TablePlan, 'chunks'>;
  /** Page number of the root in each file: VACUUM moves it. */
  readonly roots: { readonly old: number; readonly now: number };
  readonly way: ChangeWay;
}

/** Both files, opened the way that is asked for first. */
export interface BothFiles {
  readonly pages: (side: Side) => SnapshotFile;
  /** The newer file, with the older one attached as `base`. */
  readonly database: () => Database;
}

/** One of the two streams; the same view for each row, valid until the next is pulled. Errors: those of the readers. */
export function changedRows(files: BothFiles, changed: ChangedTable, side: Side): Iterable<RowView> {
  const { way } = changed;
  if (way.tag === 'same') return [];
  if (way.tag === 'leaves') return mergeLeaves(files, { ...changed, way }, side);
  return readByJoin(files.database(), changed.table, { side, isWhole: way.tag === 'whole' });
}

type TouchedTable = ChangedTable & { readonly way: Extract<ChangeWay, { readonly tag: 'leaves' }> };

/** Both sides ascend by rowid, so a row of one side meets the row of the other side with its rowid, if there is one. */
function* mergeLeaves(files: BothFiles, changed: TouchedTable, side: Side): Generator<RowView, void, void> {
  const old = rowsOf(files, changed, 'old');
  const now = rowsOf(files, changed, 'now');
  let hasOld = old.next();
  let hasNow = now.next();
  while (hasOld || hasNow) {
    const order = !hasOld ? 1 : !hasNow ? -1 : compareRowids(old, now);
    if (order < 0) {
      if (side === 'old') yield old.view;
      hasOld = old.next();
    } else if (order > 0) {
      if (side === 'now') yield now.view;
      hasNow = now.next();
    } else {
      if (!isSameRow(old.view, now.view)) yield side === 'old' ? old.view : now.view;
      hasOld = old.next();
      hasNow = now.next();
    }
  }
}

function rowsOf(files: BothFiles, { table, roots, way }: TouchedTable, side: Side): PageRows {
  const tableRoot = { ...table, rootPage: roots[side] };
  return new PageRows(files.pages(side), tableRoot, way.layout, { tag: 'whole' }, { leaves: way.leaves[side] });
}

function compareRowids(a: PageRows, b: PageRows): number {
  if (a.rowidHigh !== b.rowidHigh) return a.rowidHigh < b.rowidHigh ? -1 : 1;
  return (a.rowidLow >>> 0) - (b.rowidLow >>> 0);
}
