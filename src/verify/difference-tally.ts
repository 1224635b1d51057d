import type { Difference, DifferenceTotal } from '../model/result.js';

/** Counts the differences of one table by kind, and by column where values differ. */
export class DifferenceTally {
  readonly #counts = new Map<string, Pick<DifferenceTotal, 'kind' | 'column'> & { count: number }>();

  add({ kind, column }: Difference): void {
    const name = JSON.stringify([kind, column]);
    const found = this.#counts.get(name);
    if (found === undefined) this.#counts.set(name, { kind, column, count: 1 });
    else found.count += 1;
  }

  get count(): number {
    return [...this.#counts.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /** The most first. */
  totals(table: string, isAll: boolean): DifferenceTotal[] {
    return [...this.#counts.values()]
      .toSorted((a, b) => b.count - a.count)
      .map(({ kind, column, count }) => ({ table, kind, column, count, isAll }));
  }
}
