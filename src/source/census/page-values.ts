import type { TableCensus, TableValues } from '../../model/census.js';
import type { ChunkRange } from '../../model/plan.js';
import type { SourceTable } from '../../model/source.js';
import { PageRows } from '../pages/page-rows.js';
import type { SnapshotFile } from '../pages/page-file.js';
import type { PageLayout } from '../pages/layout.js';
import { readColumns } from './columns.js';
import { CensusKernel } from './class-kernel/kernel.js';
import { toInteger } from './ranges.js';
import { RecordTally } from './tally.js';
import { type CountedColumns, ValueTally } from './values.js';

/** A table's values by class, and the census of the same rows. */
export interface CountedPart {
  readonly census: TableCensus;
  readonly values: TableValues;
}

/** The kernel of this thread, made for its first part and used again for all later ones. */
let kernel: CensusKernel | null = null;

/**
 * What `takePageCensus` and `takeValues` give for the rows within a range of rowids, from one reading of the leaves. Texts
 * that go on on overflow pages are looked at here, too. Memory: that of the kernel, one split payload.
 */
export function takePageValues(
  file: SnapshotFile,
  { name, rootPage }: Pick<SourceTable, 'name' | 'rootPage'>,
  layout: PageLayout,
  range: ChunkRange,
  counted: CountedColumns,
): CountedPart {
  kernel ??= new CensusKernel();
  const loop = kernel;
  loop.restart();
  const columns = layout.columns.map((column) => ({ source: column.name }));
  const rows = new PageRows(file, { source: name, rootPage, columns }, layout, range, { allocate: loop.allocate });
  const tally = new RecordTally(columns.length, loop.allocate);
  const values = new ValueTally(counted, loop.allocate);
  const isLoaded = loop.load({ record: rows.shape(), tally, values });
  let first: bigint | null = null;
  for (;;) {
    const leaf = rows.lendLeaf();
    if (leaf === null) break;
    // The first row is not the kernel's: its rowid is the smallest.
    if (isLoaded && first !== null && loop.holds(leaf.bytes)) {
      const isDone = loop.fill(leaf);
      rows.takeBack(leaf);
      if (isDone) continue;
    }
    rows.move();
    first ??= rowidOf(rows);
    const joined = isLoaded ? rows.lendJoined() : null;
    if (joined !== null && loop.holds(joined.bytes) && loop.fill(joined)) continue;
    rows.readRecord(tally);
    rows.fillView();
    values.add(rows.view);
  }
  const rowids = first === null ? null : { min: first, max: rowidOf(rows) };
  return {
    census: { table: name, rows: tally.rows, columns: readColumns(tally, layout, rowids) },
    values: values.result(),
  };
}

function rowidOf({ rowidHigh, rowidLow }: PageRows): bigint {
  return toInteger(rowidHigh, rowidLow >>> 0);
}
