import type { LeafCursor, RecordShape } from '../../model/kernel.js';
import type { ChunkRange, TablePlan } from '../../model/plan.js';
import { type RowView, Storage } from '../../model/value.js';
import { PageCells } from './cells.js';
import type { SnapshotFile } from './page-file.js';
import type { PageLayout } from './layout.js';
import { OverflowReader } from './overflow.js';
import { RecordReader } from './record.js';
import type { Allocate } from './page-run.js';
import { planRecord, type ReadColumns, type RecordPlan } from './slots.js';

/** What the page reader takes from a plan. */
export type PageTable = Pick<TablePlan, 'source' | 'rootPage'> & ReadColumns;

/** The rows in a table's cells: each payload is a record, and the rowid may be one of its columns. */
export class PageRows {
  readonly view: RowView;
  readonly #cells: PageCells;
  readonly #records: RecordReader;
  readonly #overflow: OverflowReader;
  readonly #plan: RecordPlan;

  /** `leaves`: only these of the tree, in its order; the range is whole then. */
  constructor(
    file: SnapshotFile,
    table: PageTable,
    layout: PageLayout,
    range: ChunkRange,
    { allocate, leaves }: { readonly allocate?: Allocate; readonly leaves?: Uint32Array } = {},
  ) {
    const plan = planRecord(table, layout);
    const { source, rootPage } = table;
    this.#cells = new PageCells(file, { table: source, rootPage, range, leaves }, plan.prefix, allocate);
    this.#records = new RecordReader(plan);
    this.#overflow = new OverflowReader(file, source, plan.prefix);
    this.view = this.#records.view;
    this.#plan = plan;
  }

  /** The layout of the records, for a reader of lent leaves. */
  shape(): RecordShape {
    const { slots, absent, integerStorage, rowidSlot } = this.#plan;
    return {
      slots,
      absentIsNull: Array.from(absent, (value) => value?.storage === Storage.Null),
      integerIsReal: Array.from(integerStorage, (storage) => storage === Storage.Real),
      rowidSlot,
    };
  }

  /**
   * Lends the rest of a leaf to a reader such as the kernel, which then calls `takeBack`. Null where no row is left.
   */
  lendLeaf(): LeafCursor | null {
    return this.#cells.lend();
  }

  takeBack(cursor: LeafCursor): void {
    this.#cells.takeBack(cursor);
  }

  /** Fills the view with the next row; false where there is none. */
  next(): boolean {
    const cells = this.#cells;
    if (!cells.next()) return false;
    const wrong = cells.isSplit
      ? this.#fillSplit()
      : this.#records.fill(cells.bytes, cells.numbers, cells.start, cells.end);
    if (wrong !== null) throw cells.damaged(wrong);
    this.#records.fillRowid(cells.high, cells.low);
    return true;
  }

  /** The halves of the current row's rowid, as signed 32-bit numbers. */
  get rowidHigh(): number {
    return this.#cells.high;
  }

  get rowidLow(): number {
    return this.#cells.low;
  }

  #fillSplit(): string | null {
    const start = this.#cells.assemble(this.#overflow);
    const { bytes, numbers } = this.#overflow;
    return this.#records.fill(bytes, numbers, start, start + this.#cells.payloadBytes);
  }
}
