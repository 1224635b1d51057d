import type { ChunkRange, RowView } from '../model.js';
import { PageRows, type PageTable } from './pages-rows.js';
import type { SnapshotFile } from './pages-file.js';
import type { PageLayout } from './pages-layout.js';

/**
 * Yields the rows of `table` within `range` in ascending rowid order, straight from the leaves of its b-tree
 * (https://www.sqlite.org/fileformat2.html section 1.6); always the same RowView, valid until the next row is pulled.
 * In: an open snapshot, the plan's columns and root page, the layout from `choosePages`. Nothing is kept open, so the
 * caller may stop anywhere. Error: `data.damaged_page`.
 */
export function* readPages(
  file: SnapshotFile,
  table: PageTable,
  layout: PageLayout,
  range: ChunkRange,
): Generator<RowView, void, void> {
  const rows = new PageRows(file, table, layout, range);
  while (rows.next()) yield rows.view;
}
