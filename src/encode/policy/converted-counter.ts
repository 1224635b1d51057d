import type { ConvertedCells, Losses } from '../../model/copy.js';
import type { TablePlan } from '../../model/plan.js';
import { LossSum } from './loss-sum.js';
import type { Mark } from './screen.js';

/** The cells of one column that one rule changed, and what they lost. */
export interface Counter extends Omit<ConvertedCells, 'cells' | keyof Losses> {
  cells: number;
  readonly losses: LossSum;
}

/** Counts cells that rules changed, and adds up what they lost, by column, hazard and rule. */
export class ConvertedCounter {
  readonly #columns: TablePlan['columns'];
  readonly #counters = new Map<string, Counter>();

  constructor({ columns }: Pick<TablePlan, 'columns'>) {
    this.#columns = columns;
  }

  /** The counter for changes of a mark's kind, to be raised by whoever asks. */
  counterOf({ column, hazard, rule }: Mark): Counter {
    const key = `${column} ${hazard} ${rule}`;
    const own = { column: this.#columns[column ?? -1]?.source ?? '', hazard, rule, cells: 0, losses: new LossSum() };
    const counter = this.#counters.get(key) ?? own;
    this.#counters.set(key, counter);
    return counter;
  }

  /** Counts the cells of a row. */
  add(marks: readonly Mark[]): void {
    for (const mark of marks) {
      const counter = this.counterOf(mark);
      counter.cells += 1;
      if (mark.change !== undefined) counter.losses.addExact(mark.change);
    }
  }

  result(): ConvertedCells[] {
    const counters = [...this.#counters].filter(([, { cells }]) => cells > 0);
    return counters
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { losses, ...counter }]) => ({ ...counter, ...losses.result() }));
  }
}
