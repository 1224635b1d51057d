import { LossSum } from '../encode/policy/loss-sum.js';
import type { Mark } from '../encode/policy/screen.js';
import { noDecimal } from '../lib/number/exact-decimal.js';
import { isRecomputed } from '../lib/recomputed.js';
import type { ConvertedCells } from '../model/copy.js';
import type { TablePlan } from '../model/plan.js';
import { addConverted } from '../pool/tally.js';

/** Cells that rules changed, and what they lost, by column, hazard and rule, less those of rows that are kept whole. */
export class ConvertedTally {
  readonly #table: Pick<TablePlan, 'columns'>;
  readonly #keepMax: number;
  #cells: ConvertedCells[];
  #kept = 0;

  /** `keepMax`: so many rows are kept whole though the verifier needs them not; null: all. */
  constructor(table: Pick<TablePlan, 'columns'>, keepMax: number | null, counted: readonly ConvertedCells[] = []) {
    this.#table = table;
    this.#keepMax = keepMax ?? Number.POSITIVE_INFINITY;
    this.#cells = [...counted];
  }

  /** Whether a row with these marks is to be kept whole; it counts as kept then. */
  keeps(marks: readonly Mark[]): boolean {
    const isNeeded = !marks.every(isRecomputed);
    if (!isNeeded && this.#kept >= this.#keepMax) return false;
    if (!isNeeded) this.#kept += 1;
    return true;
  }

  /** Adds the cells of a row. */
  add(marks: readonly Mark[]): void {
    this.#cells = addConverted([this.#cells, convertedCells(this.#table, marks)]);
  }

  /** Takes the cells of a row that is kept whole away. */
  takeAway(cells: readonly ConvertedCells[]): void {
    this.#cells = addConverted([this.#cells], cells);
  }

  /** Whether no row is left that is to be kept. */
  get isDone(): boolean {
    const left = this.#cells.filter(({ cells }) => cells > 0);
    return left.every(isRecomputed) && (left.length === 0 || this.#kept >= this.#keepMax);
  }

  result(): readonly ConvertedCells[] {
    return this.#cells;
  }
}

/** What the marks of one row come to. */
export function convertedCells({ columns }: Pick<TablePlan, 'columns'>, marks: readonly Mark[]): ConvertedCells[] {
  return addConverted([
    marks.map(({ column, hazard, rule, change }) => {
      const losses = new LossSum();
      losses.addExact(change ?? noDecimal);
      return { column: columns[column ?? -1]?.source ?? '', hazard, rule, cells: 1, ...losses.result() };
    }),
  ]);
}
