import type { Mark } from '../encode/policy/screen.js';
import { isRecomputed } from '../lib/recomputed.js';
import type { ConvertedCells } from '../model/copy.js';
import type { TablePlan } from '../model/plan.js';
import { convertedKey } from '../pool/tally.js';

/** Cells that rules changed, counted by column, hazard and rule, less those of rows that are kept whole. */
export class ConvertedTally {
  readonly #table: Pick<TablePlan, 'columns'>;
  readonly #keepMax: number;
  readonly #cells = new Map<string, { readonly cells: ConvertedCells; count: number }>();
  #kept = 0;

  /** `keepMax`: so many rows are kept whole though the verifier needs them not; null: all. */
  constructor(table: Pick<TablePlan, 'columns'>, keepMax: number | null, counted: readonly ConvertedCells[] = []) {
    this.#table = table;
    this.#keepMax = keepMax ?? Number.POSITIVE_INFINITY;
    for (const cells of counted) this.#cells.set(convertedKey(cells), { cells, count: cells.cells });
  }

  /** Whether a row with these marks is to be kept whole; it counts as kept then. */
  keeps(marks: readonly Mark[]): boolean {
    const isNeeded = !marks.every(isRecomputed);
    if (!isNeeded && this.#kept >= this.#keepMax) return false;
    if (!isNeeded) this.#kept += 1;
    return true;
  }

  /** Adds the cells of a row, or takes those of a kept one away. */
  add(marks: readonly Mark[], sign: 1 | -1): void {
    for (const { column, hazard, rule } of marks) {
      const cells = { column: this.#table.columns[column ?? -1]?.source ?? '', hazard, rule, cells: 0 };
      const counted = this.#cells.get(convertedKey(cells)) ?? { cells, count: 0 };
      counted.count += sign;
      this.#cells.set(convertedKey(cells), counted);
    }
  }

  /** Whether no row is left that is to be kept. */
  get isDone(): boolean {
    const left = [...this.#cells.values()].filter(({ count }) => count > 0);
    return left.every(({ cells }) => isRecomputed(cells)) && (left.length === 0 || this.#kept >= this.#keepMax);
  }

  result(): ConvertedCells[] {
    return [...this.#cells.values()].flatMap(({ cells, count }) => (count === 0 ? [] : [{ ...cells, cells: count }]));
  }
}
