import { ConvertedCounter } from '../encode/policy/converted-counter.js';
import type { Mark } from '../encode/policy/screen.js';
import { isRecomputed } from '../lib/recomputed.js';
import type { ConvertedCells } from '../model/copy.js';
import type { TablePlan } from '../model/plan.js';
import { addConverted } from '../pool/tally.js';

/** Cells that rules changed, and what they lost, by column, hazard and rule, less those of rows that are kept whole. */
export class ConvertedTally {
  readonly #keepMax: number;
  readonly #added: ConvertedCounter;
  /** What was counted before, less what was taken away. */
  #counted: readonly ConvertedCells[];
  #kept = 0;

  /** `keepMax`: so many rows are kept whole though the verifier needs them not; null: all. */
  constructor(table: Pick<TablePlan, 'columns'>, keepMax: number | null, counted: readonly ConvertedCells[] = []) {
    this.#keepMax = keepMax ?? Number.POSITIVE_INFINITY;
    this.#added = new ConvertedCounter(table);
    this.#counted = counted;
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
    this.#added.add(marks);
  }

  /** Takes the cells of a row that is kept whole away. */
  takeAway(cells: readonly ConvertedCells[]): void {
    this.#counted = addConverted([this.#counted], cells);
  }

  /** Whether no row is left that is to be kept. */
  get isDone(): boolean {
    const left = this.result().filter(({ cells }) => cells > 0);
    return left.every(isRecomputed) && (left.length === 0 || this.#kept >= this.#keepMax);
  }

  result(): readonly ConvertedCells[] {
    const added = this.#added.result();
    return added.length === 0 ? this.#counted : addConverted([this.#counted, added]);
  }
}

/** What the marks of one row come to. */
export function convertedCells(table: Pick<TablePlan, 'columns'>, marks: readonly Mark[]): ConvertedCells[] {
  const counter = new ConvertedCounter(table);
  counter.add(marks);
  return counter.result();
}
