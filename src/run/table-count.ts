import { type PhaseName, plainProgress, type Progress } from '../model/event.js';

/** Counts the tables that a phase has done. */
export class TableCount {
  #done = 0;
  #total: number | null = null;

  /** So many are done, of so many. */
  readonly note = (done: number, total: number): void => {
    this.#done = done;
    this.#total = total;
  };

  progress(phase: PhaseName): Progress {
    return plainProgress(phase, 'tables', this.#done, this.#total);
  }
}
