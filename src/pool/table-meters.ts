import { must } from '../model/error.js';
import type { PhaseName, Progress } from '../model/event.js';
import { Meter } from './meter.js';

interface Metered {
  readonly meter: Meter;
  readonly total: number;
  state: 'waits' | 'in work' | 'done';
}

/** How far each of several tables has come, in rows that jobs count on their threads. */
export class TableMeters {
  readonly #tables: ReadonlyMap<string, Metered>;

  /** `rows`: how many rows of each table will be counted; where a table is read twice, twice as many as it has. */
  constructor(tables: readonly { readonly table: string; readonly rows: number }[]) {
    this.#tables = new Map(
      tables.map(({ table, rows }) => [table, { meter: new Meter(), total: rows, state: 'waits' as const }]),
    );
  }

  /** Runs the work on one table, whose jobs get its meter. */
  async during<T>(table: string, work: (meter: SharedArrayBuffer) => Promise<T>): Promise<T> {
    const one = must(this.#tables.get(table), `meter of ${table}`);
    one.state = 'in work';
    const result = await work(one.meter.shared);
    one.state = 'done';
    return result;
  }

  progress(phase: PhaseName): Progress {
    const all = [...this.#tables].map(([table, { meter, total, state }]) => {
      // A table that was read once more, to name its differences, is counted no further than its end.
      return { table, total, state, done: state === 'done' ? total : Math.min(total, meter.count) };
    });
    return {
      phase,
      unit: 'rows',
      done: all.reduce((sum, { done }) => sum + done, 0),
      total: all.reduce((sum, { total }) => sum + total, 0),
      bytes: null,
      tables: all
        .filter(({ state, done }) => state === 'in work' && done > 0)
        .map(({ table, done, total }) => ({ table, done, total })),
      tablesDone: all.filter(({ state }) => state === 'done').length,
      tablesTotal: all.length,
    };
  }
}
