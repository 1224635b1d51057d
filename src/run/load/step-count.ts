import { plainProgress, type PhaseName, type Progress } from '../../model/event.js';

/** Counts the steps of a phase: those that are expected, and those that are done. */
export class StepCount {
  #expected = 0;
  #done = 0;

  /** So many steps more will come. */
  expect(count: number): void {
    this.#expected += count;
  }

  noteOne(): void {
    this.#done += 1;
  }

  progress(phase: PhaseName): Progress {
    return plainProgress(phase, 'steps', Math.min(this.#done, this.#expected), this.#expected);
  }
}
