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

/** Reads the record in bytes[start, end), and returns null or what is wrong with it; `numbers` is a view of the same bytes. */
export interface RecordUser {
  readonly add: (bytes: Buffer, numbers: DataView, start: number, end: number) => string | null;
}

/** The rows in a table's cells: each payload is a record, and the rowid may be one of its columns. */
export class PageRows {
  readonly view: RowView;
  readonly #cells: PageCells;
  readonly #records: RecordReader;
  readonly #overflow: OverflowReader;
  readonly #plan: RecordPlan;
  /** Where the present row's payload begins among the reader's bytes, if it was put together there. */
  #joined: number | null = null;

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
    this.#overflow = new OverflowReader(file, source, plan.prefix, allocate);
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
    if (!this.move()) return false;
    this.fillView();
    return true;
  }

  /** Moves to the next row, and puts it together where it is split; false where there is none. */
  move(): boolean {
    const cells = this.#cells;
    if (!cells.next()) return false;
    this.#joined = cells.isSplit ? cells.assemble(this.#overflow) : null;
    return true;
  }

  /** Lends the present row, put together, as a leaf that holds nothing else; null where it is not split. */
  lendJoined(): LeafCursor | null {
    const { cell, start: at, payloadBytes } = this.#cells;
    return this.#joined === null ? null : this.#overflow.asLeaf({ cell, at, payloadBytes });
  }

  /** Fills the view with the present row. */
  fillView(): void {
    const cells = this.#cells;
    const wrong = this.#fill();
    if (wrong !== null) throw cells.damaged(wrong);
    this.#records.fillRowid(cells.high, cells.low);
  }

  /** Gives the present row's record to a reader of its own. */
  readRecord(reader: RecordUser): void {
    const { bytes, numbers, start, end, payloadBytes } = this.#cells;
    const joined = this.#joined;
    const wrong =
      joined === null
        ? reader.add(bytes, numbers, start, end)
        : reader.add(this.#overflow.bytes, this.#overflow.numbers, joined, joined + payloadBytes);
    if (wrong !== null) throw this.#cells.damaged(wrong);
  }

  /** The halves of the current row's rowid, as signed 32-bit numbers. */
  get rowidHigh(): number {
    return this.#cells.high;
  }

  get rowidLow(): number {
    return this.#cells.low;
  }

  #fill(): string | null {
    const { bytes, numbers, start, end, payloadBytes } = this.#cells;
    const joined = this.#joined;
    if (joined === null) return this.#records.fill(bytes, numbers, start, end);
    return this.#records.fill(this.#overflow.bytes, this.#overflow.numbers, joined, joined + payloadBytes);
  }
}
