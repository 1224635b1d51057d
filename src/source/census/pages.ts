import type { TableCensus } from '../../model/census.js';
import type { ChunkRange } from '../../model/plan.js';
import type { SourceTable } from '../../model/source.js';
import { readColumns, type RowidRange } from './columns.js';
import { TallyKernel } from './kernel/tally-kernel.js';
import { toInteger } from './ranges.js';
import { RecordTally } from './tally.js';
import { PageCells } from '../pages/cells.js';
import type { SnapshotFile } from '../pages/page-file.js';
import type { PageLayout } from '../pages/layout.js';
import { OverflowReader } from '../pages/overflow.js';

/** What the census takes from a table of the catalog. */
export type TableRoot = Pick<SourceTable, 'name' | 'rootPage'>;

const noPrefix = new Uint8Array(0);

/**
 * The census of `takeCensus` for the rows within a range of rowids, read straight from the leaves of the table's
 * b-tree. Overflow pages are read only for values that must be looked at. In: an open snapshot, and the layout of all
 * columns from `choosePages`. Memory: that of the kernel, one split payload. Error: `data.damaged_page`.
 */
export function takePageCensus(
  file: SnapshotFile,
  table: TableRoot,
  layout: PageLayout,
  range: ChunkRange,
): TableCensus {
  const { name, rootPage } = table;
  const kernel = TallyKernel.lend(layout.columns.length);
  const cells = new PageCells(file, { table: name, rootPage, range }, noPrefix, kernel.lendWindow);
  const tally = new RecordTally(layout.columns.length);
  const rowids = tallyCells(cells, { tally, kernel, overflow: new OverflowReader(file, name, noPrefix) });
  kernel.addTo(tally);
  const columns = readColumns(tally, layout, rowids);
  return { table: name, rows: tally.rows, columns };
}

interface Tallying {
  readonly tally: RecordTally;
  readonly kernel: TallyKernel;
  readonly overflow: OverflowReader;
}

function tallyCells(cells: PageCells, using: Tallying): RowidRange {
  if (!cells.next()) return null;
  const min = rowidOf(cells);
  do tallyCell(cells, using);
  while (using.kernel.countUpTo(cells) && cells.next());
  return { min, max: rowidOf(cells) };
}

function tallyCell(cells: PageCells, { tally, overflow }: Tallying): void {
  const wrong = cells.isSplit
    ? addSplit(cells, tally, overflow)
    : tally.add(cells.bytes, cells.numbers, cells.start, cells.end);
  if (wrong !== null) throw cells.damaged(wrong);
}

/** Rowids ascend, so the first and the last are all that must be made bigints. */
function rowidOf({ high, low }: PageCells): bigint {
  return toInteger(high, low >>> 0);
}

function addSplit(cells: PageCells, tally: RecordTally, overflow: OverflowReader): string | null {
  const { bytes, numbers, start, end, payloadBytes } = cells;
  if (!tally.readsBeyond(bytes, start, end)) return tally.add(bytes, numbers, start, start + payloadBytes, end);
  const assembled = cells.assemble(overflow);
  return tally.add(overflow.bytes, overflow.numbers, assembled, assembled + payloadBytes);
}
