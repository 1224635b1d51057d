import type { ChunkResult } from '../../model/copy.js';
import type { Progress } from '../../model/event.js';
import type { Plan } from '../../model/plan.js';
import type { Counters } from '../../pool/counters.js';

interface TableRows {
  readonly total: number;
  /** Rows of the chunks that committed. */
  done: number;
  /** The slots in which its chunks are in work, and what was counted there before they began. */
  readonly slots: Map<number, number>;
}

/** How far the copy has come, as a whole and table by table. */
export class CopyProgress {
  readonly #counters: Counters;
  readonly #tables: ReadonlyMap<string, TableRows>;
  readonly #tablesDone = new Set<string>();
  readonly #rowsBefore: number;

  /** `done`: the chunks that earlier attempts committed. */
  constructor(plan: Plan, done: readonly ChunkResult[], counters: Counters) {
    this.#counters = counters;
    this.#tables = new Map(plan.tables.map(({ source, rows }) => [source, { total: rows, done: 0, slots: new Map() }]));
    this.#rowsBefore = done.reduce((sum, { rows }) => sum + rows, 0);
    for (const result of done) this.noteChunk(result);
  }

  /** A chunk of the table begins in this slot. Gives what to call when it has ended, however it ended. */
  begin(table: string, slot: number): () => void {
    const { slots } = this.#rowsOf(table);
    slots.set(slot, this.#counters.rowsIn(slot));
    return () => void slots.delete(slot);
  }

  noteChunk({ table, rows }: ChunkResult): void {
    this.#rowsOf(table).done += rows;
  }

  noteTable(table: string): void {
    this.#tablesDone.add(table);
  }

  now(): Progress {
    const tables = [...this.#tables];
    const sent = this.#counters.total();
    return {
      phase: 'copy',
      unit: 'rows',
      done: this.#rowsBefore + sent.rows,
      total: tables.reduce((sum, [, { total }]) => sum + total, 0),
      bytes: sent.bytes,
      tables: tables
        .filter(([, { slots }]) => slots.size > 0)
        .map(([table, one]) => ({ table, done: Math.min(one.total, this.#rowsNow(one)), total: one.total })),
      tablesDone: this.#tablesDone.size,
      tablesTotal: tables.length,
    };
  }

  #rowsNow({ done, slots }: TableRows): number {
    const inWork = [...slots].map(([slot, before]) => this.#counters.rowsIn(slot) - before);
    return done + inWork.reduce((sum, rows) => sum + rows, 0);
  }

  #rowsOf(table: string): TableRows {
    const rows = this.#tables.get(table);
    if (rows === undefined) throw new Error(`assertion failed: the plan lacks ${table}`);
    return rows;
  }
}
